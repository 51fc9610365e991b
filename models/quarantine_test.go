package models_test

import (
	"strings"
	"testing"

	"parley/models"
)

func TestMask(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, said, want string
		limit            int
	}{
		{"letters and digits", "Call 0170-1234!", "xxxx 0000-0000!", 100},
		{"the shape of JSON", `{"text":"Grüße 你好","n":42}`, `{"xxxx":"xxxxx xx","x":00}`, 100},
		{"the shape of XML", "<a b='c'>d</a>", "<x x='x'>x</x>", 100},
		{"emoji and other signs", "🌷+€", "xxx", 100},
		{"digits of other scripts", "٣४", "00", 100},
		{"lines", "a\nb\tc\x00\x1b", "x\nx\tx??", 100},
		{"what is no text", "a\xffb", "x?x", 100},
		{"as much as there may be", "abc", "xxx", 3},
		{"more than there may be", "abcd", "xxx…", 3},
	} {
		if got := models.Mask(test.said, test.limit); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if long := models.Mask(strings.Repeat("你", 10000), 4000); strings.Count(long, "x") != 4000 {
		t.Error("kept more than it may")
	}
}
