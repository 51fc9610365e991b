package transport

import (
	"mime"
	"strconv"
	"strings"
)

const (
	mediaJSON     = "application/json"
	mediaResponse = "application/graphql-response+json"
	mediaStream   = "text/event-stream"
)

// negotiate picks the media type of an answer by the weights of an Accept header; "" when there is none to
// please it. Plain JSON is the default, and the newer type is for those who ask for it by name.
func negotiate(accept []string) string {
	header := strings.Join(accept, ",")
	if strings.TrimSpace(header) == "" {
		return mediaJSON
	}
	plain, response := weigh(header, mediaJSON), weigh(header, mediaResponse)
	switch {
	case response.q > 0 && response.named() && response.q >= plain.q:
		return mediaResponse
	case plain.q > 0:
		return mediaJSON
	case response.q > 0:
		return mediaResponse
	}
	return ""
}

// prefersStream reports whether an Accept header asks for a stream by name, and for nothing else by name rather.
func prefersStream(accept []string) bool {
	header := strings.Join(accept, ",")
	stream := weigh(header, mediaStream)
	for _, media := range []string{mediaJSON, mediaResponse} {
		if other := weigh(header, media); other.named() && other.q > stream.q {
			return false
		}
	}
	return stream.named() && stream.q > 0
}

// weight is what a header thinks of one media type: the closest match counts, whatever its place.
type weight struct {
	q         float64
	closeness int
}

func (w weight) named() bool { return w.closeness == 3 }

func weigh(header, media string) weight {
	var best weight
	for entry := range strings.SplitSeq(header, ",") {
		got, params, err := mime.ParseMediaType(entry)
		found := weight{q: quality(params["q"]), closeness: closeness(got, media)}
		if err == nil && utf8Charset(params) && found.closeness > best.closeness {
			best = found
		}
	}
	return best
}

func closeness(pattern, media string) int {
	switch pattern {
	case media:
		return 3
	case "application/*":
		return 2
	case "*/*":
		return 1
	}
	return 0
}

func quality(text string) float64 {
	if text == "" {
		return 1
	}
	q, err := strconv.ParseFloat(text, 64)
	if err == nil && q >= 0 && q <= 1 {
		return q
	}
	return 0
}

func utf8Charset(params map[string]string) bool {
	charset := params["charset"]
	return charset == "" || strings.EqualFold(charset, "utf-8")
}
