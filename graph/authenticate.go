package graph

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"parley/graph/transport"
	"parley/graph/view"
	"parley/inbox"
	"parley/models"
)

// How long, and of how many tokens, it is remembered whose they are. That is not what they may do: the door asks the
// database each time.
const (
	rememberedFor    = time.Second
	rememberedTokens = 10_000
)

// bearer is whose a token was a moment ago.
type bearer struct {
	viewer  models.Viewer
	owner   string
	expires time.Time
	at      time.Time
}

func (b bearer) session() transport.Session {
	return transport.Session{ExpiresAt: b.expires, Subject: b.viewer.TokenID, Owner: b.owner, TrustedOnly: b.viewer.TrustedOnly}
}

// Authenticate finds the viewer a token stands for. Without a token nobody comes in, but may sign in.
func Authenticate(store *models.Store) transport.Authenticate {
	known, err := lru.New[[sha256.Size]byte, bearer](rememberedTokens)
	if err != nil {
		panic(err) // only a size below one
	}
	return func(ctx context.Context, token string) (context.Context, transport.Session, error) {
		if token == "" {
			return ctx, transport.Session{}, nil
		}
		hash := sha256.Sum256([]byte(token))
		b, ok := known.Get(hash)
		if !ok || time.Since(b.at) > rememberedFor {
			viewer, expires, err := store.Authenticate(ctx, token)
			switch {
			case models.CodeOf(err) == models.Unauthenticated:
				known.Remove(hash)
				return ctx, transport.Session{}, errors.Join(transport.ErrUnauthenticated, err)
			case err != nil:
				return ctx, transport.Session{}, err
			}
			b = bearer{viewer, inbox.OwnerOf(viewer), expires, time.Now()}
			known.Add(hash, b)
		}
		return view.WithViewer(ctx, b.viewer), b.session(), nil
	}
}

// OnlyMembers lets nobody in without a token: all that strangers do is sign in, which needs no socket.
func OnlyMembers(authenticate transport.Authenticate) transport.Authenticate {
	return func(ctx context.Context, token string) (context.Context, transport.Session, error) {
		if token == "" {
			return ctx, transport.Session{}, transport.ErrUnauthenticated
		}
		return authenticate(ctx, token)
	}
}
