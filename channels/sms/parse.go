package sms

import (
	"errors"
	"fmt"
	"mime"
	"net/url"
	"strconv"
	"strings"

	"parley/channels"
	"parley/models"
)

// Parse reads one message of a contact, or how far one of ours got. Twilio delivers them one by one, and without a time.
func (*Adapter) Parse(d channels.Delivery, account *channels.Account) channels.Parsed {
	in, err := read(d, account)
	if err != nil {
		return channels.Parsed{Unreadable: []error{fmt.Errorf("read delivery: %w", err)}}
	}
	return channels.Parsed{Inbound: []models.Inbound{in}}
}

func read(d channels.Delivery, account *channels.Account) (models.Inbound, error) {
	f := withoutNUL(form(d.Body))
	about := models.Inbound{
		AccountID:  d.AccountID,
		DeliveryID: d.Header.Get("I-Twilio-Idempotency-Token"),
		ExternalID: first(f, "MessageSid", "SmsMessageSid", "SmsSid"),
		Surface:    models.PrivateMessage,
	}
	if about.ExternalID == "" {
		return models.Inbound{}, errors.New("neither a message nor a status: no sid")
	}
	status := strings.ToLower(first(f, "MessageStatus", "SmsStatus"))
	if status != "" && status != "received" && status != "receiving" {
		return receipt(about, f, status)
	}
	m := message{
		sid: about.ExternalID, from: f.Get("From"), to: f.Get("To"), service: f.Get("MessagingServiceSid"),
		body: f.Get("Body"), optOut: f.Get("OptOutType"), media: mediaOf(f),
	}
	if account != nil && !m.isFor(*account) {
		return models.Inbound{}, errors.New("message to another number")
	}
	return m.tell(about)
}

func first(f url.Values, names ...string) string {
	for _, name := range names {
		if value := f.Get(name); value != "" {
			return value
		}
	}
	return ""
}

// withoutNUL keeps out what PostgreSQL cannot keep.
func withoutNUL(f url.Values) url.Values {
	for _, values := range f {
		for i := range values {
			values[i] = strings.ReplaceAll(strings.ToValidUTF8(values[i], "\ufffd"), "\x00", "\ufffd")
		}
	}
	return f
}

const maxMedia = 10 // Twilio sends no more in one message

func mediaOf(f url.Values) []media {
	var all []media
	for i := range maxMedia {
		number := strconv.Itoa(i)
		address := f.Get("MediaUrl" + number)
		if address == "" {
			break
		}
		all = append(all, media{address: address, contentType: f.Get("MediaContentType" + number)})
	}
	return all
}

// message is what a contact wrote, as a delivery or the list of messages tells it.
type message struct {
	sid, from, to, service string
	body                   string
	optOut                 string // what Twilio took the message for, where Advanced Opt-Out is switched on
	media                  []media
}

type media struct{ address, contentType string }

// isFor reports whether the message was sent to the account. The numbers of a service are not known here.
func (m message) isFor(account channels.Account) bool {
	if isService(account) {
		return m.service == "" || m.service == account.ID
	}
	return m.to == account.ID
}

func (m message) tell(in models.Inbound) (models.Inbound, error) {
	if m.from == "" {
		return models.Inbound{}, errors.New("message from nobody")
	}
	in.Kind, in.Direction = m.kind(), models.InboundMessage
	in.ExternalID, in.ThreadKey, in.Author.ID, in.Text = m.sid, m.from, m.from, m.body
	for i, part := range m.media {
		a := part.attachment()
		a.Position = i
		in.Attachments = append(in.Attachments, a)
	}
	return in, nil
}

func (p media) attachment() models.Attachment {
	kind, _, err := mime.ParseMediaType(p.contentType)
	if err != nil {
		kind = p.contentType
	}
	a := models.Attachment{Kind: models.File, URL: p.address, MIMEType: kind}
	family, _, _ := strings.Cut(kind, "/")
	switch {
	case family == "image":
		a.Kind = models.Image
	case family == "video":
		a.Kind = models.Video
	case family == "audio":
		a.Kind = models.Audio
	case kind == "text/vcard" || kind == "text/x-vcard":
		a.Kind = models.ContactCard
	}
	return a
}
