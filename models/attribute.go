package models

import (
	"encoding/binary"
	"encoding/json"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// attribute is a column of a table and where its value goes in a row. What is NULL leaves the row as it is.
type attribute[T any] struct {
	name string
	set  func(*T, datum) error
}

// datum is a value as the database sends it.
type datum struct {
	raw    []byte // lent
	format int16
	oid    uint32
	types  *pgtype.Map
	texts  *texts
}

// texts lie side by side: those of a page come and go together.
type texts struct{ strings.Builder }

const roomForTexts = 4 << 10

func (t *texts) keep(raw []byte) string {
	if t.Cap()-t.Len() < len(raw) {
		t.Reset() // what lies there stays for those who have a part of it
		t.Grow(max(roomForTexts, len(raw)))
	}
	begin := t.Len()
	t.Write(raw)
	return t.String()[begin:]
}

// epoch is where PostgreSQL counts microseconds from.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (c datum) time() (t time.Time, err error) {
	if c.format == pgx.BinaryFormatCode && c.oid == pgtype.TimestamptzOID && len(c.raw) == 8 {
		return time.UnixMicro(epoch.UnixMicro() + int64(binary.BigEndian.Uint64(c.raw))).UTC(), nil
	}
	err = c.types.Scan(c.oid, c.format, c.raw, &t)
	return t.UTC(), err
}

func (c datum) int() (n int, err error) {
	if c.format == pgx.BinaryFormatCode && c.oid == pgtype.Int4OID && len(c.raw) == 4 {
		return int(int32(binary.BigEndian.Uint32(c.raw))), nil
	}
	err = c.types.Scan(c.oid, c.format, c.raw, &n)
	return n, err
}

func textColumn[T any, S ~string](name string, at func(*T) *S) attribute[T] {
	return attribute[T]{name, func(row *T, c datum) error {
		*at(row) = S(c.texts.keep(c.raw))
		return nil
	}}
}

func optionalText[T any, S ~string](name string, at func(*T) **S) attribute[T] {
	return attribute[T]{name, func(row *T, c datum) error {
		text := S(c.texts.keep(c.raw))
		*at(row) = &text
		return nil
	}}
}

func timeColumn[T any](name string, at func(*T) *time.Time) attribute[T] {
	return attribute[T]{name, func(row *T, c datum) (err error) {
		*at(row), err = c.time()
		return err
	}}
}

func optionalTime[T any](name string, at func(*T) **time.Time) attribute[T] {
	return attribute[T]{name, func(row *T, c datum) error {
		t, err := c.time()
		*at(row) = &t
		return err
	}}
}

func intColumn[T any](name string, at func(*T) *int) attribute[T] {
	return attribute[T]{name, func(row *T, c datum) (err error) {
		*at(row), err = c.int()
		return err
	}}
}

func optionalInt[T any](name string, at func(*T) **int) attribute[T] {
	return attribute[T]{name, func(row *T, c datum) error {
		n, err := c.int()
		*at(row) = &n
		return err
	}}
}

func jsonColumn[T, V any](name string, at func(*T) *V) attribute[T] {
	return attribute[T]{name, func(row *T, c datum) error {
		if c.format == pgx.BinaryFormatCode { // JSONB has a byte of its version in front
			return c.types.Scan(c.oid, c.format, c.raw, at(row))
		}
		return json.Unmarshal(c.raw, at(row))
	}}
}

// names lists columns as a statement does.
func names[T any](columns []attribute[T]) string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.name
	}
	return strings.Join(all, ", ")
}
