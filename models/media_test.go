package models_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"parley/models"
)

// attach adds a message with attachments and returns it with what was kept of them.
func (w *world) attach(t testing.TB, c *models.Conversation, d models.Direction, change func(*models.Message), with ...models.Attachment) (*models.Message, []models.Attachment) {
	t.Helper()
	var m *models.Message
	var kept []models.Attachment
	w.system(func(tx *models.Tx) error {
		m = tx.NewMessage(c, d)
		if d == models.OutboundMessage {
			m.Status = ptr(models.Queued)
		}
		if change != nil {
			change(m)
		}
		_, err := tx.AddMessage(m, with)
		must(t, err)
		kept, err = tx.AttachmentsOf([]string{m.ID})
		return err
	})
	return m, kept
}

func (w *world) media(t testing.TB, id *string) *models.Media {
	t.Helper()
	if id == nil {
		t.Fatal("there is no file")
	}
	var m models.Media
	w.look(func(tx *models.Tx) error { return tx.Find(&m, *id) })
	return &m
}

func TestMediaOfMessages(t *testing.T) {
	t.Parallel()

	t.Run("what a contact sends is due to be fetched, what is no file is not", func(t *testing.T) {
		t.Parallel()
		w := newOwnWorld(t)
		c := w.conversation("1", nil)
		m, kept := w.attach(t, c, models.InboundMessage, nil,
			models.Attachment{Kind: models.Image, MediaID: "4711", MIMEType: "image/jpeg", SizeBytes: 12},
			models.Attachment{Kind: models.Location, URL: "https://maps.example/here"},
			models.Attachment{Kind: models.File, URL: "https://files.example/a", Filename: "a.pdf"},
			models.Attachment{Kind: models.Video}, // the platform says that there was one, not where
			models.Attachment{Kind: models.Share, URL: "https://elsewhere.example"})

		var refs []bool
		for _, a := range kept {
			refs = append(refs, a.MediaRef != nil)
		}
		if want := []bool{true, false, true, false, false}; !reflect.DeepEqual(refs, want) {
			t.Fatalf("got files %v, want %v", refs, want)
		}
		picture := w.media(t, kept[0].MediaRef)
		if picture.Status != models.MediaPending || *picture.MessageID != m.ID || *picture.ChannelID != m.ChannelID ||
			picture.SourceID != "4711" || picture.SizeBytes != 12 || picture.StorageKey() != w.org.ID+"/"+picture.ID {
			t.Errorf("got %+v", picture)
		}
		if due := w.claim(t, models.DueMedia, 10); len(due) != 2 {
			t.Errorf("%v are due", due)
		}
	})

	t.Run("what another app of the account sent is fetched too, what we send is not", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		c := w.conversation("1", nil)
		elsewhere := models.Attachment{Kind: models.Image, URL: "https://files.example/a"}
		_, echo := w.attach(t, c, models.OutboundMessage, func(m *models.Message) { m.ExternalID = ptr("wamid.echo") }, elsewhere)
		_, ours := w.attach(t, c, models.OutboundMessage, nil, elsewhere)
		if echo[0].MediaRef == nil || ours[0].MediaRef != nil {
			t.Errorf("got %v and %v", echo[0].MediaRef, ours[0].MediaRef)
		}
	})

	t.Run("a platform cannot name a file of ours", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		c := w.conversation("1", nil)
		_, kept := w.attach(t, c, models.InboundMessage, nil, models.Attachment{Kind: models.Image, MediaID: "1"})
		stolen := *kept[0].MediaRef
		_, kept = w.attach(t, c, models.InboundMessage, nil,
			models.Attachment{Kind: models.Image, MediaID: stolen}, models.Attachment{Kind: models.Image, MediaRef: &stolen, MediaID: "2"})
		if kept[0].MediaRef != nil || kept[1].MediaRef == nil || *kept[1].MediaRef == stolen {
			t.Errorf("got %v and %v of %s", kept[0].MediaRef, kept[1].MediaRef, stolen)
		}
	})

	t.Run("what belonged to an erased message is to be deleted, and forgotten at once", func(t *testing.T) {
		t.Parallel()
		w := newOwnWorld(t)
		c := w.conversation("1", nil)
		m, kept := w.attach(t, c, models.InboundMessage, nil,
			models.Attachment{Kind: models.Image, URL: "https://files.example/a", Filename: "passport.jpg"}, models.Attachment{Kind: models.Image, MediaID: "2"})
		fetched := w.claim(t, models.DueMedia, 1)[0] // for a minute
		w.system(func(tx *models.Tx) error { return tx.DropAttachments(m) })

		for _, a := range kept {
			f := w.media(t, a.MediaRef)
			due := w.clock.Now()
			if f.ID == fetched {
				due = due.Add(time.Minute) // not under the hands of who fetches it
			}
			if f.Status != models.MediaDeleted || f.SourceURL+f.SourceID+f.Filename+f.SHA256 != "" || f.DueAt == nil || !f.DueAt.Equal(due) {
				t.Errorf("got %+v, want it due at %v", f, due)
			}
		}
	})
}

func TestUploads(t *testing.T) {
	t.Parallel()
	upload := func(t testing.TB, w *world, by models.Viewer, change func(*models.Media)) (m *models.Media) {
		t.Helper()
		must(t, w.store.Do(t.Context(), by, models.Reply, func(tx *models.Tx) (err error) {
			m, err = tx.NewUpload("a.png", "image/png", 3)
			must(t, err)
			m.Status = models.MediaStored
			if change != nil {
				change(m)
			}
			return tx.Create(m)
		}))
		return m
	}
	find := func(w *world, with ...models.Attachment) (found []models.Attachment, err error) {
		err = w.store.Do(t.Context(), w.agent, models.Reply, func(tx *models.Tx) (err error) {
			found, err = tx.Uploads(with)
			return err
		})
		return found, err
	}

	t.Run("say what they are", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		m := upload(t, w, w.agent, nil)
		given := []models.Attachment{{MediaRef: &m.ID}, {Kind: models.Image, URL: "https://files.example/b"}}
		found, err := find(w, given...)
		must(t, err)
		want := []models.Attachment{{MediaRef: &m.ID, Kind: models.Image, MIMEType: "image/png", Filename: "a.png", SizeBytes: 3}, given[1]}
		if !reflect.DeepEqual(found, want) || given[0].Kind != "" {
			t.Errorf("got %+v", found)
		}
		found, err = find(w, models.Attachment{MediaRef: &m.ID, Kind: models.File, Filename: "mine.png"})
		if err != nil || found[0].Kind != models.File || found[0].Filename != "mine.png" {
			t.Errorf("otherwise: %+v, %v", found, err)
		}
	})

	t.Run("are refused", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		other := w.neighbour()
		c := w.conversation("1", nil)
		sent := upload(t, w, w.agent, nil)
		w.attach(t, c, models.OutboundMessage, nil, models.Attachment{Kind: models.Image, MediaRef: &sent.ID})
		mine := upload(t, w, w.agent, nil)
		_, contacts := w.attach(t, c, models.InboundMessage, nil, models.Attachment{Kind: models.Image, MediaID: "1"})
		for name, refused := range map[string]struct {
			code models.ErrorCode
			with []models.Attachment
		}{
			"unknown":         {models.NotFound, []models.Attachment{{MediaRef: ptr("med_0")}}},
			"another tenant":  {models.NotFound, []models.Attachment{{MediaRef: &upload(t, other, other.agent, nil).ID}}},
			"another member":  {models.NotFound, []models.Attachment{{MediaRef: &upload(t, w, w.admin, nil).ID}}},
			"a contact's":     {models.NotFound, []models.Attachment{{MediaRef: contacts[0].MediaRef}}},
			"deleted":         {models.NotFound, []models.Attachment{{MediaRef: &upload(t, w, w.agent, func(m *models.Media) { m.Status = models.MediaDeleted }).ID}}},
			"not brought yet": {models.InvalidInput, []models.Attachment{{MediaRef: &upload(t, w, w.agent, func(m *models.Media) { m.Status = models.MediaUploading }).ID}}},
			"sent already":    {models.InvalidInput, []models.Attachment{{MediaRef: &sent.ID}}},
			"sent twice":      {models.InvalidInput, []models.Attachment{{MediaRef: &mine.ID}, {MediaRef: &mine.ID}}},
			"another kind":    {models.InvalidInput, []models.Attachment{{MediaRef: &mine.ID, Kind: models.Video}}},
		} {
			if _, err := find(w, refused.with...); models.CodeOf(err) != refused.code {
				t.Errorf("%s: got %v, want %s", name, err, refused.code)
			}
		}
	})

	t.Run("of one person that nobody sent are at most a hundred", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		for i := range 100 {
			upload(t, w, w.agent, func(m *models.Media) { m.Filename = fmt.Sprint(i) })
		}
		err := w.store.Do(t.Context(), w.agent, models.Reply, func(tx *models.Tx) error {
			_, err := tx.NewUpload("a.png", "image/png", 3)
			return err
		})
		wantCode(t, err, models.InvalidInput)
		upload(t, w, w.admin, nil)
	})

	t.Run("of a visitor come with the visitor's own words only", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		other := w.connect(models.SMS)
		brought := func() (m *models.Media) {
			w.system(func(tx *models.Tx) (err error) {
				m, err = tx.NewVisitorsUpload(w.channel.ID, "vis_1", "a.png", "image/png", 3)
				must(t, err)
				m.Status = models.MediaStored
				return tx.Create(m)
			})
			return m
		}
		m := brought()
		var a models.Attachment
		w.look(func(tx *models.Tx) (err error) {
			a, err = tx.VisitorsUpload("vis_1", m.ID)
			must(t, err)
			_, err = tx.VisitorsUpload("vis_2", m.ID)
			wantCode(t, err, models.NotFound)
			return nil
		})
		_, elsewhere := w.attach(t, w.conversationOn(other, "1", nil), models.InboundMessage, nil, a)
		_, theirs := w.attach(t, w.conversation("1", nil), models.InboundMessage, nil, a)
		_, again := w.attach(t, w.conversation("2", nil), models.InboundMessage, nil, a)
		if elsewhere[0].MediaRef != nil || theirs[0].MediaRef == nil || *theirs[0].MediaRef != m.ID || again[0].MediaRef != nil {
			t.Errorf("got %v, %v, %v", elsewhere[0].MediaRef, theirs[0].MediaRef, again[0].MediaRef)
		}
		if sent := w.media(t, &m.ID); sent.DueAt != nil || sent.Status != models.MediaStored {
			t.Errorf("sent, it is %+v", sent)
		}
	})
}
