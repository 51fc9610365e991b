package transport

import (
	"mime"
	"strconv"
	"strings"
)

const (
	mediaJSON     = "application/json"
	mediaResponse = "application/graphql-response+json"
	mediaEvents   = "text/event-stream"
	mediaParts    = "multipart/mixed"
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

// framingOf is the framing of streams an Accept header asks for by name; nil if it asks for none, or for an answer rather.
func framingOf(accept []string) framing {
	header := strings.Join(accept, ",")
	events, parts := weigh(header, mediaEvents).byName(), weigh(header, mediaParts).byName()
	answer := max(weigh(header, mediaJSON).byName(), weigh(header, mediaResponse).byName())
	switch {
	case events > 0 && events >= parts && events >= answer:
		return serverSent{}
	case parts > 0 && parts >= answer:
		return multipart{}
	}
	return nil
}

// weight is what a header thinks of one media type: the closest match counts, whatever its place.
type weight struct {
	q         float64
	closeness int
}

func (w weight) named() bool { return w.closeness == 3 }

func (w weight) byName() float64 {
	if w.named() {
		return w.q
	}
	return 0
}

func weigh(header, media string) weight {
	var best weight
	for entry := range strings.SplitSeq(header, ",") {
		got, params, err := mime.ParseMediaType(entry)
		found := weight{q: quality(params["q"]), closeness: closeness(got, media)}
		if err == nil && utf8Charset(params) && (media != mediaParts || params["subscriptionspec"] == subscriptionSpec) && found.closeness > best.closeness {
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
