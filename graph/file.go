package graph

import (
	"context"
	"time"

	"parley/graph/view"
	"parley/models"
)

// fileAddress is where our copy of an attachment can be fetched, and until when; nil if there is none.
func (r *Resolver) fileAddress(ctx context.Context, a *models.Attachment) (*string, *time.Time, error) {
	file, err := maybe(ctx, view.From(ctx).Media, a.MediaRef)
	if err != nil || file == nil {
		return nil, nil, err
	}
	address, until := r.Inbox.MediaAddress(*file)
	if address == "" {
		return nil, nil, nil
	}
	return &address, &until, nil
}

// stored is our copy of an attachment; nil if it is not here. What it is, is surer than what was announced.
func stored(ctx context.Context, a *models.Attachment) (*models.Media, error) {
	file, err := maybe(ctx, view.From(ctx).Media, a.MediaRef)
	if err != nil || file == nil || file.Status != models.MediaStored {
		return nil, err
	}
	return file, nil
}
