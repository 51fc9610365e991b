package inbox_test

import (
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

func postOf(w *inboxtest.World, c *models.Conversation) *models.Post {
	w.T.Helper()
	var p models.Post
	w.Look(func(tx *models.Tx) error { return tx.Find(&p, *c.PostID) })
	return &p
}

func TestLookUp(t *testing.T) {
	t.Parallel()
	t.Run("learns what a post says, and tells of it once", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Facebook)
		_, c := comment(w, w.Comments("erika", "root-1", "nice"))
		end := w.LogEnd()
		able.Lookups.Says(models.PostFacts{Text: "our sale", Permalink: "https://fb.example/1", Promotion: models.Organic})

		w.Work(models.DuePosts)
		w.Receive(w.Comments("erika", "root-1", "nicer"))

		p := postOf(w, c)
		inboxtest.Same(t, "post", []any{p.Text, p.Permalink, p.DueAt, p.IsKnown()}, []any{"our sale", "https://fb.example/1", (*time.Time)(nil), true})
		inboxtest.Same(t, "asked", able.Lookups.Asked(), []string{"post-1"})
		inboxtest.Same(t, "told", w.Events(end)[0], models.ConversationPostChanged)
		inboxtest.Same(t, "surface", w.Conversation(c.ID).Surface, models.Comment)
		inboxtest.Same(t, "due", w.Work(models.DuePosts), 0)
	})
	t.Run("moves the conversations on what turns out to be an ad, and tells the open ones", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Facebook)
		_, c := comment(w, w.Comments("erika", "root-1", "nice"))
		_, done := comment(w, w.Comments("max", "root-2", "nice"))
		resolve(w, done)
		able.Lookups.Says(models.PostFacts{Promotion: models.Dark, AdID: "ad-1"})
		end := w.LogEnd()

		w.Work(models.DuePosts)

		inboxtest.Same(t, "surfaces", []models.Surface{w.Conversation(c.ID).Surface, w.Conversation(done.ID).Surface}, []models.Surface{models.AdComment, models.AdComment})
		log := w.Log(end)
		if len(log) != 1 || log[0].Type != models.ConversationPostChanged || log[0].ConversationID != c.ID {
			t.Errorf("told %+v", log)
		}
		_, again := comment(w, w.Comments("erika", "root-1", "thanks"))
		inboxtest.Same(t, "conversation", again.ID, c.ID)
	})
	t.Run("keeps what two learn at once", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Facebook)
		_, c := comment(w, w.Comments("erika", "root-1", "nice"))
		able.Lookups.Does(func(string) (models.PostFacts, error) {
			in := w.Comments("max", "root-1", "an ad!")
			in.Surface, in.Post.Promotion = models.AdComment, models.Dark
			w.Receive(in)
			return models.PostFacts{Text: "our sale"}, nil
		})

		w.Work(models.DuePosts)

		p := postOf(w, c)
		inboxtest.Same(t, "post", []any{p.Text, p.Promotion}, []any{"our sale", models.Dark})
		inboxtest.Same(t, "surface", w.Conversation(c.ID).Surface, models.AdComment)
	})
	t.Run("asks again later, and in the end no more", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Facebook)
		_, c := comment(w, w.Comments("erika", "root-1", "nice"))
		for range 20 {
			able.Lookups.Refuses(failure(models.Transient))
		}

		for range 20 {
			w.Work(models.DuePosts)
			w.Clock.Advance(10 * time.Minute)
		}

		inboxtest.Same(t, "asked", len(able.Lookups.Asked()), 12)
		inboxtest.Same(t, "due", postOf(w, c).DueAt, nil)
	})
	t.Run("asks no more when the platform refuses", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Facebook)
		comment(w, w.Comments("erika", "root-1", "nice"))
		able.Lookups.Refuses(failure(models.PlatformRefused))

		w.Work(models.DuePosts)
		w.Clock.Advance(day)

		inboxtest.Same(t, "due", w.Work(models.DuePosts), 0)
	})
	t.Run("asks again if its worker died", func(t *testing.T) {
		t.Parallel()
		w, able := inboxtest.NewOn(t, models.Facebook)
		_, c := comment(w, w.Comments("erika", "root-1", "nice"))
		able.Lookups.Does(func(string) (models.PostFacts, error) { panic("killed") })
		w.Work(models.DuePosts)
		w.Clock.Advance(inbox.LookupLease)
		able.Lookups.Says(models.PostFacts{Text: "our sale"})

		w.Work(models.DuePosts)

		inboxtest.Same(t, "text", postOf(w, c).Text, "our sale")
	})
	t.Run("has an ended token renewed", func(t *testing.T) {
		t.Parallel()
		w, able := renewable(t)
		comment(w, w.Comments("erika", "root-1", "nice"))
		able.Lookups.Refuses(channels.SendError{Failure: models.Failure{Reason: models.AuthExpired}})

		w.Work(models.DuePosts, models.DueTokens)

		inboxtest.Same(t, "renewed", len(able.Renewals.Asked()), 1)
		w.Clock.Advance(time.Minute)
		inboxtest.Same(t, "asked again", w.Work(models.DuePosts), 1)
	})
}
