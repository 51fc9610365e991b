package graph

import (
	"context"
	"errors"

	"parley/graph/view"
)

// value is what p points to, or nothing.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// positive is n, or null if it is zero.
func positive(n int) *int {
	if n <= 0 {
		return nil
	}
	return &n
}

// list is s, and never null.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func pointers[T any](s []T) []*T {
	p := make([]*T, len(s))
	for i := range s {
		p[i] = &s[i]
	}
	return p
}

// all is what a loader found, and never null.
func all[T any](found []*T, err error) ([]*T, error) { return list(found), err }

// there insists that a row a foreign key points to exists.
func there[T any](found *T, err error) (*T, error) {
	if err == nil && found == nil {
		err = errors.New("a row that is referred to is missing")
	}
	return found, err
}

// maybe loads what an optional id points to.
func maybe[T any](ctx context.Context, loader *view.One[T], id *string) (*T, error) {
	if id == nil {
		return nil, nil
	}
	return loader.Load(ctx, *id)
}
