package models

import (
	"regexp"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// TextUnit is what a platform counts when it limits a text.
type TextUnit string

// The units.
const (
	Characters TextUnit = "CHARACTERS" // Unicode code points
	UTF16Units TextUnit = "UTF16_UNITS"
	Bytes      TextUnit = "BYTES"    // of UTF-8
	Weighted   TextUnit = "WEIGHTED" // as X counts: see weigh
)

// Count measures text in the unit.
func (u TextUnit) Count(text string) int {
	switch u {
	case UTF16Units:
		return len(utf16.Encode([]rune(text)))
	case Bytes:
		return len(text)
	case Weighted:
		return weigh(text)
	default:
		return utf8.RuneCountInString(text)
	}
}

func (u TextUnit) words() string {
	switch u {
	case Bytes:
		return "bytes"
	case UTF16Units:
		return "UTF-16 units"
	default:
		return "characters"
	}
}

var link = regexp.MustCompile(`https?://\S+`)

// weightOfLink is what X counts for an address, however long it is.
const weightOfLink = 23

// weigh counts as X does (docs.x.com, Counting characters): most letters of alphabets weigh one, other characters, among
// them Chinese, Japanese, Korean and a whole emoji, two.
func weigh(text string) int {
	weight := weightOfLink * len(link.FindAllStringIndex(text, -1))
	joined, half := false, false
	for _, r := range link.ReplaceAllString(text, "") {
		switch {
		case r == zeroWidthJoiner:
			joined = true
			continue
		case joined, unicode.Is(unicode.Variation_Selector, r), r >= 0x1F3FB && r <= 0x1F3FF: // belongs to the emoji before
		case r >= 0x1F1E6 && r <= 0x1F1FF: // a flag is two letters
			if half = !half; half {
				weight += 2
			}
		case isLight(r):
			weight++
		default:
			weight += 2
		}
		joined = false
	}
	return weight
}

const zeroWidthJoiner = 0x200D

func isLight(r rune) bool {
	return r <= 0x10FF || r >= 0x2000 && r <= 0x200D || r >= 0x2010 && r <= 0x201F || r >= 0x2032 && r <= 0x2037
}
