package models_test

import (
	"context"
	"testing"

	"parley/models"
)

func TestLearn(t *testing.T) {
	t.Parallel()
	full := models.PostFacts{
		Permalink: "https://fb.example/1", Text: "sale", AuthorID: "1", AuthorName: "Shop", PublishedAt: noon,
		MediaKind: models.Image, MediaURL: "https://fb.example/1.png", Promotion: models.Boosted, AdID: "ad",
	}
	var p models.Post
	if !p.Learn(full) || !p.IsKnown() {
		t.Errorf("learned %+v", p)
	}
	if p.Learn(full) || p.Learn(models.PostFacts{}) || p.Text != "sale" || p.Promotion != models.Boosted {
		t.Error("the same, or nothing, is news")
	}
	if !p.Learn(models.PostFacts{Promotion: models.Dark}) || p.Promotion != models.Dark || p.Text != "sale" {
		t.Errorf("did not learn that it is an ad: %+v", p)
	}
}

func TestTakePost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	take := func(f models.PostFacts) (p *models.Post) {
		f.ExternalID = "post"
		w.system(func(tx *models.Tx) (err error) {
			p, err = tx.TakePost(w.channel.ID, f)
			return err
		})
		return p
	}
	made := take(models.PostFacts{Text: "sale"})
	if made.Learned || made.DueAt == nil {
		t.Errorf("a new post of which little is said: %+v", made)
	}
	again, dark := take(models.PostFacts{}), take(models.PostFacts{Promotion: models.Dark})
	if again.ID != made.ID || again.Learned || !dark.Learned || dark.Text != "sale" {
		t.Errorf("found %+v, then %+v", again, dark)
	}

	t.Run("keeps what two learn at once", func(t *testing.T) {
		t.Parallel()
		for range 20 {
			w := newWorld(t)
			facts := []models.PostFacts{{ExternalID: "p", Permalink: "https://fb.example"}, {ExternalID: "p", Promotion: models.Dark}, {ExternalID: "p", Text: "sale"}}
			done := make(chan error, len(facts))
			for _, f := range facts {
				go func() {
					done <- w.store.Do(context.Background(), models.System(w.org.ID), models.KeepTheClock, func(tx *models.Tx) error {
						_, err := tx.TakePost(w.channel.ID, f)
						return err
					})
				}()
			}
			for range facts {
				must(t, <-done)
			}
			w.look(func(tx *models.Tx) error {
				p, err := tx.PostByExternalID(w.channel.ID, "p")
				if p.Permalink == "" || p.Promotion != models.Dark || p.Text != "sale" {
					t.Errorf("forgot something: %+v", p)
				}
				return err
			})
		}
	})
}
