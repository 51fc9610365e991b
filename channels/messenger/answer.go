package messenger

import (
	"context"
	"net/http"
	"time"

	"parley/models"
)

type sessionAnswer struct {
	Token      string     `json:"token,omitempty"`
	Visitor    visitor    `json:"visitor"`
	Identified bool       `json:"identified"`
	ExpiresAt  *time.Time `json:"expiresAt,omitempty"`
}

type visitor struct {
	ID string `json:"id"`
}

func (h *Handler) begin(c *call) error {
	var asked struct {
		Identity *claim `json:"identity"`
	}
	if err := c.read(&asked); err != nil {
		return err
	}
	v, token, err := h.desk.Begin(c.r.Context(), c.widget, asked.Identity.claim())
	if err != nil {
		return err
	}
	write(c.w, http.StatusOK, sessionAnswer{Token: token, Visitor: visitor{v.ID}, Identified: v.IsIdentified(), ExpiresAt: &v.ExpiresAt})
	return nil
}

func (h *Handler) end(c *call) error {
	if err := h.desk.End(c.r.Context(), c.visitor); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h *Handler) identify(c *call) error {
	var asked struct {
		Identity claim `json:"identity"`
	}
	if err := c.read(&asked); err != nil {
		return err
	}
	v, err := h.desk.Identify(c.r.Context(), c.visitor, *asked.Identity.claim())
	if err != nil {
		return err
	}
	write(c.w, http.StatusOK, sessionAnswer{Visitor: visitor{v.ID}, Identified: v.IsIdentified()})
	return nil
}

func (h *Handler) say(c *call) error {
	var asked saying
	if err := c.read(&asked); err != nil {
		return err
	}
	in, err := asked.inbound(c.widget.Key)
	if err != nil {
		return err
	}
	said, err := h.desk.Say(c.r.Context(), c.widget, c.visitor, in)
	if err != nil {
		return err
	}
	write(c.w, http.StatusOK, struct {
		ID        string    `json:"id"`
		CreatedAt time.Time `json:"createdAt"`
	}{said.ID, said.CreatedAt})
	return nil
}

func (h *Handler) history(c *call) error {
	before, limit, err := c.page()
	if err != nil {
		return err
	}
	page, err := h.desk.History(c.r.Context(), c.widget, c.visitor, before, limit)
	if err != nil {
		return err
	}
	answer := struct {
		Messages []message `json:"messages"`
		Before   string    `json:"before,omitempty"`
		Cursor   string    `json:"cursor"`
	}{Messages: []message{}, Before: page.Before, Cursor: page.Cursor}
	for _, m := range page.Messages {
		shown, err := h.show(c.r.Context(), c.visitor, m)
		if err != nil {
			return err
		}
		answer.Messages = append(answer.Messages, shown)
	}
	write(c.w, http.StatusOK, answer)
	return nil
}

func (h *Handler) read(c *call) error {
	var asked struct {
		UpTo string `json:"upTo"`
	}
	if err := c.read(&asked); err != nil {
		return err
	}
	if err := h.desk.Read(c.r.Context(), c.widget, c.visitor, asked.UpTo); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h *Handler) typing(c *call) error {
	if err := h.desk.Types(c.r.Context(), c.visitor); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h *Handler) upload(c *call) error {
	var asked struct {
		Filename  string `json:"filename"`
		MIMEType  string `json:"mime"`
		SizeBytes int64  `json:"sizeBytes"`
	}
	if err := c.read(&asked); err != nil {
		return err
	}
	slot, err := h.desk.Upload(c.r.Context(), c.visitor, models.VisitorFile(asked))
	if err != nil {
		return err
	}
	write(c.w, http.StatusOK, struct {
		UploadID  string    `json:"uploadId"`
		URL       string    `json:"url"`
		ExpiresAt time.Time `json:"expiresAt"`
	}{slot.UploadID, slot.URL, slot.ExpiresAt})
	return nil
}

// message is how a browser is told of one.
type message struct {
	ID              string       `json:"id"`
	ClientMessageID string       `json:"clientMessageId,omitempty"`
	From            string       `json:"from"` // "visitor" or "team"
	AuthorName      string       `json:"authorName,omitempty"`
	Text            string       `json:"text"`
	Attachments     []attachment `json:"attachments"`
	CreatedAt       time.Time    `json:"createdAt"`
	EditedAt        *time.Time   `json:"editedAt,omitempty"`
	DeletedAt       *time.Time   `json:"deletedAt,omitempty"`
	Status          string       `json:"status,omitempty"` // of the visitor's: "SENT" or "READ"
}

type attachment struct {
	Kind      models.AttachmentKind `json:"kind"`
	URL       string                `json:"url,omitempty"`
	Filename  string                `json:"filename,omitempty"`
	MIMEType  string                `json:"mime,omitempty"`
	SizeBytes int64                 `json:"sizeBytes,omitempty"`
}

func (h *Handler) show(ctx context.Context, v models.Visitor, m models.VisitorMessage) (message, error) {
	shown := message{
		ID: m.ID, ClientMessageID: m.ClientID, From: "team", AuthorName: m.AuthorName, Text: m.Text, Attachments: []attachment{},
		CreatedAt: m.CreatedAt, EditedAt: m.EditedAt, DeletedAt: m.DeletedAt,
	}
	if m.Direction == models.InboundMessage {
		shown.From, shown.Status = "visitor", "SENT"
		if m.Read {
			shown.Status = "READ"
		}
	}
	for _, a := range m.Attachments {
		address, err := h.desk.Address(ctx, v, a)
		if err != nil {
			return shown, err
		}
		shown.Attachments = append(shown.Attachments, attachment{a.Kind, address, a.Filename, a.MIMEType, a.SizeBytes})
	}
	return shown, nil
}
