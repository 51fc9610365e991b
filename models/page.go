package models

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
)

// Sizes of a page.
const (
	DefaultPage = 25
	MaxPage     = 100
)

// Page asks for a part of a list, forward with First and After or backward with Last and Before.
type Page struct {
	First  *int
	After  *string
	Last   *int
	Before *string
}

// PageInfo says what lies around a page.
type PageInfo struct {
	HasNextPage     bool
	HasPreviousPage bool
	StartCursor     *string
	EndCursor       *string
}

// Edge is one entry of a list with its place in it.
type Edge[T any] struct {
	Cursor string
	Node   *T
}

// Connection is one page of a list. EventCursor is the place in the event log the page was read at: following events
// after it misses nothing that changes the page.
type Connection[T any] struct {
	Edges       []Edge[T]
	PageInfo    PageInfo
	EventCursor string
}

// Nodes are the entries without their places.
func (c Connection[T]) Nodes() []*T {
	nodes := make([]*T, len(c.Edges))
	for i := range c.Edges {
		nodes[i] = c.Edges[i].Node
	}
	return nodes
}

func (p Page) size() (int, error) {
	n, field := DefaultPage, "first"
	switch {
	case p.First != nil && p.Last != nil:
		return 0, Refuse(InvalidInput, "last", "Ask for the first or for the last entries, not for both.")
	case p.First != nil:
		n = *p.First
	case p.Last != nil:
		n, field = *p.Last, "last"
	}
	if n < 1 || n > MaxPage {
		return 0, Refuse(InvalidInput, field, fmt.Sprintf("A page has from 1 to %d entries.", MaxPage))
	}
	return n, nil
}

// order is how a list is sorted: by a column of times, then by id. The cursor is these two, so a page is found by
// its index wherever it lies, and rows that come or go elsewhere move nothing.
type order[T any] struct {
	column     string // of the time; "id" sorts by id alone
	descending bool
	key        func(*T) (at time.Time, id string)
}

type cursor struct {
	Column string    `json:"c"` // in another order the same place means something else
	At     time.Time `json:"t"`
	ID     string    `json:"i"`
}

func (o order[T]) cursor(row *T) string {
	at, id := o.key(row)
	var space, encoded [256]byte
	text := append(space[:0], `{"c":"`...) // the JSON of a cursor, whose words are all our own
	text = append(append(text, o.column...), `","t":"`...)
	text = append(at.UTC().AppendFormat(text, time.RFC3339Nano), `","i":"`...)
	text = append(append(text, id...), `"}`...)
	return string(base64.RawURLEncoding.AppendEncode(encoded[:0], text))
}

func parseCursor(text, field string) (c cursor, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil || c.ID == "" || strings.Contains(c.ID, "\x00") { // which PostgreSQL takes in no text
		return cursor{}, notACursor(field)
	}
	return c, nil
}

func notACursor(field string) error {
	return Refuse(InvalidCursor, field, "This is not a cursor of this list in this order.")
}

// page reads one page of query, and the end of the log in the same snapshot.
func page[T any](tx *Tx, query *gorm.DB, p Page, o order[T]) (*Connection[T], error) {
	bounds, size, err := o.bounds(p)
	if err != nil {
		return nil, err
	}
	for _, b := range bounds {
		query = query.Where(o.beyond(b, func(any) string { return "?" }), o.place(b)...)
	}
	var rows []T
	if err := query.Order(o.sort(o.descending != p.backward())).Limit(size + 1).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	return connect(tx, rows, size, p, o)
}

// leaf is a page of a selection, to be read.
type leaf[T any] struct {
	*selection
	columns []attribute[T]
	page    Page
	size    int
	order   order[T]
	steady  bool // only the organization and the place are left open: there is one best way to the rows
}

// leafOf narrows a selection to a page.
func leafOf[T any](s *selection, columns []attribute[T], p Page, o order[T]) (*leaf[T], error) {
	bounds, size, err := o.bounds(p)
	if err != nil {
		return nil, err
	}
	l := &leaf[T]{selection: s, columns: columns, page: p, size: size, order: o, steady: len(s.args) == 1}
	for _, b := range bounds {
		s.and(o.beyond(b, s.arg))
	}
	return l, nil
}

func (l *leaf[T]) sort() string { return l.order.sort(l.order.descending != l.page.backward()) }

// read reads the page, and the end of the log in the same snapshot.
func (l *leaf[T]) read(tx *Tx) (*Connection[T], error) {
	rows, err := find(tx, l.selection, l.columns, l.sort(), l.size+1)
	if err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	return connect(tx, rows, l.size, l.page, l.order)
}

// connect makes a page of the rows that were read for it, of which the last one only says that there are more.
func connect[T any](tx *Tx, rows []T, size int, p Page, o order[T]) (*Connection[T], error) {
	more := len(rows) > size
	rows = rows[:min(len(rows), size)]
	if p.backward() {
		slices.Reverse(rows)
	}
	last, err := tx.logEnd()
	if err != nil {
		return nil, err
	}
	c := &Connection[T]{Edges: make([]Edge[T], len(rows)), EventCursor: EventCursor(last)}
	for i := range rows {
		c.Edges[i] = Edge[T]{Cursor: o.cursor(&rows[i]), Node: &rows[i]}
	}
	if p.backward() {
		c.PageInfo.HasPreviousPage, c.PageInfo.HasNextPage = more, p.Before != nil
	} else {
		c.PageInfo.HasNextPage, c.PageInfo.HasPreviousPage = more, p.After != nil
	}
	if len(rows) > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &c.Edges[0].Cursor, &c.Edges[len(rows)-1].Cursor
	}
	return c, nil
}

// logEnd is the number of the newest event of the snapshot.
func (tx *Tx) logEnd() (int64, error) {
	if tx.snapshot != nil {
		return tx.snapshot.logEnd, nil
	}
	_, last, err := tx.LogBounds()
	return last, err
}

func (p Page) backward() bool { return p.Last != nil }

// bound is where a page begins or ends.
type bound struct {
	cursor
	sign string
}

// bounds reads the cursors of a page, and its size.
func (o order[T]) bounds(p Page) (bounds []bound, size int, err error) {
	if size, err = p.size(); err != nil {
		return nil, 0, err
	}
	beyond, short := ">", "<"
	if o.descending {
		beyond, short = "<", ">"
	}
	for _, end := range []struct {
		text  *string
		field string
		sign  string
	}{{p.After, "after", beyond}, {p.Before, "before", short}} {
		if end.text == nil {
			continue
		}
		c, err := parseCursor(*end.text, end.field)
		if err == nil && c.Column != o.column {
			err = notACursor(end.field)
		}
		if err != nil {
			return nil, 0, err
		}
		bounds = append(bounds, bound{c, end.sign})
	}
	return bounds, size, nil
}

// beyond says that a row lies beyond a bound; arg returns what stands for a value.
func (o order[T]) beyond(b bound, arg func(any) string) string {
	if o.column == "id" {
		return "id " + b.sign + " " + arg(b.ID)
	}
	return "(" + o.column + ", id) " + b.sign + " (" + arg(b.At) + ", " + arg(b.ID) + ")"
}

func (o order[T]) place(b bound) []any {
	if o.column == "id" {
		return []any{b.ID}
	}
	return []any{b.At, b.ID}
}

func (o order[T]) sort(descending bool) string {
	direction := " ASC"
	if descending {
		direction = " DESC"
	}
	if o.column == "id" {
		return "id" + direction
	}
	return o.column + direction + ", id" + direction
}
