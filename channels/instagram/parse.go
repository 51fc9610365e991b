package instagram

import (
	"encoding/json"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// Parse reads entries × messages and changes, each element by itself.
func (*Adapter) Parse(d channels.Delivery, _ *channels.Account) channels.Parsed {
	var r meta.Reader
	r.Account(d.Body, "instagram", func(e meta.Entry, field string, raw json.RawMessage) error {
		in, err := read(e, field, raw)
		if in != nil && err == nil {
			r.Keep(*in)
		}
		return err
	})
	return r.Parsed()
}

// read reads one change. Nil without an error is nothing for us, such as the statistics of a story.
func read(e meta.Entry, field string, raw json.RawMessage) (*models.Inbound, error) {
	switch field {
	case "comments", "live_comments":
		return readComment(e, raw)
	case "mentions":
		return readMention(e, raw)
	default:
		return nil, nil
	}
}
