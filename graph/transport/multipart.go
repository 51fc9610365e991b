package transport

// multipart is Apollo's protocol for subscriptions over HTTP,
// https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol. Its clients take a part
// when they see the boundary behind it, so that is written with the part, not with the next.
type multipart struct{}

const (
	// subscriptionSpec is the version of the protocol that its clients ask for, and the only one there is.
	subscriptionSpec = "1.0"
	boundary         = "\r\n--graphql"
)

func (multipart) contentType() string {
	return mediaParts + `;boundary="graphql";subscriptionSpec=` + subscriptionSpec
}

func (multipart) onlySubscriptions() bool { return true }

func (multipart) open(text []byte) []byte { return append(text, boundary...) }

func (multipart) next(text, payload []byte) []byte {
	text = append(beginPart(text), `{"payload":`...)
	return endPart(append(append(text, payload...), '}'))
}

func (multipart) alive(text []byte) []byte { return endPart(append(beginPart(text), "{}"...)) }

// end tells the reason beside a payload of null: what ends the stream is no response to the operation.
func (multipart) end(text, why []byte) []byte {
	if why != nil {
		text = append(beginPart(text), `{"payload":null,`...)
		text = endPart(append(text, why[1:]...))
	}
	return append(text, "--\r\n"...)
}

func beginPart(text []byte) []byte {
	return append(text, "\r\ncontent-type: application/json\r\n\r\n"...)
}

func endPart(text []byte) []byte { return append(text, boundary...) }
