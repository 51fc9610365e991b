package models

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// selection reads some columns of some rows of a table, in order. Its text is the same whenever it asks the same, whatever
// the values are: then the database has its plan already.
type selection struct {
	table   string
	columns string
	where   []string
	arms    []string // if any, exactly one of them holds for each row; each walks a part of its index in order
	args    []any
}

// arg takes a value and returns what stands for it in the text.
func (s *selection) arg(value any) string {
	s.args = append(s.args, value)
	return "$" + strconv.Itoa(len(s.args))
}

// and narrows the rows.
func (s *selection) and(condition string) { s.where = append(s.where, condition) }

// among narrows the rows to those with one of these values; none narrow nothing.
func among[S ~string](s *selection, column string, values []S) {
	switch len(values) {
	case 0:
	case 1:
		s.and(column + " = " + s.arg(string(values[0])))
	default:
		all := make([]string, len(values))
		for i, v := range values {
			all[i] = string(v)
		}
		s.and(column + " = ANY (" + s.arg(all) + ")")
	}
}

// text is the statement. The limit is written out: a plan made without knowing it might sort all there is.
func (s *selection) text(order string, limit int) string {
	end := " ORDER BY " + order + " LIMIT " + strconv.Itoa(limit)
	read := "SELECT " + s.columns + " FROM " + s.table + " WHERE " + strings.Join(s.where, " AND ")
	if len(s.arms) == 0 {
		return read + end
	}
	parts := make([]string, len(s.arms))
	for i, arm := range s.arms {
		parts[i] = "(" + read + " AND " + arm + end + ")"
	}
	return "SELECT * FROM (" + strings.Join(parts, " UNION ALL ") + ") arms" + end
}

// find reads the rows of a selection.
func find[T any](tx *Tx, s *selection, columns []attribute[T], order string, limit int) (found []T, err error) {
	text := s.text(order, limit)
	if tx.snapshot == nil {
		err = tx.db.Raw(text, s.args...).Find(&found).Error
		return found, err
	}
	tx.told(text, s.args)
	err = tx.snapshot.use(func(c *pgx.Conn) error {
		rows, err := c.Query(tx.db.Statement.Context, text, s.args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		found, err = collect(rows, columns, limit)
		return err
	})
	return found, err
}

// collect takes the rows, which are at most so many.
func collect[T any](rows pgx.Rows, columns []attribute[T], limit int) ([]T, error) {
	if err := rows.Err(); err != nil {
		return nil, err
	}
	found := make([]T, 0, min(limit, MaxPage+1))
	fields, types := rows.FieldDescriptions(), rows.Conn().TypeMap()
	var texts texts
	for rows.Next() {
		found = append(found, *new(T))
		row := &found[len(found)-1]
		for i, raw := range rows.RawValues() {
			if raw == nil {
				continue
			}
			v := datum{raw: raw, format: fields[i].Format, oid: fields[i].DataTypeOID, types: types, texts: &texts}
			if err := columns[i].set(row, v); err != nil {
				return nil, fmt.Errorf("read %s: %w", columns[i].name, err)
			}
		}
	}
	return found, rows.Err()
}

// told tells who listens what the database is made to do.
func (tx *Tx) told(text string, args []any) {
	if tx.store != nil && tx.store.told != nil {
		tx.store.told(text, args)
	}
}
