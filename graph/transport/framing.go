package transport

// framing is how a stream looks on the wire. Each method appends to text.
type framing interface {
	contentType() string
	// onlySubscriptions reports whether everything else is answered as if nobody had asked for a stream.
	onlySubscriptions() bool
	// open comes first, before anything is known of what will follow.
	open(text []byte) []byte
	// next is a response, as Encode writes it.
	next(text, payload []byte) []byte
	// alive is said when there is nothing to say.
	alive(text []byte) []byte
	// end is the last word, with the reason if there is one: a response of errors.
	end(text, why []byte) []byte
}

// serverSent is the "distinct connections mode" of https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md.
type serverSent struct{}

func (serverSent) contentType() string     { return mediaEvents + "; charset=utf-8" }
func (serverSent) onlySubscriptions() bool { return false }
func (serverSent) open(text []byte) []byte { return text }

func (serverSent) next(text, payload []byte) []byte {
	text = append(text, "event: next\ndata: "...)
	return append(append(text, payload...), "\n\n"...) // JSON as we write it has no line breaks
}

func (serverSent) alive(text []byte) []byte { return append(text, ":\n\n"...) }

func (s serverSent) end(text, why []byte) []byte {
	if why != nil {
		text = s.next(text, why)
	}
	return append(text, "event: complete\ndata:\n\n"...)
}
