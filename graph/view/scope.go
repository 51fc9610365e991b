// Package view is what a client sees while one response is made: one snapshot of the database, the loaders that read
// from it in batches, and the types of events.
package view

import (
	"context"
	"sync"

	"parley/models"
)

// Scope is one response in the making. Everything in it comes from one transaction, which is opened when it is first
// needed, and from loaders that live no longer: the next event on a socket is read anew.
type Scope struct {
	store  *models.Store
	viewer models.Viewer

	mu     sync.Mutex
	tx     *models.Tx
	closed bool

	organization *models.Organization

	loaders
}

// NewScope begins a response to a viewer. It must be closed.
func NewScope(store *models.Store, viewer models.Viewer) *Scope {
	s := &Scope{store: store, viewer: viewer}
	s.loaders = newLoaders(s)
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
		tx, err := s.store.OpenRead(ctx, s.viewer, models.ViewInbox)
		if err != nil {
			return nil, err
		}
		s.tx = tx
	}
	return s.tx, nil
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
