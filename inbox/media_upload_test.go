package inbox_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// room makes room for a picture of the agent's.
func (d *desk) room() *inbox.UploadSlot {
	d.T.Helper()
	return d.roomFor(d.Agent, inbox.UploadRequest{Filename: "tulips.png", MIMEType: "image/png", SizeBytes: int64(len(picture))})
}

func (d *desk) roomFor(by models.Viewer, r inbox.UploadRequest) *inbox.UploadSlot {
	d.T.Helper()
	slot, err := d.Inbox.CreateUpload(d.Context(), by, r)
	d.Must(err)
	return slot
}

// uploaded is a picture that was brought.
func (d *desk) uploaded() *inbox.UploadSlot {
	d.T.Helper()
	slot := d.room()
	inboxtest.Same(d.T, "brought", d.asks("PUT", slot.Address, picture).StatusCode, http.StatusNoContent)
	return slot
}

func (d *desk) replyWith(by models.Viewer, c *models.Conversation, attachments ...models.Attachment) (*models.Message, error) {
	return d.Inbox.Reply(d.Context(), by, inbox.ReplyRequest{ConversationID: c.ID, Draft: models.Draft{Text: "look", Attachments: attachments}})
}

func TestCreateUpload(t *testing.T) {
	t.Parallel()

	t.Run("says where a file is to be brought, and what it will be sent as", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		slot := d.room()
		inboxtest.Same(t, "file", []any{slot.Media.Status, slot.Media.Kind, slot.Media.MIMEType}, []any{models.MediaUploading, models.Image, "image/png"})
		inboxtest.At(t, "expires", &slot.ExpiresAt, d.Clock.Now().Add(15*time.Minute))
	})

	t.Run("refuses what is not kept", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		for name, r := range map[string]inbox.UploadRequest{
			"no name":        {MIMEType: "image/png", SizeBytes: 1},
			"a long name":    {Filename: strings.Repeat("x", 201), MIMEType: "image/png", SizeBytes: 1},
			"a strange name": {Filename: "a\nb", MIMEType: "image/png", SizeBytes: 1},
			"nothing":        {Filename: "a.png", MIMEType: "image/png"},
			"too much":       {Filename: "a.png", MIMEType: "image/png", SizeBytes: 100<<20 + 1},
			"a page":         {Filename: "a.html", MIMEType: "text/html", SizeBytes: 1},
			"no type":        {Filename: "a"},
		} {
			if _, err := d.Inbox.CreateUpload(d.Context(), d.Agent, r); models.CodeOf(err) != models.InvalidInput {
				t.Errorf("%s: got %v", name, err)
			}
		}
		_, err := d.Inbox.CreateUpload(d.Context(), d.Onlooker, inbox.UploadRequest{Filename: "a.png", MIMEType: "image/png", SizeBytes: 1})
		inboxtest.Refused(t, err, models.Forbidden)
	})

	t.Run("makes room once for a key", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		r := inbox.UploadRequest{Filename: "a.png", MIMEType: "image/png", SizeBytes: 1, Key: "k"}
		first := d.roomFor(d.Agent, r)
		d.Clock.Advance(time.Minute)
		inboxtest.Same(t, "address", d.roomFor(d.Agent, r).Address, first.Address)
		r.SizeBytes = 2
		_, err := d.Inbox.CreateUpload(d.Context(), d.Agent, r)
		inboxtest.Refused(t, err, models.IdempotencyConflict)
	})
}

func TestTakeUpload(t *testing.T) {
	t.Parallel()

	t.Run("keeps exactly what was announced, once, and the same bytes again", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		slot := d.room()
		other := strings.Replace(picture, "tulips", "roses!", 1)
		for _, c := range []struct {
			body string
			code int
		}{
			{picture + "x", http.StatusRequestEntityTooLarge},
			{picture[1:], http.StatusRequestEntityTooLarge},
			{"", http.StatusRequestEntityTooLarge},
			{strings.Repeat("x", len(picture)), http.StatusUnsupportedMediaType},
			{picture, http.StatusNoContent},
			{picture, http.StatusNoContent},
			{other, http.StatusConflict},
		} {
			inboxtest.Same(t, "answer", d.asks("PUT", slot.Address, c.body).StatusCode, c.code)
		}
		f := d.file(slot.Media.ID)
		inboxtest.Same(t, "status", f.Status, models.MediaStored)
		inboxtest.Same(t, "files", d.files(), []string{picture})
		address, _ := d.Inbox.MediaAddress(f)
		inboxtest.Same(t, "served", content(d.World, d.asks("GET", address, "")), picture)
	})

	t.Run("keeps what nobody knows as what nobody runs", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		page := "<!DOCTYPE html><script>alert(1)</script>"
		slot := d.roomFor(d.Agent, inbox.UploadRequest{Filename: "a.html", MIMEType: "application/octet-stream", SizeBytes: int64(len(page))})
		inboxtest.Same(t, "brought", d.asks("PUT", slot.Address, page).StatusCode, http.StatusNoContent)
		address, _ := d.Inbox.MediaAddress(d.file(slot.Media.ID))
		res := d.asks("GET", address, "")
		inboxtest.Same(t, "served", []string{res.Header.Get("Content-Type"), res.Header.Get("Content-Disposition")},
			[]string{"application/octet-stream", "attachment; filename=a.html"})
	})

	t.Run("gives the slot to one of several bodies at once", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		slot := d.room()
		codes := make([]int, 6)
		bodies := make([]string, len(codes))
		inboxtest.Together(len(codes), func(i int) {
			bodies[i] = picture[:len(picture)-1] + string(rune('0'+i/2)) // each twice
			codes[i] = d.asks("PUT", slot.Address, bodies[i]).StatusCode
		})
		kept := d.files()
		inboxtest.Same(t, "how many are kept", len(kept), 1)
		for i, code := range codes {
			want := http.StatusConflict
			if bodies[i] == kept[0] {
				want = http.StatusNoContent
			}
			inboxtest.Same(t, "answer", code, want)
		}
	})

	t.Run("takes the same bytes again when the process died before they were recorded, and no others", func(t *testing.T) {
		t.Parallel()
		crash := true
		d := newDesk(t, func(d *desk) {
			kept := d.Files
			d.Files = &storage{Storage: kept, put: func(ctx context.Context, key string, r io.Reader, size int64, mime string) error {
				err := kept.Put(ctx, key, r, size, mime)
				if crash {
					return errors.Join(err, errors.New("the process dies"))
				}
				return err
			}}
		})
		slot := d.room()
		inboxtest.Same(t, "at first", d.asks("PUT", slot.Address, picture).StatusCode, http.StatusInternalServerError)
		crash = false
		inboxtest.Same(t, "others", d.asks("PUT", slot.Address, strings.Replace(picture, "tulips", "roses!", 1)).StatusCode, http.StatusConflict)
		inboxtest.Same(t, "again", d.asks("PUT", slot.Address, picture).StatusCode, http.StatusNoContent)
		inboxtest.Same(t, "status", d.file(slot.Media.ID).Status, models.MediaStored)
	})

	t.Run("comes to an end", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		slot := d.room()
		d.Clock.Advance(15 * time.Minute)
		inboxtest.Same(t, "late", d.asks("PUT", slot.Address, picture).StatusCode, http.StatusGone)
	})

	t.Run("cannot replace a contact's file", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		_, m := d.sendsPicture()
		slot := d.room()
		d.Work(models.DueMedia)
		forged := strings.Replace(slot.Address, slot.Media.ID, d.media(m).ID, 1)
		inboxtest.Same(t, "answer", d.asks("PUT", forged, picture).StatusCode, http.StatusForbidden)
	})
}

func TestReplyWithUpload(t *testing.T) {
	t.Parallel()

	t.Run("sends it where the platform can fetch it, and as bytes", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		c := d.CustomerWrites("491701", "hello?")
		slot := d.uploaded()
		var bytes string
		d.Platform.Answer(func(ctx context.Context, m channels.Outbound) (channels.Sent, error) {
			file, err := m.OpenFile(ctx, m.Attachments[0])
			d.Must(err)
			body, err := io.ReadAll(file)
			bytes = string(body)
			return inboxtest.Accepted(1), errors.Join(err, file.Close())
		})

		m, err := d.replyWith(d.Agent, c, models.Attachment{MediaRef: &slot.Media.ID})
		d.Must(err)
		d.Work(models.DueMessages)

		inboxtest.Same(t, "status", *d.Message(m.ID).Status, models.Sent)
		inboxtest.Same(t, "bytes", bytes, picture)
		sent := d.Platform.Sent()[0].Attachments[0]
		inboxtest.Same(t, "attachment", []any{sent.Kind, sent.MIMEType, sent.Filename, sent.SizeBytes},
			[]any{models.Image, "image/png", "tulips.png", int64(len(picture))})
		d.Clock.Advance(24*time.Hour - time.Second)
		inboxtest.Same(t, "fetched a day later", content(d.World, d.asks("GET", sent.URL, "")), picture)
		d.Work(models.DueMedia)
		inboxtest.Same(t, "files", d.files(), []string{picture})
		inboxtest.Same(t, "address that is kept", d.Attachments(m)[0].URL, "")
	})

	t.Run("is refused for files that are not there, not the agent's, or not for this channel", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		n := d.Neighbour("2")
		c := d.CustomerWrites("491701", "hello?")
		mine, open := d.uploaded(), d.room()
		foreign, err := d.Inbox.CreateUpload(d.Context(), n.Agent, inbox.UploadRequest{Filename: "a.png", MIMEType: "image/png", SizeBytes: int64(len(picture))})
		d.Must(err)
		inboxtest.Same(t, "brought", d.asks("PUT", foreign.Address, picture).StatusCode, http.StatusNoContent)
		gif := "GIF89a of tulips"
		moving := d.roomFor(d.Agent, inbox.UploadRequest{Filename: "a.gif", MIMEType: "image/gif", SizeBytes: int64(len(gif))})
		inboxtest.Same(t, "brought", d.asks("PUT", moving.Address, gif).StatusCode, http.StatusNoContent)
		missing := "med_0"
		for name, refused := range map[string]struct {
			by   models.Viewer
			a    models.Attachment
			code models.ErrorCode
		}{
			"unknown":                {d.Agent, models.Attachment{MediaRef: &missing}, models.NotFound},
			"another tenant's":       {d.Agent, models.Attachment{MediaRef: &foreign.Media.ID}, models.NotFound},
			"a colleague's":          {d.Colleague, models.Attachment{MediaRef: &mine.Media.ID}, models.NotFound},
			"not brought yet":        {d.Agent, models.Attachment{MediaRef: &open.Media.ID}, models.InvalidInput},
			"with an address":        {d.Agent, models.Attachment{MediaRef: &mine.Media.ID, URL: "https://files.example/a"}, models.InvalidInput},
			"as a film":              {d.Agent, models.Attachment{MediaRef: &mine.Media.ID, Kind: models.Video}, models.InvalidInput},
			"not taken by a channel": {d.Agent, models.Attachment{MediaRef: &moving.Media.ID}, models.UnsupportedByChannel},
		} {
			if _, err := d.replyWith(refused.by, c, refused.a); models.CodeOf(err) != refused.code {
				t.Errorf("%s: got %v, want %s", name, err, refused.code)
			}
		}
		_, err = d.replyWith(d.Agent, c, models.Attachment{MediaRef: &mine.Media.ID})
		d.Must(err)
	})

	t.Run("sends a file once, also when several try at once", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		c, other := d.CustomerWrites("491701", "hello?"), d.CustomerWrites("491702", "hello?")
		slot := d.uploaded()
		var mu sync.Mutex
		sent := 0
		inboxtest.Together(6, func(i int) {
			_, err := d.replyWith(d.Agent, []*models.Conversation{c, other}[i%2], models.Attachment{MediaRef: &slot.Media.ID})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				sent++
			case models.CodeOf(err) != models.InvalidInput:
				t.Error(err)
			}
		})
		inboxtest.Same(t, "sent", sent, 1)
	})

	t.Run("opens for a platform what a client has elsewhere, from public addresses only", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		c := d.CustomerWrites("491701", "hello?")
		_, err := d.replyWith(d.Agent, c, models.Attachment{Kind: models.Image, URL: "https://169.254.169.254/a.png"})
		d.Must(err)
		var failed error
		d.Platform.Answer(func(ctx context.Context, m channels.Outbound) (channels.Sent, error) {
			_, failed = m.OpenFile(ctx, m.Attachments[0])
			near := m.Attachments[0]
			near.URL = d.site.URL // allowed in tests
			file, err := m.OpenFile(ctx, near)
			d.Must(err)
			inboxtest.Same(t, "bytes", content(d.World, &http.Response{Body: file}), picture)
			return inboxtest.Accepted(1), file.Close()
		})
		d.Work(models.DueMessages)
		if failed == nil {
			t.Error("went to a private address")
		}
	})
}

func TestUnsentUploads(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	c := d.CustomerWrites("491701", "hello?")
	d.room()
	unsent, sent := d.uploaded(), d.uploaded()
	_, err := d.replyWith(d.Agent, c, models.Attachment{MediaRef: &sent.Media.ID})
	d.Must(err)

	d.Clock.Advance(24*time.Hour - time.Second)
	inboxtest.Same(t, "done within a day", d.Work(models.DueMedia), 0)
	d.Clock.Advance(time.Second)
	inboxtest.Same(t, "done", d.Work(models.DueMedia), 2)

	inboxtest.Same(t, "files", d.files(), []string{picture})
	inboxtest.Same(t, "unsent", d.file(unsent.Media.ID).Status, models.MediaDeleted)
	inboxtest.Same(t, "sent", d.file(sent.Media.ID).Status, models.MediaStored)
	_, err = d.replyWith(d.Agent, d.CustomerWrites("491701", "still there?"), models.Attachment{MediaRef: &unsent.Media.ID})
	inboxtest.Refused(t, err, models.NotFound)
}

func TestVisitorUploads(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	uploads := d.Inbox.VisitorUploads()
	visitor := models.Visitor{OrganizationID: d.Org.ID, ID: "vis_1", ChannelID: d.Channel.ID}
	slot, err := uploads.Create(d.Context(), visitor, models.VisitorFile{Filename: "a.png", MIMEType: "image/png", SizeBytes: int64(len(picture))})
	d.Must(err)
	_, err = uploads.Attach(d.Context(), visitor, slot.UploadID)
	inboxtest.Refused(t, err, models.InvalidInput)
	inboxtest.Same(t, "brought", d.asks("PUT", slot.URL, picture).StatusCode, http.StatusNoContent)
	a, err := uploads.Attach(d.Context(), visitor, slot.UploadID)
	d.Must(err)
	stranger := visitor
	stranger.ID = "vis_2"
	_, err = uploads.Attach(d.Context(), stranger, slot.UploadID)
	inboxtest.Refused(t, err, models.NotFound)

	_, m := d.sends(a)

	inboxtest.Same(t, "file", d.media(m).ID, slot.UploadID)
	inboxtest.Same(t, "due", d.Work(models.DueMedia), 0)
	again, err := uploads.Attach(d.Context(), visitor, slot.UploadID)
	d.Must(err)
	inboxtest.Same(t, "the same again", again, a)
	address, err := uploads.Address(d.Context(), visitor, d.Attachments(m)[0])
	d.Must(err)
	inboxtest.Same(t, "served", content(d.World, d.asks("GET", address, "")), picture)
}
