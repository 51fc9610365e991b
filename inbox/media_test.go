package inbox_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/media"
	"parley/models"
)

const picture = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR of tulips"

// filePlatform stands in for a platform that serves attachments to its accounts alone.
type filePlatform struct {
	*standIn
	open func(channels.Account, models.Attachment) (*http.Response, error)
}

var _ channels.MediaReader = (*filePlatform)(nil)

func (p *filePlatform) OpenMedia(_ context.Context, account channels.Account, a models.Attachment) (*http.Response, error) {
	return p.open(account, a)
}

// desk is a world with a folder to look into, and a site that files are on.
type desk struct {
	*inboxtest.World
	folder string
	site   *httptest.Server
	serve  http.HandlerFunc
}

func newDesk(t testing.TB, change func(*desk), adapters ...channels.Adapter) *desk {
	t.Helper()
	d := &desk{World: inboxtest.New(t), folder: t.TempDir()}
	d.serve = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, picture) }
	d.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.serve(w, r) }))
	t.Cleanup(d.site.Close)
	folder, err := media.NewFolder(d.folder)
	d.Must(err)
	t.Cleanup(func() { _ = folder.Close() })
	d.Files = folder
	if change != nil {
		change(d)
	}
	d.Inbox = d.OpenInbox(d.Store, adapters...)
	d.Crew = d.Hire(d.Inbox)
	return d
}

// files are the contents of everything that is kept.
func (d *desk) files() (contents []string) {
	d.T.Helper()
	d.Must(filepath.WalkDir(d.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		contents = append(contents, string(content))
		return err
	}))
	return contents
}

// sends lets a customer send a picture from an address.
func (d *desk) sends(a models.Attachment) (models.Inbound, *models.Message) {
	d.T.Helper()
	in := d.Says("491701", "look")
	in.Attachments = []models.Attachment{a}
	d.Receive(in)
	return in, d.MessageSaid(in.ExternalID)
}

func (d *desk) sendsPicture() (models.Inbound, *models.Message) {
	d.T.Helper()
	return d.sends(models.Attachment{Kind: models.Image, URL: d.site.URL + "/a?token=secret", MIMEType: "image/png"})
}

// media is the file of a message's only attachment.
func (d *desk) media(m *models.Message) models.Media {
	d.T.Helper()
	a := d.Attachments(m)
	if len(a) != 1 || a[0].MediaRef == nil {
		d.T.Fatalf("attached is %+v", a)
	}
	return d.file(*a[0].MediaRef)
}

func (d *desk) file(id string) (m models.Media) {
	d.T.Helper()
	d.Look(func(tx *models.Tx) error { return tx.Find(&m, id) })
	return m
}

// asks sends a request to where files are served.
func (d *desk) asks(method, address, body string) *http.Response {
	d.T.Helper()
	at, err := url.Parse(address)
	d.Must(err)
	r := httptest.NewRequest(method, at.RequestURI(), strings.NewReader(body))
	answer := httptest.NewRecorder()
	d.Inbox.MediaHandler().ServeHTTP(answer, r)
	return answer.Result()
}

func content(w *inboxtest.World, res *http.Response) string {
	w.T.Helper()
	body, err := io.ReadAll(res.Body)
	w.Must(err)
	return string(body)
}

func TestFetchMedia(t *testing.T) {
	t.Parallel()

	t.Run("brings a contact's file here, tells of it and serves it", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		_, m := d.sendsPicture()
		end := d.LogEnd()
		if address, _ := d.Inbox.MediaAddress(d.media(m)); address != "" {
			t.Errorf("before it is here it is at %s", address)
		}

		inboxtest.Same(t, "done", d.Work(models.DueMedia), 1)

		f := d.media(m)
		inboxtest.Same(t, "file", []any{f.Status, f.MIMEType, f.SizeBytes, f.DueAt == nil, len(f.SHA256)},
			[]any{models.MediaStored, "image/png", int64(len(picture)), true, 64})
		log := d.Log(end)
		if len(log) != 1 || log[0].Type != models.MessageChanged || log[0].Data.Change != "MEDIA" || log[0].MessageID != m.ID {
			t.Errorf("told %+v", log)
		}
		address, until := d.Inbox.MediaAddress(f)
		if left := until.Sub(d.Clock.Now()); !strings.HasPrefix(address, "https://inbox.example.com/media/med_") || left < time.Hour || left > 2*time.Hour {
			t.Errorf("it is at %s for %s", address, left)
		}
		res := d.asks("GET", address, "")
		if res.StatusCode != 200 || content(d.World, res) != picture || res.Header.Get("Content-Type") != "image/png" {
			t.Errorf("served %d %s", res.StatusCode, res.Header.Get("Content-Type"))
		}
		d.Clock.Advance(2 * time.Hour)
		inboxtest.Same(t, "later", d.asks("GET", address, "").StatusCode, http.StatusGone)
	})

	t.Run("asks the platform with the account's credentials, and goes on without them", func(t *testing.T) {
		t.Parallel()
		var asked []any
		p := &filePlatform{standIn: inboxtest.NewPlatform(models.WhatsApp)}
		d := newDesk(t, nil, p)
		d.serve = func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/moved" {
				http.Redirect(w, r, "/file", http.StatusFound)
				return
			}
			_, _ = io.WriteString(w, picture+r.Header.Get("Authorization"))
		}
		p.open = func(account channels.Account, a models.Attachment) (*http.Response, error) {
			asked = append(asked, account.ID, account.Credentials.AccessToken, a.MediaID, a.Kind)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.site.URL+"/moved", nil)
			d.Must(err)
			req.Header.Set("Authorization", "Bearer secret")
			return http.DefaultTransport.RoundTrip(req)
		}
		_, m := d.sends(models.Attachment{Kind: models.Image, MediaID: "4711"})

		d.Work(models.DueMedia)

		inboxtest.Same(t, "asked", asked, []any{d.Channel.AccountID, "secret", "4711", models.Image})
		inboxtest.Same(t, "status", d.media(m).Status, models.MediaStored)
		inboxtest.Same(t, "files", d.files(), []string{picture})
	})

	t.Run("fails for good, and says why", func(t *testing.T) {
		t.Parallel()
		for name, c := range map[string]struct {
			a     models.Attachment
			serve http.HandlerFunc
			want  models.MediaFailure
		}{
			"gone":               {models.Attachment{}, answering(404, ""), models.MediaNotFound},
			"forbidden":          {models.Attachment{}, answering(403, ""), models.MediaRefused},
			"a page":             {models.Attachment{}, answering(200, "<!DOCTYPE html><title>Sign in</title>"), models.MediaTypeNotAllowed},
			"too large":          {models.Attachment{}, answering(200, picture+strings.Repeat("x", 1000)), models.MediaTooLarge},
			"too large, it says": {models.Attachment{SizeBytes: 1001}, answering(200, picture), models.MediaTooLarge},
			"private":            {models.Attachment{URL: "https://169.254.169.254/latest/meta-data/"}, nil, models.MediaRefused},
			"only an id":         {models.Attachment{MediaID: "4711"}, nil, models.MediaUnreachable},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, nil)
				d.Inbox = inbox.New(inbox.Config{
					Store: d.Store, Adapters: channels.NewRegistry(d.Platform), Log: inboxtest.Quiet, Media: inbox.MediaConfig{
						Storage: d.Files, MaxBytes: 1000, Fetcher: media.NewFetcher(media.FetcherConfig{AllowHosts: []string{"127.0.0.1"}}),
					},
				})
				d.Crew, d.serve, c.a.Kind = d.Hire(d.Inbox), c.serve, models.Image
				if c.a.URL == "" && c.a.MediaID == "" {
					c.a.URL = d.site.URL
				}
				_, m := d.sends(c.a)
				end := d.LogEnd()

				d.Work(models.DueMedia)

				f := d.media(m)
				inboxtest.Same(t, "file", []any{f.Status, f.Failure, f.DueAt == nil}, []any{models.MediaFailed, c.want, true})
				inboxtest.Same(t, "told", d.Events(end), []models.EventType{models.MessageChanged})
				inboxtest.Same(t, "files", d.files(), nil)
			})
		}
	})

	t.Run("tries again what passes, and gives up in the end", func(t *testing.T) {
		t.Parallel()
		for name, c := range map[string]struct {
			open func(tries int) (*http.Response, error)
			want models.MediaFailure
		}{
			"overloaded":   {func(int) (*http.Response, error) { return answer(503, ""), nil }, models.MediaUnreachable},
			"rate limited": {func(int) (*http.Response, error) { return nil, refusal(models.RateLimited) }, models.MediaUnreachable},
			"an old token": {func(int) (*http.Response, error) { return nil, refusal(models.AuthExpired) }, models.MediaRefused},
			"unauthorized": {func(int) (*http.Response, error) { return answer(401, ""), nil }, models.MediaRefused},
			"unreachable":  {func(int) (*http.Response, error) { return nil, errors.New("no route") }, models.MediaUnreachable},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				tries := 0
				p := &filePlatform{standIn: inboxtest.NewPlatform(models.WhatsApp)}
				p.open = func(channels.Account, models.Attachment) (*http.Response, error) { tries++; return c.open(tries) }
				d := newDesk(t, nil, p)
				_, m := d.sends(models.Attachment{Kind: models.Image, MediaID: "4711"})
				for range 8 {
					inboxtest.Same(t, "status", d.media(m).Status, models.MediaPending)
					inboxtest.Same(t, "done", d.Work(models.DueMedia), 1)
					inboxtest.Same(t, "done at once again", d.Work(models.DueMedia), 0)
					d.Clock.Advance(time.Hour)
				}
				f := d.media(m)
				inboxtest.Same(t, "file", []any{f.Status, f.Failure, tries}, []any{models.MediaFailed, c.want, 8})
				inboxtest.Same(t, "done after", d.Work(models.DueMedia), 0)
			})
		}
	})

	t.Run("brings what came back, and waits as long as it is asked to", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		d.serve = func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "300"); w.WriteHeader(429) }
		_, m := d.sendsPicture()
		d.Work(models.DueMedia)
		inboxtest.At(t, "due", d.media(m).DueAt, d.Clock.Now().Add(5*time.Minute))
		d.serve = answering(200, picture)
		d.Clock.Advance(5 * time.Minute)

		d.Work(models.DueMedia)

		inboxtest.Same(t, "status", d.media(m).Status, models.MediaStored)
	})

	t.Run("loses nothing and leaves no second file when the process dies before it is recorded", func(t *testing.T) {
		t.Parallel()
		crash := true
		d := newDesk(t, func(d *desk) {
			kept := d.Files
			d.Files = &storage{Storage: kept, put: func(ctx context.Context, key string, r io.Reader, size int64, mime string) error {
				err := kept.Put(ctx, key, r, size, mime)
				if crash {
					panic("the process dies")
				}
				return err
			}}
		})
		_, m := d.sendsPicture()
		d.Work(models.DueMedia)
		inboxtest.Same(t, "status", d.media(m).Status, models.MediaPending)
		crash, d.serve = false, answering(404, "") // meanwhile the platform has forgotten it
		inboxtest.Same(t, "done during the lease", d.Work(models.DueMedia), 0)
		d.Clock.Advance(inbox.MediaLease)

		d.Work(models.DueMedia)

		f := d.media(m)
		inboxtest.Same(t, "file", []any{f.Status, f.MIMEType, f.SizeBytes}, []any{models.MediaStored, "image/png", int64(len(picture))})
		inboxtest.Same(t, "files", d.files(), []string{picture})
	})

	t.Run("gives up what kills the process every time", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, func(d *desk) {
			d.Files = &storage{Storage: d.Files, put: func(context.Context, string, io.Reader, int64, string) error { panic("the process dies") }}
		})
		_, m := d.sendsPicture()
		for range 9 {
			d.Work(models.DueMedia)
			d.Clock.Advance(inbox.MediaLease)
		}
		f := d.media(m)
		inboxtest.Same(t, "file", []any{f.Status, f.Failure, f.AttemptCount}, []any{models.MediaFailed, models.MediaUnreachable, 8})
	})

	t.Run("waits for a storage that does not work, however long", func(t *testing.T) {
		t.Parallel()
		works := false
		d := newDesk(t, func(d *desk) {
			kept := d.Files
			d.Files = &storage{Storage: kept, put: func(ctx context.Context, key string, r io.Reader, size int64, mime string) error {
				if !works {
					return errors.New("the disk is full")
				}
				return kept.Put(ctx, key, r, size, mime)
			}}
		})
		_, m := d.sendsPicture()
		for range 20 {
			inboxtest.Same(t, "done", d.Work(models.DueMedia), 1)
			d.Clock.Advance(time.Minute)
		}
		works = true
		d.Work(models.DueMedia)
		inboxtest.Same(t, "status", d.media(m).Status, models.MediaStored)
	})

	t.Run("gives a file back at once when the process is being stopped", func(t *testing.T) {
		t.Parallel()
		ctx, stop := context.WithCancel(t.Context())
		p := &filePlatform{standIn: inboxtest.NewPlatform(models.WhatsApp)}
		p.open = func(channels.Account, models.Attachment) (*http.Response, error) { stop(); return nil, ctx.Err() }
		d := newDesk(t, nil, p)
		_, m := d.sends(models.Attachment{Kind: models.Image, MediaID: "4711"})
		_, err := d.Crew.RunOnce(ctx, models.DueMedia)
		if err == nil {
			t.Error("it went on claiming")
		}
		f := d.media(m)
		inboxtest.Same(t, "attempts", f.AttemptCount, 0)
		inboxtest.At(t, "due", f.DueAt, d.Clock.Now())
	})
}

func TestEraseMedia(t *testing.T) {
	t.Parallel()

	t.Run("takes the file away with the message", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		said, m := d.sendsPicture()
		id := d.media(m).ID
		d.Work(models.DueMedia)
		address, _ := d.Inbox.MediaAddress(d.file(id))

		d.Receive(d.Deletion(said))
		inboxtest.Same(t, "served at once", d.asks("GET", address, "").StatusCode, http.StatusNotFound)
		d.Work(models.DueMedia)

		f := d.file(id)
		inboxtest.Same(t, "file", []any{f.Status, f.DueAt == nil, f.SourceURL, f.SHA256}, []any{models.MediaDeleted, true, "", ""})
		inboxtest.Same(t, "files", d.files(), nil)
	})

	t.Run("leaves nothing of what is just being fetched", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, nil)
		var said models.Inbound
		d.serve = func(w http.ResponseWriter, _ *http.Request) {
			d.Receive(d.Deletion(said))
			_, _ = io.WriteString(w, picture)
		}
		said, m := d.sendsPicture()
		end := d.LogEnd()

		d.Work(models.DueMedia)

		inboxtest.Same(t, "files", d.files(), nil)
		inboxtest.Same(t, "told", d.Events(end), []models.EventType{models.MessageChanged}) // of the deletion only
		inboxtest.Same(t, "attachments", len(d.Attachments(m)), 0)
	})

	t.Run("leaves nothing when the process dies after the file was stored", func(t *testing.T) {
		t.Parallel()
		var d *desk
		var said models.Inbound
		d = newDesk(t, func(d *desk) {
			kept := d.Files
			d.Files = &storage{Storage: kept, put: func(ctx context.Context, key string, r io.Reader, size int64, mime string) error {
				d.Receive(d.Deletion(said))
				d.Must(kept.Put(ctx, key, r, size, mime))
				panic("the process dies")
			}}
		})
		said, _ = d.sendsPicture()
		d.Work(models.DueMedia)
		inboxtest.Same(t, "files", d.files(), []string{picture})
		d.Clock.Advance(inbox.MediaLease)

		d.Work(models.DueMedia)

		inboxtest.Same(t, "files", d.files(), nil)
	})

	t.Run("asks a storage that does not work again", func(t *testing.T) {
		t.Parallel()
		failures := 20
		d := newDesk(t, func(d *desk) {
			kept := d.Files
			d.Files = &storage{Storage: kept, remove: func(ctx context.Context, key string) error {
				if failures--; failures >= 0 {
					return errors.New("no answer")
				}
				return kept.Delete(ctx, key)
			}}
		})
		said, _ := d.sendsPicture()
		d.Work(models.DueMedia)
		d.Receive(d.Deletion(said))
		for range 21 {
			inboxtest.Same(t, "done", d.Work(models.DueMedia), 1)
			d.Clock.Advance(time.Hour)
		}
		inboxtest.Same(t, "files", d.files(), nil)
		inboxtest.Same(t, "done after", d.Work(models.DueMedia), 0)
	})
}

// storage is one that sometimes does otherwise.
type storage struct {
	media.Storage
	put    func(ctx context.Context, key string, r io.Reader, size int64, mime string) error
	remove func(ctx context.Context, key string) error
}

func (s *storage) Put(ctx context.Context, key string, r io.Reader, size int64, mime string) error {
	if s.put == nil {
		return s.Storage.Put(ctx, key, r, size, mime)
	}
	return s.put(ctx, key, r, size, mime)
}

func (s *storage) Delete(ctx context.Context, key string) error {
	if s.remove == nil {
		return s.Storage.Delete(ctx, key)
	}
	return s.remove(ctx, key)
}

func answering(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func answer(code int, body string) *http.Response {
	return &http.Response{StatusCode: code, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body))}
}
