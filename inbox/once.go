package inbox

import (
	"context"

	"parley/models"
)

// once does work in one transaction, at most once for an idempotency key of the viewer, and returns the row whose id work
// returned, as it is then.
func once[T any](ctx context.Context, b *Inbox, viewer models.Viewer, action models.Action, key string, input any,
	work func(*models.Tx) (id string, err error)) (*T, error) {
	var row *T
	err := b.store.Do(ctx, viewer, action, func(tx *models.Tx) error {
		id, err := tx.Once(action, key, input, func() (string, error) { return work(tx) })
		if err != nil {
			return err
		}
		row = new(T)
		return tx.Find(row, id)
	})
	if err != nil {
		return nil, err
	}
	return row, nil
}
