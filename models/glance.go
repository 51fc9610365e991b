package models

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// glancing is entering, and has the database keep its plan of what follows. Left alone, it plans anew each time for an
// organization that has more than others, which takes as long as reading the page does, to find the same way every time.
const glancing = "SELECT " + raising + " || set_config('plan_cache_mode', 'force_generic_plan', TRUE), " + asking

// Glance reads a page of conversations as Tx.ListConversationColumns does, but in one round trip: the door, the page and the
// end of the transaction. Whom the door refuses is told nothing of the page. The Tx is over: it has its Access, Rules and the
// time, and a Directory if that is remembered; nothing else can be asked of it.
func (s *Store) Glance(ctx context.Context, viewer Viewer, action Action,
	wanted ConversationColumns, f ConversationFilter, sort ConversationSort, p Page) (*Tx, *Connection[Conversation], error) {
	tx := s.reader(viewer)
	tx.snapshot.over = true
	page, err := tx.conversations(wanted, f, sort, p)
	if err != nil {
		if _, refused := s.Stand(ctx, viewer, action); refused != nil {
			return nil, nil, refused
		}
		return nil, nil, err
	}
	rows, err := tx.glance(ctx, action, page)
	if err != nil {
		return nil, nil, err
	}
	list, err := connect(tx, rows, page.size, page.page, page.order)
	return tx, list, err
}

// glance enters, reads and leaves.
func (tx *Tx) glance(ctx context.Context, action Action, page *leaf[Conversation]) (rows []Conversation, err error) {
	if tx.snapshot.conn, err = tx.store.pool.Conn(ctx); err != nil {
		return nil, fmt.Errorf("begin reading: %w", err)
	}
	door := entering
	if page.steady {
		door = glancing
	}
	text := page.text(page.sort(), page.size+1)
	tx.told(text, page.args)
	var refused error
	batch := &pgx.Batch{}
	batch.Queue(beginReading)
	batch.Queue(door, tx.Viewer.asks(tx.Now)...).QueryRow(func(row pgx.Row) error {
		var found entrance
		if err := found.read(row); err != nil {
			return fmt.Errorf("enter organization: %w", err)
		}
		refused = tx.stepIn(found, action)
		return nil
	})
	batch.Queue(text, page.args...).Query(func(found pgx.Rows) (err error) {
		if refused == nil {
			rows, err = collect(found, page.columns, page.size+1)
		}
		return err
	})
	batch.Queue(endReading)
	if err := tx.snapshot.use(func(c *pgx.Conn) error { return c.SendBatch(ctx, batch).Close() }); err != nil {
		tx.Close() // the end may not have been reached
		if refused == nil {
			return nil, fmt.Errorf("read page: %w", err)
		}
		return nil, refused
	}
	_ = tx.snapshot.conn.Close()
	return rows, refused
}
