// Package view is what a client sees while one response is made: one snapshot of the database, the loaders that read
// from it in batches, and the types of events.
package view

import (
	"context"
	"sync"
	"time"

	"parley/models"
)

// Scope is one response in the making. Everything in it comes from one transaction, which is opened when it is first
// needed, and from loaders that live no longer: the next event on a socket is read anew.
type Scope struct {
	store  *models.Store
	viewer models.Viewer

	shared   context.Context // of NewMoment, nil: the transaction is of who needs it first
	about    models.About    // what comes with the transaction
	expected expected

	mu     sync.Mutex
	tx     *models.Tx
	fault  error
	closed bool

	organization *models.Organization

	loaders
}

// NewScope begins a response to a viewer. It must be closed.
func NewScope(store *models.Store, viewer models.Viewer) *Scope {
	s := &Scope{store: store, viewer: viewer}
	s.loaders = newLoaders(s, time.Millisecond)
	return s
}

// NewMoment begins what the responses to some events share, until ctx ends. What of the events they need comes with the
// transaction; of the rest it reads everything of a kind once the first of it is asked for. Beyond that it waits for nobody, as these
// responses are made one by one. It must be closed.
func NewMoment(ctx context.Context, store *models.Store, viewer models.Viewer, events []models.Event, need Needs) *Scope {
	s := &Scope{store: store, viewer: viewer, shared: ctx, about: need.of(events)}
	s.expected.of(events)
	s.loaders = newLoaders(s, 0)
	return s
}

// Viewer is who gets the response.
func (s *Scope) Viewer() models.Viewer { return s.viewer }

// Tx is the transaction of the response. The first call asks the door whether the viewer may look at all.
func (s *Scope) Tx(ctx context.Context) (*models.Tx, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, context.Canceled
	}
	if s.tx == nil {
		if s.shared != nil {
			ctx = s.shared
		}
		tx, facts, err := s.store.OpenReadAbout(ctx, s.viewer, models.ViewInbox, s.about)
		if err != nil {
			s.blame(err)
			return nil, err
		}
		s.know(facts)
		s.tx = tx
	}
	return s.tx, nil
}

// Fault is what kept the scope from reading, if anything but a refusal did: what was made of it is not to be trusted.
func (s *Scope) Fault() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// Blame notes an error that kept something from being read, unless it is a refusal.
func (s *Scope) Blame(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blame(err)
}

// blame is Blame for who holds the lock.
func (s *Scope) blame(err error) {
	if s.fault == nil && models.CodeOf(err) == "" {
		s.fault = err
	}
}

// Become makes the rest of the response one to another viewer: who has just signed in.
func (s *Scope) Become(viewer models.Viewer) { s.viewer = viewer }

// Organization is the viewer's, read once.
func (s *Scope) Organization(ctx context.Context) (*models.Organization, error) {
	tx, err := s.Tx(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.organization == nil {
		s.organization, err = tx.Organization()
	}
	return s.organization, err
}

// Close ends the transaction.
func (s *Scope) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tx != nil {
		s.tx.Close()
	}
	s.tx, s.closed = nil, true
}

type scopeKey struct{}

// With puts the scope into a context.
func With(ctx context.Context, s *Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

// Has reports whether a response is being made in a context already.
func Has(ctx context.Context) bool { return ctx.Value(scopeKey{}) != nil }

// From takes the scope of the response out of a context.
func From(ctx context.Context) *Scope {
	s, ok := ctx.Value(scopeKey{}).(*Scope)
	if !ok {
		panic("no response is being made in this context")
	}
	return s
}

type viewerKey struct{}

// WithViewer puts who is asking into a context.
func WithViewer(ctx context.Context, v models.Viewer) context.Context {
	return context.WithValue(ctx, viewerKey{}, v)
}

// ViewerFrom takes who is asking out of a context. Without a token it is nobody, whom no door lets in.
func ViewerFrom(ctx context.Context) models.Viewer {
	v, _ := ctx.Value(viewerKey{}).(models.Viewer)
	return v
}
