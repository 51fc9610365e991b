package sms

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"parley/channels"
	"parley/models"
)

// listed is a message as the list describes it.
type listed struct {
	SID       string
	From, To  string
	Body      string
	Direction string
	Service   string              `json:"messaging_service_sid"`
	Files     channels.Identifier `json:"num_media"`
	SentAt    string              `json:"date_sent"`
	CreatedAt string              `json:"date_created"`
}

func (l listed) at() (time.Time, error) {
	text := l.SentAt
	if text == "" {
		text = l.CreatedAt
	}
	at, err := time.Parse(time.RFC1123Z, text)
	if err != nil {
		return time.Time{}, errors.New("message without a time")
	}
	return at.UTC(), nil
}

func readListed(element json.RawMessage) (listed, time.Time, error) {
	document, err := channels.Document(element)
	if err != nil {
		return listed{}, time.Time{}, err
	}
	var m listed
	if err := json.Unmarshal(document, &m); err != nil {
		return listed{}, time.Time{}, err
	}
	if m.SID == "" || m.From == "" {
		return listed{}, time.Time{}, errors.New("message without an id or from nobody")
	}
	at, err := m.at()
	return m, at, err
}

// tellListed says of a message what its delivery would have said; nil if it was ours, or somebody else's.
func (a *Adapter) tellListed(ctx context.Context, account channels.Account, l listed, at time.Time) (*models.Inbound, error) {
	m := message{sid: l.SID, from: l.From, to: l.To, service: l.Service, body: l.Body}
	if l.Direction != "inbound" || !m.isFor(account) || isService(account) && m.service == "" {
		return nil, nil
	}
	if l.Files != "" && l.Files != "0" {
		parts, err := a.mediaOf(ctx, account, l.SID)
		if err != nil {
			return nil, err
		}
		m.media = parts
	}
	in, err := m.tell(models.Inbound{AccountID: account.ID, Surface: models.PrivateMessage, At: at})
	if err != nil {
		return nil, err
	}
	return &in, nil
}

// mediaOf asks for the attachments of a message: the list says only how many there are.
func (a *Adapter) mediaOf(ctx context.Context, account channels.Account, sid string) ([]media, error) {
	var answer struct {
		Media []struct {
			SID         string
			ContentType string `json:"content_type"`
		} `json:"media_list"`
	}
	path := "/Messages/" + url.PathEscape(sid) + "/Media"
	if _, err := a.call(ctx, account, http.MethodGet, a.resource(account, path+".json"), nil, &answer); err != nil {
		return nil, channels.Repeatable(err)
	}
	var parts []media
	for _, m := range answer.Media[:min(len(answer.Media), maxMedia)] {
		address := a.resource(account, path+"/"+url.PathEscape(m.SID))
		parts = append(parts, media{address: address, contentType: m.ContentType})
	}
	return parts, nil
}
