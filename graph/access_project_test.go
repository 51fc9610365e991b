package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"parley/models"
)

func TestProjectionForTheLimited(t *testing.T) {
	t.Parallel()
	w, b, cursor := crowded(t)
	second := *w
	second.Channel = w.Connect(models.WhatsApp, "2")
	for i := range 5 {
		second.CustomerWrites(fmt.Sprint("49180", i), "secret")
	}
	_, err := w.Inbox.ChangeAccess(w.Context(), w.Owner, w.Colleague.UserID, []string{w.Channel.ID}, "")
	w.Must(err)

	t.Run("answers generated documents as the executor does", func(t *testing.T) {
		a := newAuthor(11)
		answered := 0
		for range 300 {
			document := a.document()
			b.compare(t, w.Agent, document, map[string]any{"after": cursor, "n": 4, "yes": true, "f": map[string]any{"text": "wörter"}}) // has the directory read
			data := b.compare(t, w.Colleague, document, map[string]any{"after": cursor, "n": 4, "yes": true, "f": map[string]any{"text": "wörter"}})
			if strings.Contains(data, `"edges"`) {
				answered++
			}
		}
		if answered < 100 {
			t.Errorf("%d documents were answered", answered)
		}
	})
	t.Run("shows less than to others", func(t *testing.T) {
		const page = `{ conversations(first: 100) { edges { node { id channel { id name } } } } }`
		all, theirs := b.compare(t, w.Agent, page, nil), b.compare(t, w.Colleague, page, nil)
		if hidden := w.Count(`SELECT count(*) FROM conversations WHERE channel_id <> $1`, w.Channel.ID); hidden == 0 ||
			strings.Count(all, "cnv_")-strings.Count(theirs, "cnv_") != hidden || strings.Count(theirs, "cnv_") == 0 {
			t.Errorf("%d conversations are hidden, of\n%s\nthey see\n%s", hidden, all, theirs)
		}
	})
}
