package messenger

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

// letter is one message of a visitor with all there is to know about it.
type letter struct {
	Type            string              `json:"type"`
	WidgetKey       channels.Identifier `json:"widget_id"`
	ClientMessageID channels.Identifier `json:"client_message_id"`
	Contact         struct {
		AnonymousID channels.Identifier `json:"anonymous_id"` // of the browser
		CustomerID  channels.Identifier `json:"identifier"`   // of the site, which vouches for it
		Name        string              `json:"name"`
	} `json:"contact"`
	Text        string          `json:"text"`
	Attachments json.RawMessage `json:"attachments"`
	PageURL     string          `json:"page_url"`
	SentAt      time.Time       `json:"sent_at"`
}

type enclosure struct {
	UploadID channels.Identifier `json:"upload_id"`
	Name     string              `json:"name"`
	MIMEType string              `json:"mime"`
	Size     int64               `json:"size"`
}

const letterType = "message.create"

func readLetter(body []byte) (models.Inbound, error) {
	document, err := channels.Document(body)
	if err != nil {
		return models.Inbound{}, err
	}
	var l letter
	if err := json.Unmarshal(document, &l); err != nil {
		return models.Inbound{}, fmt.Errorf("read a visitor's message: %w", err)
	}
	if l.Type != letterType || l.WidgetKey == "" || l.ClientMessageID == "" || l.author().ID == "" {
		return models.Inbound{}, errNotAMessage
	}
	return l.inbound()
}

// inbound is the letter in our words. Its id is the browser's: the inbox makes it one of the whole widget.
func (l letter) inbound() (models.Inbound, error) {
	enclosures, err := channels.Elements(l.Attachments)
	if err != nil {
		return models.Inbound{}, fmt.Errorf("read attachments: %w", err)
	}
	in := models.Inbound{
		Kind: models.InboundUtterance, AccountID: string(l.WidgetKey), ExternalID: string(l.ClientMessageID),
		ThreadKey: l.author().ID, Surface: models.PrivateMessage, Direction: models.InboundMessage,
		Author: l.author(), At: utc(l.SentAt), Text: l.Text,
	}
	if page := pageOf(l.PageURL); page != "" {
		in.Details.Referral = &models.Referral{Source: "link", URL: page}
	}
	for i, raw := range enclosures {
		var e enclosure
		if err := json.Unmarshal(raw, &e); err != nil || e.UploadID == "" {
			return models.Inbound{}, fmt.Errorf("attachment %d names no upload", i)
		}
		in.Attachments = append(in.Attachments, models.Attachment{
			Position: i, Kind: models.KindOf(e.MIMEType), MediaID: string(e.UploadID), MIMEType: e.MIMEType, Filename: e.Name,
			SizeBytes: max(e.Size, 0),
		})
	}
	return in, nil
}

// author is the customer the site vouches for, or somebody known by their browser alone.
func (l letter) author() models.Author {
	a := models.Author{ID: cmp.Or(string(l.Contact.CustomerID), string(l.Contact.AnonymousID)), Name: l.Contact.Name}
	if l.Contact.CustomerID != "" {
		a.AltID = string(l.Contact.AnonymousID)
	}
	return a
}

// pageOf is the page a visitor wrote from, if it is one: it is shown to members as a link.
func pageOf(text string) string {
	page, err := url.Parse(text)
	if err != nil || len(text) > 2000 || page.Host == "" || page.User != nil || !strings.EqualFold(page.Scheme, "https") && !strings.EqualFold(page.Scheme, "http") {
		return ""
	}
	return text
}
