package models_test

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"parley/models"
)

func TestAddMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.conversation("1", nil)
	add := func(m *models.Message, attachments ...models.Attachment) (added bool) {
		w.system(func(tx *models.Tx) (err error) { added, err = tx.AddMessage(m, attachments); return err })
		return added
	}
	inbound := func(externalID string) (m *models.Message) {
		w.look(func(tx *models.Tx) error { m = tx.NewMessage(c, models.InboundMessage); return nil })
		m.ExternalID = &externalID
		return m
	}

	t.Run("adds what the platform says three times at once once", func(t *testing.T) {
		var mu sync.Mutex
		var adding sync.WaitGroup
		added := 0
		for range 3 {
			adding.Go(func() {
				ok := add(inbound("wamid.1"), models.Attachment{Kind: models.Image, MediaID: "1"}, models.Attachment{Kind: models.File, MediaID: "2"})
				mu.Lock()
				defer mu.Unlock()
				if ok {
					added++
				}
			})
		}
		adding.Wait()
		w.look(func(tx *models.Tx) error {
			messages, err := tx.MessagesByExternalIDs(w.channel.ID, []string{"wamid.1"})
			must(t, err)
			if added != 1 || len(messages) != 1 {
				t.Fatalf("added %d, there are %d", added, len(messages))
			}
			attachments, err := tx.AttachmentsOf([]string{messages[0].ID})
			if err != nil || len(attachments) != 2 || attachments[0].MediaID != "1" || attachments[1].Position != 1 {
				t.Errorf("attachments are %v, %v", attachments, err)
			}
			return nil
		})
	})
	t.Run("an id is unique in its channel only", func(t *testing.T) {
		other := w.conversationOn(w.connect(models.SMS), "1", nil)
		m := inbound("wamid.1")
		m.ChannelID, m.ConversationID = other.ChannelID, other.ID
		if !add(m) {
			t.Error("taken for the other channel's message")
		}
	})
	t.Run("keeps every detail", func(t *testing.T) {
		m := inbound("wamid.2")
		m.Text, m.PlatformAt = "Blumen 🌷", ptr(noon.Add(-time.Minute))
		m.Details = models.MessageDetails{Forwarded: true, Referral: &models.Referral{Source: "ad", URL: "https://x.example"}}
		m.Template = &models.Template{Name: "hello", Language: "de", Parameters: []string{"Rosa"}}
		add(m)
		w.look(func(tx *models.Tx) error {
			var got models.Message
			must(t, tx.Find(&got, m.ID))
			if got.Text != m.Text || !reflect.DeepEqual(got.Details, m.Details) || !reflect.DeepEqual(got.Template, m.Template) ||
				!got.At().Equal(*m.PlatformAt) || got.Visibility != models.Private {
				t.Errorf("got %+v", got)
			}
			return nil
		})
	})
}

// TestMessageByExternalID: news of a message and the message itself must not miss each other.
func TestMessageByExternalID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.conversation("1", nil)
	find := func(tx *models.Tx, externalID, reference string) *models.Message {
		m, err := tx.MessageByExternalID(w.channel.ID, externalID, reference)
		must(t, err)
		return m
	}
	sent := w.message(c, models.OutboundMessage, nil)
	known := w.message(c, models.OutboundMessage, func(m *models.Message) { m.ExternalID = ptr("wamid.1") })

	w.system(func(tx *models.Tx) error {
		if m := find(tx, "wamid.1", ""); m == nil || m.ID != known.ID {
			t.Errorf("by the platform's id: %v", m)
		}
		if m := find(tx, "wamid.2", sent.ID); m == nil || m.ID != sent.ID {
			t.Errorf("by our id: %v", m)
		}
		if m := find(tx, "wamid.2", known.ID); m != nil {
			t.Errorf("one that has another id: %v", m)
		}
		if m := find(tx, "wamid.2", ""); m != nil {
			t.Errorf("of nothing: %v", m)
		}
		return nil
	})

	t.Run("lets nobody else ask about the id meanwhile", func(t *testing.T) {
		var asking sync.WaitGroup
		w.system(func(tx *models.Tx) error {
			if find(tx, "wamid.3", "") != nil {
				t.Error("found nothing")
			}
			asking.Go(func() {
				err := w.store.Do(context.Background(), models.System(w.org.ID), models.KeepTheClock, func(tx *models.Tx) error {
					news, err := tx.MessageByExternalID(w.channel.ID, "wamid.3", "")
					if news == nil || err != nil {
						t.Errorf("news came too early: %v, %v", news, err)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
			awaitBlocked(t, w)
			m := tx.NewMessage(c, models.InboundMessage)
			m.ExternalID = ptr("wamid.3")
			_, err := tx.AddMessage(m, nil)
			return err
		})
		asking.Wait()
	})
}

func TestEarlyNews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keep := func(externalID string, s models.DeliveryStatus) {
		w.system(func(tx *models.Tx) error {
			return tx.KeepForLater(w.channel.ID, externalID, models.Inbound{Kind: models.InboundReceipt, ExternalID: externalID, Status: s, At: noon})
		})
	}
	take := func(externalID string) (statuses []models.DeliveryStatus) {
		w.system(func(tx *models.Tx) error {
			news, err := tx.TakeEarlyNews(w.channel.ID, externalID)
			for _, n := range news {
				if n.ExternalID != externalID || !n.At.Equal(noon) {
					t.Errorf("took %+v", n)
				}
				statuses = append(statuses, n.Status)
			}
			return err
		})
		return statuses
	}
	for _, s := range []models.DeliveryStatus{models.Delivered, models.Sent, models.Read} {
		keep("wamid.1", s)
	}
	keep("wamid.2", models.Sent)

	if got := take("wamid.1"); !reflect.DeepEqual(got, []models.DeliveryStatus{models.Delivered, models.Sent, models.Read}) {
		t.Errorf("took %v: not in the order they came", got)
	}
	if got := take("wamid.1"); len(got) > 0 {
		t.Errorf("took %v again", got)
	}
	w.clock.Advance(models.DefaultRules().EarlyRetention + tick)
	keep("wamid.3", models.Sent)
	w.system(func(tx *models.Tx) error {
		_, err := tx.ForgetStale(100)
		return err
	})
	if old, young := take("wamid.2"), take("wamid.3"); len(old) > 0 || len(young) != 1 {
		t.Errorf("after their time: %v, within it: %v", old, young)
	}
}

// TestReact plays the same news in every order a platform may bring them.
func TestReact(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.conversation("1", nil)
	type news struct {
		emoji string
		at    int
	}
	for _, test := range []struct {
		name    string
		news    []news
		changed []bool
		want    string
	}{
		{"shows a reaction", []news{{"👍", 1}}, []bool{true}, "👍"},
		{"replaces it", []news{{"👍", 1}, {"❤️", 2}}, []bool{true, true}, "❤️"},
		{"takes it away", []news{{"👍", 1}, {"", 2}}, []bool{true, true}, ""},
		{"says nothing of a repetition", []news{{"👍", 1}, {"👍", 1}, {"👍", 2}}, []bool{true, false, false}, "👍"},
		{"says nothing of taking away what was not there", []news{{"", 1}}, []bool{false}, ""},
		{"an older one changes nothing", []news{{"❤️", 2}, {"👍", 1}}, []bool{true, false}, "❤️"},
		{"an older one does not come back", []news{{"", 2}, {"👍", 1}}, []bool{false, false}, ""},
		{"a late taking away does not take a newer one", []news{{"👍", 1}, {"👍", 3}, {"", 2}}, []bool{true, false, false}, "👍"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := w.message(c, models.OutboundMessage, nil)
			for i, n := range test.news {
				w.system(func(tx *models.Tx) error {
					changed, err := tx.React(m, c.IdentityID, n.emoji, noon.Add(time.Duration(n.at)*time.Second))
					if changed != test.changed[i] {
						t.Errorf("news %d changed: %t", i, changed)
					}
					return err
				})
			}
			w.look(func(tx *models.Tx) error {
				reactions, err := tx.ReactionsOf([]string{m.ID})
				must(t, err)
				got := ""
				for _, r := range reactions {
					got += r.Emoji
				}
				if got != test.want {
					t.Errorf("shows %q, want %q", got, test.want)
				}
				return nil
			})
		})
	}
}
