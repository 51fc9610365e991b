package facebook

import (
	"encoding/json"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// Parse reads entries × messages and changes, each element by itself.
func (*Adapter) Parse(d channels.Delivery, _ *channels.Account) channels.Parsed {
	var r meta.Reader
	r.Account(d.Body, "page", func(e meta.Entry, field string, raw json.RawMessage) error {
		in, err := read(e, field, raw)
		if in != nil && err == nil {
			r.Keep(*in)
		}
		return err
	})
	return r.Parsed()
}

// read reads one change. Nil without an error is nothing for us: reactions, ratings, settings of the Page.
func read(e meta.Entry, field string, raw json.RawMessage) (*models.Inbound, error) {
	if field != "feed" && field != "mention" {
		return nil, nil
	}
	var c change
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	c.page, c.sentAt = string(e.ID), e.SentAt.Time
	kind, isKnown := verbs[c.Verb]
	switch {
	case !isKnown:
		return nil, nil
	case field == "mention":
		return c.mention(kind)
	case c.Item == "comment":
		return c.comment(kind)
	case isPost[c.Item]:
		return c.post(kind)
	default:
		return nil, nil
	}
}

// verbs are what happened. The reference says "edit" and "delete", deliveries say "edited" and "remove".
var verbs = map[string]models.InboundKind{
	"add":    models.InboundUtterance,
	"edit":   models.InboundEdit,
	"edited": models.InboundEdit,
	"update": models.InboundEdit,
	"delete": models.InboundDeletion,
	"remove": models.InboundDeletion,
	"hide":   models.InboundHidden,
	"unhide": models.InboundShown,
}

var isPost = map[string]bool{"post": true, "status": true, "photo": true, "video": true, "link": true}
