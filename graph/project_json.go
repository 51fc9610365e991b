package graph

import (
	"strconv"
	"time"
)

const hexDigits = "0123456789ABCDEF" // as gqlgen has them

// quoted appends a string as gqlgen writes it.
func quoted(json []byte, s string) []byte {
	json = append(json, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '\\' && c != '"' {
			continue
		}
		json = append(json, s[start:i]...)
		switch c {
		case '\t':
			json = append(json, `\t`...)
		case '\r':
			json = append(json, `\r`...)
		case '\n':
			json = append(json, `\n`...)
		case '\\', '"':
			json = append(json, '\\', c)
		default:
			json = append(json, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		start = i + 1
	}
	return append(append(json, s[start:]...), '"')
}

// The ways a value of a row becomes JSON.

func text[T any, S ~string](at func(*T) S) writer[T] {
	return func(_ *sight, json []byte, row *T) []byte { return quoted(json, string(at(row))) }
}

// wordOrNull is a text that says nothing when it is empty.
func wordOrNull[T any, S ~string](at func(*T) S) writer[T] {
	return func(_ *sight, json []byte, row *T) []byte {
		if said := at(row); said != "" {
			return quoted(json, string(said))
		}
		return append(json, "null"...)
	}
}

func textOrNull[T any, S ~string](at func(*T) *S) writer[T] {
	return func(_ *sight, json []byte, row *T) []byte {
		if said := at(row); said != nil {
			return quoted(json, string(*said))
		}
		return append(json, "null"...)
	}
}

func instant[T any](at func(*T) time.Time) writer[T] {
	return func(_ *sight, json []byte, row *T) []byte { return moment(json, at(row)) }
}

func instantOrNull[T any](at func(*T) *time.Time) writer[T] {
	return func(_ *sight, json []byte, row *T) []byte {
		if t := at(row); t != nil {
			return moment(json, *t)
		}
		return append(json, "null"...)
	}
}

func moment(json []byte, t time.Time) []byte {
	json = append(json, '"')
	json = t.UTC().AppendFormat(json, time.RFC3339Nano)
	return append(json, '"')
}

func number[T any](at func(*T) int) writer[T] {
	return func(_ *sight, json []byte, row *T) []byte { return strconv.AppendInt(json, int64(at(row)), 10) }
}

func numberOrNull[T any](at func(*T) *int) writer[T] {
	return func(_ *sight, json []byte, row *T) []byte {
		if n := at(row); n != nil {
			return strconv.AppendInt(json, int64(*n), 10)
		}
		return append(json, "null"...)
	}
}

func truth[T any](at func(*T) bool) writer[T] {
	return func(_ *sight, json []byte, row *T) []byte { return strconv.AppendBool(json, at(row)) }
}

func words[S ~string](json []byte, all []S) []byte {
	json = append(json, '[')
	for i, w := range all {
		if i > 0 {
			json = append(json, ',')
		}
		json = quoted(json, string(w))
	}
	return append(json, ']')
}
