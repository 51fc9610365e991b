package simulator

import "regexp"

// xPostMost is the weight of a post's text at most, xLinkWeight that of a link however long it is.
const (
	xPostMost   = 280
	xLinkWeight = 23
)

var xLink = regexp.MustCompile(`https?://\S+`)

// xWeight is the length of a text as X counts it: most letters are one, emoji and Chinese characters two, an emoji
// made of several counts once.
func xWeight(text string) int {
	weight := xLinkWeight * len(xLink.FindAllString(text, -1))
	joined, flag := false, false
	for _, r := range xLink.ReplaceAllString(text, "") {
		switch {
		case r == 0x200D:
			joined = true
			continue
		case joined, r == 0xFE0F, r >= 0x1F3FB && r <= 0x1F3FF: // part of the emoji before
		case r >= 0x1F1E6 && r <= 0x1F1FF: // two letters make a flag
			if flag = !flag; flag {
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

func isLight(r rune) bool {
	return r <= 4351 || r >= 8192 && r <= 8205 || r >= 8208 && r <= 8223 || r >= 8242 && r <= 8247
}
