package linkedin

import (
	"encoding/json"
	"fmt"

	"parley/channels"
	"parley/models"
)

const notificationType = "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS"

// Parse reads notifications about Pages, each by itself.
func (*Adapter) Parse(d channels.Delivery, _ *channels.Account) channels.Parsed {
	var r reader
	document, err := channels.Document(d.Body)
	if err == nil {
		err = r.delivery(document)
	}
	if err != nil {
		r.cannotRead("delivery", err)
	}
	return r.parsed()
}

// reader collects what a body says.
type reader struct {
	inbound    []models.Inbound
	unreadable []error
}

func (r *reader) parsed() channels.Parsed {
	return channels.Parsed{Inbound: channels.Distinct(r.inbound), Unreadable: r.unreadable}
}

func (r *reader) cannotRead(what string, err error) {
	r.unreadable = append(r.unreadable, fmt.Errorf("read %s: %w", what, err))
}

func (r *reader) delivery(raw json.RawMessage) error {
	var body struct {
		Type          string
		Notifications json.RawMessage
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return err
	}
	if body.Type != "" && body.Type != notificationType {
		return nil // of another product, such as leads
	}
	r.notifications(body.Notifications)
	return nil
}

// notifications reads a list of them, delivered or asked for, and reports those it cannot read.
func (r *reader) notifications(raw json.RawMessage) {
	elements, err := channels.Elements(raw)
	if err != nil {
		r.cannotRead("notifications", err)
	}
	for i, element := range elements {
		in, err := readNotification(element)
		if err != nil {
			r.cannotRead(fmt.Sprintf("notification %d", i), err)
			continue
		}
		if in != nil {
			r.inbound = append(r.inbound, *in)
		}
	}
}
