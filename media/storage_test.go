package media_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"parley/media"
)

func folder(t testing.TB) (*media.Folder, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "media")
	f, err := media.NewFolder(path)
	must(t, err)
	t.Cleanup(func() { must(t, f.Close()) })
	return f, path
}

func bucket(t testing.TB, prefix string) *media.S3 {
	t.Helper()
	backend := s3mem.New()
	must(t, backend.CreateBucket("files"))
	server := httptest.NewTLSServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	t.Cleanup(server.Close)
	s, err := media.NewS3Over(media.S3Config{
		Endpoint: strings.TrimPrefix(server.URL, "https://"), Bucket: "files", AccessKey: "key", SecretKey: "secret", Prefix: prefix,
	}, server.Client().Transport)
	must(t, err)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, s media.Storage, key, content string) {
	t.Helper()
	must(t, s.Put(t.Context(), key, strings.NewReader(content), int64(len(content)), "text/plain"))
}

func wantStored(t testing.TB, s media.Storage, key, want string) {
	t.Helper()
	file, info, err := s.Open(t.Context(), key)
	must(t, err)
	defer func() { must(t, file.Close()) }()
	got, err := io.ReadAll(file)
	if err != nil || string(got) != want || info.Size != int64(len(want)) || info.StoredAt.IsZero() {
		t.Errorf("got %d bytes (%+v), %v; want %d", len(got), info, err, len(want))
	}
}

func wantNothing(t testing.TB, s media.Storage, key string) {
	t.Helper()
	if _, _, err := s.Open(t.Context(), key); !errors.Is(err, media.ErrNotStored) {
		t.Errorf("%s: got %v", key, err)
	}
}

// TestStorage is what every storage promises.
func TestStorage(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) media.Storage{
		"folder":           func(t testing.TB) media.Storage { f, _ := folder(t); return f },
		"S3":               func(t testing.TB) media.Storage { return bucket(t, "") },
		"S3 with a prefix": func(t testing.TB) media.Storage { return bucket(t, "parley/files") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			t.Run("keeps, replaces and forgets", func(t *testing.T) {
				wantNothing(t, s, "org_1/med_1")
				put(t, s, "org_1/med_1", "one")
				put(t, s, "org_2/med_1", "another's")
				put(t, s, "org_1/med_1", "one, changed")
				wantStored(t, s, "org_1/med_1", "one, changed")
				for range 2 {
					must(t, s.Delete(t.Context(), "org_1/med_1"))
					wantNothing(t, s, "org_1/med_1")
				}
				wantStored(t, s, "org_2/med_1", "another's")
			})
			t.Run("keeps what has no known size, also when it is large", func(t *testing.T) {
				large := strings.Repeat("0123456789abcdef", 20<<20/16) // several parts of an S3 upload
				must(t, s.Put(t.Context(), "org_1/large", iotest.HalfReader(strings.NewReader(large)), -1, "application/zip"))
				wantStored(t, s, "org_1/large", large)
				must(t, s.Put(t.Context(), "org_1/small", strings.NewReader("x"), -1, "application/zip"))
				wantStored(t, s, "org_1/small", "x")
			})
			t.Run("keeps nothing of what breaks off", func(t *testing.T) {
				broken := errors.New("broken")
				much := strings.Repeat("x", 9<<20)
				for name, r := range map[string]struct {
					io.Reader
					size int64
				}{
					"failing":          {io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)), -1},
					"failing late":     {io.MultiReader(strings.NewReader(much), iotest.ErrReader(broken)), -1},
					"failing of known": {io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)), 8},
					"shorter":          {strings.NewReader("half"), 8},
					"longer":           {strings.NewReader("too much"), 4},
				} {
					if err := s.Put(t.Context(), "org_1/broken", r.Reader, r.size, "text/plain"); err == nil {
						t.Errorf("%s: no error", name)
					}
					wantNothing(t, s, "org_1/broken")
				}
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if err := s.Put(ctx, "org_1/broken", strings.NewReader("x"), 1, "text/plain"); err == nil {
					t.Error("no error after its context ended")
				}
				wantNothing(t, s, "org_1/broken")
			})
			t.Run("reads from anywhere", func(t *testing.T) {
				put(t, s, "org_1/seek", "0123456789")
				file, _, err := s.Open(t.Context(), "org_1/seek")
				must(t, err)
				defer func() { must(t, file.Close()) }()
				end, err := file.Seek(0, io.SeekEnd)
				must(t, err)
				_, err = file.Seek(7, io.SeekStart)
				must(t, err)
				tail, err := io.ReadAll(file)
				if err != nil || end != 10 || string(tail) != "789" {
					t.Errorf("the end is at %d, the tail %q, %v", end, tail, err)
				}
			})
			t.Run("refuses keys that lead elsewhere", func(t *testing.T) {
				for _, key := range []string{"", ".", "..", "../x", "a/../../x", "/etc/passwd", "a//b", "a/", `a\..\b`, "a\x00b", "a b", "C:x", ".incoming/x", "é"} {
					if err := s.Put(t.Context(), key, strings.NewReader("x"), 1, "text/plain"); err == nil {
						t.Errorf("put %q", key)
					}
					if _, _, err := s.Open(t.Context(), key); err == nil || errors.Is(err, media.ErrNotStored) {
						t.Errorf("open %q: %v", key, err)
					}
					if err := s.Delete(t.Context(), key); err == nil {
						t.Errorf("delete %q", key)
					}
				}
			})
		})
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	t.Run("does not follow links out of it", func(t *testing.T) {
		t.Parallel()
		f, path := folder(t)
		outside := t.TempDir()
		must(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600))
		must(t, os.Symlink(outside, filepath.Join(path, "org_1")))
		if _, _, err := f.Open(t.Context(), "org_1/secret"); err == nil {
			t.Error("read through a link")
		}
		if err := f.Put(t.Context(), "org_1/planted", strings.NewReader("x"), 1, ""); err == nil {
			t.Error("wrote through a link")
		}
	})
	t.Run("removes what was begun and abandoned, and only that", func(t *testing.T) {
		t.Parallel()
		f, path := folder(t)
		put(t, f, "org_1/med_1", "kept")
		for name, age := range map[string]time.Duration{"old": 25 * time.Hour, "new": 23 * time.Hour} {
			at := filepath.Join(path, ".incoming", name)
			must(t, os.WriteFile(at, []byte("half"), 0o600))
			must(t, os.Chtimes(at, time.Now(), time.Now().Add(-age)))
		}
		must(t, os.Chtimes(filepath.Join(path, "org_1", "med_1"), time.Now(), time.Now().Add(-1000*time.Hour)))
		again, err := media.NewFolder(path)
		must(t, err)
		defer func() { must(t, again.Close()) }()
		left, err := os.ReadDir(filepath.Join(path, ".incoming"))
		if err != nil || len(left) != 1 || left[0].Name() != "new" {
			t.Errorf("left %v, %v", left, err)
		}
		wantStored(t, again, "org_1/med_1", "kept")
	})
	t.Run("shows readers the old file or the new one", func(t *testing.T) {
		t.Parallel()
		f, _ := folder(t)
		put(t, f, "org_1/med_1", strings.Repeat("a", 1<<20))
		replaced := make(chan error, 1)
		go func() {
			replaced <- f.Put(t.Context(), "org_1/med_1", strings.NewReader(strings.Repeat("b", 1<<20)), 1<<20, "")
		}()
		for range 50 {
			file, _, err := f.Open(t.Context(), "org_1/med_1")
			must(t, err)
			got, err := io.ReadAll(file)
			must(t, errors.Join(err, file.Close()))
			if len(got) != 1<<20 || bytes.Count(got, got[:1]) != len(got) {
				t.Fatalf("saw %d bytes of both", len(got))
			}
		}
		must(t, <-replaced)
	})
}

func TestS3WithoutABucket(t *testing.T) {
	t.Parallel()
	if _, err := media.NewS3(media.S3Config{Endpoint: "s3.example.com"}); err == nil {
		t.Error("made a storage of nothing")
	}
}
