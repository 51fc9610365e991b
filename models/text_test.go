package models_test

import (
	"strings"
	"testing"

	"parley/models"
)

func TestWeighted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		want       int
	}{
		{"nothing", "", 0},
		{"letters", "Grüße, Ωmega, Привет", 20},
		{"the dash and quotes people type", "a – “b” — c’", 12},
		{"Chinese, Japanese and Korean", "你好かな한글", 12},
		{"an emoji", "🌷", 2},
		{"an emoji with a tone of skin", "👍🏽", 2},
		{"a family is one emoji", "👨‍👩‍👧‍👦", 2},
		{"a heart with its variation", "❤️", 2},
		{"a flag is one emoji", "🇩🇪", 2},
		{"two flags", "🇩🇪🇫🇷", 4},
		{"a short address", "see http://a.de", 4 + 23},
		{"a long address", "see https://example.com/" + strings.Repeat("x", 300), 4 + 23},
		{"two addresses", "https://a.de https://b.de", 47},
	} {
		if got := models.Weighted.Count(test.text); got != test.want {
			t.Errorf("%s: %q weighs %d, want %d", test.name, test.text, got, test.want)
		}
	}
}
