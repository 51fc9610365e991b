package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/redis/go-redis/v9"
)

// How long, how long at most, and how many a process remembers of the documents that clients registered; and how many new
// ones somebody may register at once, and in a second afterwards: one a minute.
const (
	DocumentLasts    = 24 * time.Hour // after it was used last, give or take documentFresh
	longestDocument  = 20_000         // bytes
	documentFresh    = time.Hour      // for how long a process does not ask Redis again
	documentsKnown   = 1024
	documentsAtOnce  = 200
	documentsRestore = 1.0 / 60
)

// Documents are texts that clients name by their SHA-256 once they have sent them. They are in Redis, and in each process
// those it has seen. Without Redis no others are found.
type Documents struct {
	redis    *redis.Client
	patience *patience
	now      func() time.Time
	seen     *lru.Cache[string, seenDocument]
	news     *Allowances
}

type seenDocument struct {
	text string
	at   time.Time // when Redis was told that it is used
}

// NewDocuments makes the documents of one Redis.
func NewDocuments(client *redis.Client, now func() time.Time, log *slog.Logger) *Documents {
	return &Documents{
		redis: client, now: now, seen: cacheOf[seenDocument](documentsKnown),
		patience: &patience{about: "documents", now: now, log: log},
		news:     NewAllowances(AllowanceConfig{Redis: client, Name: "documents", Size: documentsAtOnce, Restore: documentsRestore, Now: now, Log: log}),
	}
}

func documentKey(hash string) string { return "parley:document:" + hash }

// Find returns the document whose SHA-256 this is, in lower case hex. Empty: it is not known, or Redis is away.
func (d *Documents) Find(ctx context.Context, hash string) string {
	known, ok := d.seen.Get(hash)
	if ok && d.now().Sub(known.at) < documentFresh {
		return known.text
	}
	text, err := d.read(ctx, hash)
	switch {
	case err != nil:
		return known.text
	case text == "":
		d.seen.Remove(hash)
		return ""
	}
	d.seen.Add(hash, seenDocument{text, d.now()})
	return text
}

func (d *Documents) read(ctx context.Context, hash string) (text string, err error) {
	err = d.patience.ask(ctx, func(ctx context.Context) error {
		var found *redis.StringCmd
		_, err := d.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
			found = p.Get(ctx, documentKey(hash))
			p.Expire(ctx, documentKey(hash), DocumentLasts)
			return nil
		})
		if err != nil && !errors.Is(err, redis.Nil) {
			return fmt.Errorf("find a document: %w", err)
		}
		text = found.Val()
		return nil
	})
	if sum := sha256.Sum256([]byte(text)); hex.EncodeToString(sum[:]) != hash {
		return "", err // what somebody else wrote there is no document
	}
	return text, err
}

// Keep keeps a document, whose SHA-256 this is, on behalf of somebody who used it. What is too long, or too much of one, is
// not kept.
func (d *Documents) Keep(ctx context.Context, who, hash, text string) {
	known, ok := d.seen.Get(hash)
	if ok && d.now().Sub(known.at) < documentFresh || len(text) > longestDocument || d.news.Take(ctx, who, 1).Wait > 0 {
		return
	}
	err := d.patience.ask(ctx, func(ctx context.Context) error {
		return d.redis.Set(ctx, documentKey(hash), text, DocumentLasts).Err()
	})
	if err == nil {
		d.seen.Add(hash, seenDocument{text, d.now()})
	}
}
