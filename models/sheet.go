package models

import (
	"context"
	"database/sql/driver"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"gorm.io/gorm/schema"
)

// sheet writes and reads rows of one table, an array for each column: the text of a statement does not depend on how many
// rows there are, so that the database plans it once.
type sheet[T any] struct {
	table  string
	fields []*schema.Field
}

// sheetOf is a sheet of these columns of a table.
func sheetOf[T any](columns ...string) sheet[T] {
	s := sheetWhere[T](func(f *schema.Field) bool { return slices.Contains(columns, f.DBName) })
	if len(s.fields) != len(columns) {
		panic(fmt.Sprintf("%s does not have all of %v", s.table, columns))
	}
	return s
}

// newRows is a sheet of all that new rows of a table are given.
func newRows[T any]() sheet[T] {
	return sheetWhere[T](func(f *schema.Field) bool { return f.Creatable })
}

// wholeRows is a sheet of all that is read of rows of a table.
func wholeRows[T any]() sheet[T] {
	return sheetWhere[T](func(f *schema.Field) bool { return f.Readable })
}

func sheetWhere[T any](wanted func(*schema.Field) bool) sheet[T] {
	parsed, err := schema.Parse(new(T), &sync.Map{}, schema.NamingStrategy{})
	if err != nil {
		panic(fmt.Errorf("read the columns of %T: %w", *new(T), err))
	}
	s := sheet[T]{table: parsed.Table}
	for _, name := range parsed.DBNames {
		if f := parsed.FieldsByDBName[name]; wanted(f) {
			s.fields = append(s.fields, f)
		}
	}
	return s
}

// list names the columns, each in the way of a format.
func (s sheet[T]) list(format func(f *schema.Field) string) string {
	all := make([]string, len(s.fields))
	for i, f := range s.fields {
		all[i] = format(f)
	}
	return strings.Join(all, ", ")
}

func (s sheet[T]) names() string {
	return s.list(func(f *schema.Field) string { return f.DBName })
}

// of names the columns of a table by its alias.
func (s sheet[T]) of(alias string) string {
	return s.list(func(f *schema.Field) string { return alias + "." + f.DBName })
}

// values names the columns of source, as their table wants them.
func (s sheet[T]) values() string {
	return s.list(func(f *schema.Field) string {
		if f.Serializer != nil {
			return "source." + f.DBName + "::json"
		}
		return "source." + f.DBName
	})
}

// source is where a statement finds the rows: its arguments from number first on.
func (s sheet[T]) source(first int) string {
	arrays := make([]string, len(s.fields))
	for i, f := range s.fields {
		arrays[i] = "$" + strconv.Itoa(first+i) + "::" + arrayType(f)
	}
	return "unnest(" + strings.Join(arrays, ", ") + ")"
}

// insert is the statement that writes new rows.
func (s sheet[T]) insert() string {
	return "INSERT INTO " + s.table + " (" + s.names() + ") SELECT " + s.values() +
		" FROM " + s.source(1) + " AS source (" + s.names() + ")"
}

// update is the statement that writes the columns of rows that are there, known by organization_id and id.
func (s sheet[T]) update() string {
	var set []string
	for _, f := range s.fields {
		if !f.PrimaryKey {
			set = append(set, f.DBName+" = source."+f.DBName)
		}
	}
	return "UPDATE " + s.table + " kept SET " + strings.Join(set, ", ") +
		" FROM " + s.source(1) + " AS source (" + s.names() + ")" +
		" WHERE kept.organization_id = source.organization_id AND kept.id = source.id"
}

// arrays are the arguments of a statement on rows.
func (s sheet[T]) arrays(rows []*T) ([]any, error) {
	all := make([]any, len(s.fields))
	for i, f := range s.fields {
		column, err := arrayOf(f, rows)
		if err != nil {
			return nil, fmt.Errorf("write %s of %s: %w", f.DBName, s.table, err)
		}
		all[i] = column
	}
	return all, nil
}

// read takes the rows of an answer that has exactly the columns of the sheet.
func (s sheet[T]) read(rows pgx.Rows) ([]*T, error) {
	var all []*T
	places := make([]any, len(s.fields))
	for rows.Next() {
		row := new(T)
		into := reflect.ValueOf(row).Elem()
		for i, f := range s.fields {
			places[i] = f.ReflectValueOf(context.Background(), into).Addr().Interface()
		}
		if err := rows.Scan(places...); err != nil {
			return nil, fmt.Errorf("read %s: %w", s.table, err)
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

func arrayType(f *schema.Field) string {
	switch kind := f.IndirectFieldType.Kind(); {
	case f.Serializer != nil, kind == reflect.String:
		return "text[]"
	case kind == reflect.Int, kind == reflect.Int64:
		return "bigint[]"
	case f.IndirectFieldType == reflect.TypeFor[time.Time]():
		return "timestamptz[]"
	default:
		panic(fmt.Sprintf("no array of %s is known", f.IndirectFieldType))
	}
}

func arrayOf[T any](f *schema.Field, rows []*T) (any, error) {
	switch arrayType(f) {
	case "bigint[]":
		return column(f, rows, reflect.Value.Int), nil
	case "timestamptz[]":
		return column(f, rows, func(v reflect.Value) time.Time { return v.Interface().(time.Time) }), nil
	default:
		if f.Serializer != nil {
			return serialized(f, rows)
		}
		return column(f, rows, reflect.Value.String), nil
	}
}

// column is one field of all rows; nil stands for NULL.
func column[T, V any](f *schema.Field, rows []*T, value func(reflect.Value) V) any {
	if f.FieldType.Kind() != reflect.Pointer {
		all := make(pgtype.FlatArray[V], len(rows))
		for i, row := range rows {
			all[i] = value(cell(f, row))
		}
		return all
	}
	all := make(pgtype.FlatArray[*V], len(rows))
	for i, row := range rows {
		if v := cell(f, row); !v.IsNil() {
			kept := value(v.Elem())
			all[i] = &kept
		}
	}
	return all
}

func cell(f *schema.Field, row any) reflect.Value {
	return f.ReflectValueOf(context.Background(), reflect.ValueOf(row).Elem())
}

func serialized[T any](f *schema.Field, rows []*T) (any, error) {
	all := make(pgtype.FlatArray[*string], len(rows))
	for i, row := range rows {
		v, _ := f.ValueOf(context.Background(), reflect.ValueOf(row).Elem())
		said, err := v.(driver.Valuer).Value()
		if err != nil {
			return nil, err
		}
		if text, ok := said.(string); ok {
			all[i] = &text
		}
	}
	return all, nil
}
