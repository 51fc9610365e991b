package models

import (
	"database/sql/driver"
	"fmt"
	"strings"
)

// Array is a column of words of our own, which need no quotes: ids and names of enums. Nil is NULL.
type Array[T ~string] []T

// Value writes the array as PostgreSQL does.
func (a Array[T]) Value() (driver.Value, error) {
	if a == nil {
		return nil, nil
	}
	words := make([]string, len(a))
	for i, word := range a {
		words[i] = string(word)
	}
	return "{" + strings.Join(words, ",") + "}", nil
}

// Scan reads what Value wrote.
func (a *Array[T]) Scan(from any) error {
	*a = nil
	if from == nil {
		return nil
	}
	text, ok := from.(string)
	if !ok || len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return fmt.Errorf("read an array from %T", from)
	}
	*a = Array[T]{}
	if text = text[1 : len(text)-1]; text == "" {
		return nil
	}
	for word := range strings.SplitSeq(text, ",") {
		*a = append(*a, T(word))
	}
	return nil
}
