package messenger

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"parley/channels"
	"parley/models"
)

const (
	bodyLimit   = 64 << 10
	readTimeout = 10 * time.Second
)

// read takes the body of a request, a JSON object, into something. What it does not know it leaves out.
func (c *call) read(into any) error {
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return errMedia
	}
	connection := http.NewResponseController(c.w)
	_ = connection.SetReadDeadline(time.Now().Add(readTimeout)) // the wall clock's; a writer without it has other bounds
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, bodyLimit))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return errTooBig
	case err != nil:
		return errJSON
	}
	_ = connection.SetReadDeadline(time.Time{})
	return understand(body, into)
}

func understand(body []byte, into any) error {
	document, err := channels.Document(body)
	if err != nil || len(document) == 0 {
		return errJSON
	}
	if err := json.Unmarshal(document, into); err != nil {
		return errJSON
	}
	return nil
}

type claim struct {
	ID   channels.Identifier `json:"id"`
	Hash string              `json:"hash"`
	Name string              `json:"name"`
}

func (c *claim) claim() *models.IdentityClaim {
	if c == nil {
		return nil
	}
	return &models.IdentityClaim{ID: string(c.ID), Hash: c.Hash, Name: c.Name}
}

type saying struct {
	ClientMessageID string         `json:"clientMessageId"`
	Text            string         `json:"text"`
	PageURL         string         `json:"pageUrl"`
	Attachments     []uploadedFile `json:"attachments"`
}

type uploadedFile struct {
	UploadID string `json:"uploadId"`
}

// inbound is what was said, in our words: who says it is the desk's to know.
func (s saying) inbound(widgetKey string) (models.Inbound, error) {
	l := letter{
		Type: letterType, WidgetKey: channels.Identifier(widgetKey), ClientMessageID: channels.Identifier(s.ClientMessageID),
		Text: s.Text, PageURL: s.PageURL,
	}
	files := []enclosure{}
	for _, a := range s.Attachments {
		files = append(files, enclosure{UploadID: channels.Identifier(a.UploadID)})
	}
	encoded, err := json.Marshal(files)
	if err != nil {
		return models.Inbound{}, err
	}
	l.Attachments = encoded
	in, err := l.inbound()
	if err != nil {
		return in, models.Refuse(models.InvalidInput, "attachments.uploadId", "An attachment names an upload.")
	}
	return in, nil
}

const (
	defaultPage = 30
	longestPage = 100
)

// page reads which part of the history is asked for.
func (c *call) page() (before *string, limit int, err error) {
	query := c.r.URL.Query()
	if text := query.Get("before"); text != "" {
		before = &text
	}
	limit = defaultPage
	if text := query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > longestPage {
			return nil, 0, models.Refuse(models.InvalidInput, "limit", "A page has from 1 to 100 messages.")
		}
	}
	return before, limit, nil
}
