package media

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// Terms are what a file must be to be kept.
type Terms struct {
	NoText bool   // it was announced as a picture, a sound or a film
	Said   string // its media type, as far as anyone said
	Size   int64  // as announced; -1: unknown
	Limit  int64  // bytes
}

// Kept is a file that is stored.
type Kept struct {
	Size   int64
	SHA256 string // in hex
	MIME   string
}

// Keep stores what r yields under a key, as it comes. A *Fault is r's, or of what came; any other error is the storage's.
func Keep(ctx context.Context, s Storage, key string, r io.Reader, t Terms) (Kept, error) {
	if t.Size > t.Limit {
		return Kept{}, tooLarge()
	}
	source := &source{r: r, left: t.Limit, sum: sha256.New()}
	body := bufio.NewReaderSize(source, sniffBytes)
	first, err := body.Peek(sniffBytes)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return Kept{}, source.fault()
	case len(first) == 0:
		return Kept{}, Unreachable(errors.New("the file is empty"))
	}
	mime, err := t.judge(first)
	if err != nil {
		return Kept{}, err
	}
	if err := s.Put(ctx, key, body, t.Size, mime); err != nil {
		if source.err != nil {
			return Kept{}, source.fault()
		}
		return Kept{}, fmt.Errorf("store file: %w", err)
	}
	return Kept{Size: source.read, SHA256: hex.EncodeToString(source.sum.Sum(nil)), MIME: mime}, nil
}

// judge decides what type a file is kept as.
func (t Terms) judge(first []byte) (string, error) {
	if t.NoText && isPage(t.Said, first) {
		return "", &Fault{Failure: TypeNotAllowed, Err: errors.New("a text came")}
	}
	return TypeOf(t.Said, first), nil
}

// Recall describes a file that was stored before; ErrNotStored if it was not.
func Recall(ctx context.Context, s Storage, key, said string) (Kept, error) {
	file, _, err := s.Open(ctx, key)
	if err != nil {
		return Kept{}, err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	body := bufio.NewReaderSize(contextReader{ctx, file}, sniffBytes)
	first, err := body.Peek(sniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return Kept{}, fmt.Errorf("read stored file: %w", err)
	}
	mime := TypeOf(said, bytes.Clone(first))
	size, err := io.Copy(sum, body)
	if err != nil {
		return Kept{}, fmt.Errorf("read stored file: %w", err)
	}
	return Kept{Size: size, SHA256: hex.EncodeToString(sum.Sum(nil)), MIME: mime}, nil
}

// source reads, counts and sums what comes from outside, up to a limit, and remembers what went wrong with it.
type source struct {
	r    io.Reader
	left int64
	read int64
	sum  hash.Hash
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	s.read += int64(n)
	s.sum.Write(p[:n])
	if s.left -= int64(n); s.left < 0 {
		s.err = errTooLarge
		return n, s.err
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

func (s *source) fault() *Fault {
	if errors.Is(s.err, errTooLarge) {
		return tooLarge()
	}
	return Unreachable(s.err)
}

// Limit reads at most so many bytes of a body, and then fails.
func Limit(body io.ReadCloser, limit int64) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{&source{r: body, left: limit, sum: sha256.New()}, body}
}
