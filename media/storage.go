// Package media is how files come in, are kept and go out: a storage, a client that stays away from private addresses, and
// signed addresses with an expiry.
package media

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"
)

// Storage keeps files by their keys. Its methods may be called at the same time.
type Storage interface {
	// Put keeps all that r yields, or nothing if r fails or ctx ends; what the key held before is replaced. The size is -1
	// if nobody knows it.
	Put(ctx context.Context, key string, r io.Reader, size int64, mime string) error

	// Open reads a file, or returns ErrNotStored.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error)

	// Delete forgets a file. There being none is no error.
	Delete(ctx context.Context, key string) error
}

// Info is what a storage knows of a file.
type Info struct {
	Size     int64
	StoredAt time.Time
}

// ErrNotStored is what Open returns for a key that holds nothing.
var ErrNotStored = errors.New("no such file is stored")

var errBadKey = errors.New("this cannot be the key of a file")

// checkKey refuses keys that could mean another place: our own are plain segments with slashes between.
func checkKey(key string) error {
	if key == "." || !fs.ValidPath(key) || strings.HasPrefix(key, incoming) || strings.ContainsFunc(key, isOdd) {
		return errBadKey
	}
	return nil
}

func isOdd(r rune) bool { return r <= ' ' || r == '\\' || r == ':' || r >= 0x7f }
