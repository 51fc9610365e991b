package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of the Cloud API.
const (
	whatsAppWindow      = 24 * time.Hour
	whatsAppTextMost    = 4096
	whatsAppCaptionMost = 1024
)

// whatsAppCall is a body posted to /messages.
type whatsAppCall struct {
	Product   string `json:"messaging_product"`
	Status    string `json:"status"`
	MessageID string `json:"message_id"`
	Typing    *struct {
		Type string `json:"type"`
	} `json:"typing_indicator"`

	To   string `json:"to"`
	Type string `json:"type"`
	Text struct {
		Body string `json:"body"`
	} `json:"text"`
	Image       whatsAppFile `json:"image"`
	Video       whatsAppFile `json:"video"`
	Audio       whatsAppFile `json:"audio"`
	Document    whatsAppFile `json:"document"`
	Sticker     whatsAppFile `json:"sticker"`
	Interactive struct {
		Type string `json:"type"`
		Body struct {
			Text string `json:"text"`
		} `json:"body"`
	} `json:"interactive"`
	Reaction struct {
		MessageID string `json:"message_id"`
		Emoji     string `json:"emoji"`
	} `json:"reaction"`
	Template templateCall `json:"template"`
	Context  struct {
		MessageID string `json:"message_id"`
	} `json:"context"`
	Reference string `json:"biz_opaque_callback_data"`
}

type whatsAppFile struct {
	ID      string `json:"id"`
	Link    string `json:"link"`
	Caption string `json:"caption"`
}

func (d *whatsApp) serveMessages(w http.ResponseWriter, r *http.Request) {
	n, ok := d.number(w, r)
	if !ok {
		return
	}
	var call whatsAppCall
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostJSON)).Decode(&call); err != nil {
		refuseWhatsApp(w, parameterError(100, "The body is no JSON object this endpoint takes."))
		return
	}
	switch {
	case call.Product != "whatsapp":
		refuseWhatsApp(w, parameterError(100, "The parameter messaging_product is required and must be whatsapp."))
	case call.Status != "":
		d.markRead(w, r, n, call)
	default:
		d.sim.serveSend(w, r, n.account, exchange{
			accept: func(now time.Time) (Sent, error) { return d.accept(n, call, now) },
			answer: func(w http.ResponseWriter, sent Sent) {
				answerJSON(w, http.StatusOK, object{
					"messaging_product": "whatsapp",
					"contacts":          []object{{"input": call.To, "wa_id": sent.Recipient}},
					"messages":          []object{{"id": sent.MessageID}},
				})
			},
			refuse: refuseWhatsApp,
		})
	}
}

// accept checks a message as Meta does and files it. With mu held.
func (d *whatsApp) accept(n *whatsAppNumber, call whatsAppCall, now time.Time) (Sent, error) {
	if call.To == "" {
		return Sent{}, parameterError(131008, "The parameter to is required.")
	}
	sent, err := d.read(n, call)
	if err != nil {
		return Sent{}, err
	}
	c, known := n.account.customers[sent.Recipient]
	if !known || c.blocked {
		return Sent{}, Failure{Class: RecipientUnreachable}
	}
	if sent.Kind != Template && !now.Before(c.WroteAt.Add(whatsAppWindow)) {
		return Sent{}, Failure{Class: OutsideWindow}
	}
	if sent.Kind == Reaction && c.message(sent.Target) == nil {
		return Sent{}, parameterError(131009, "There is no such message to react to.")
	}
	sent.MessageID = wamid(sent.Recipient, true)
	c.remember(message{id: sent.MessageID, ours: true, at: now})
	return sent, nil
}

// read understands what is to be sent.
func (d *whatsApp) read(n *whatsAppNumber, call whatsAppCall) (Sent, error) {
	sent := Sent{Recipient: waID(call.To), Kind: Kind(call.Type), Target: call.Context.MessageID, Reference: call.Reference}
	if call.Type == "" {
		sent.Kind = Text
	}
	switch sent.Kind {
	case Text:
		sent.Text = call.Text.Body
		return sent, checkLength("text.body", sent.Text, whatsAppTextMost)
	case Interactive:
		sent.Text = call.Interactive.Body.Text
		return sent, checkLength("interactive.body.text", sent.Text, whatsAppCaptionMost)
	case Reaction:
		sent.Target, sent.Text = call.Reaction.MessageID, call.Reaction.Emoji
		return sent, nil
	case Template:
		sent.Template = call.Template.Name
		return sent, n.checkTemplate(call.Template)
	case Image, Video, Audio, Document, Sticker:
		return d.readFile(n, sent, call.file(sent.Kind))
	}
	return Sent{}, parameterError(131009, fmt.Sprintf("%q is no type of message.", call.Type))
}

func (call whatsAppCall) file(kind Kind) whatsAppFile {
	return map[Kind]whatsAppFile{Image: call.Image, Video: call.Video, Audio: call.Audio,
		Document: call.Document, Sticker: call.Sticker}[kind]
}

func (d *whatsApp) readFile(n *whatsAppNumber, sent Sent, file whatsAppFile) (Sent, error) {
	if (file.ID == "") == (file.Link == "") {
		return Sent{}, parameterError(131008, "Either id or link is required.")
	}
	if _, known := d.sim.media.find(file.ID, n.account.Account); file.ID != "" && !known {
		return Sent{}, parameterError(131009, "There is no media of this id.")
	}
	if file.Link != "" && !strings.HasPrefix(file.Link, "http://") && !strings.HasPrefix(file.Link, "https://") {
		return Sent{}, parameterError(131009, "The link is no web address.")
	}
	if utf8.RuneCountInString(file.Caption) > whatsAppCaptionMost {
		return Sent{}, parameterError(100, fmt.Sprintf("A caption must be at most %d characters long.", whatsAppCaptionMost))
	}
	sent.Media, sent.Text = file.ID+file.Link, file.Caption
	return sent, nil
}

func checkLength(parameter, text string, most int) error {
	if strings.TrimSpace(text) == "" {
		return parameterError(131008, fmt.Sprintf("The parameter %s is required.", parameter))
	}
	if utf8.RuneCountInString(text) > most {
		return parameterError(100, fmt.Sprintf("Param %s must be at most %d characters long.", parameter, most))
	}
	return nil
}

// markRead shows the customer that we have read, and that we are typing if so asked.
func (d *whatsApp) markRead(w http.ResponseWriter, r *http.Request, n *whatsAppNumber, call whatsAppCall) {
	if call.Status != "read" {
		refuseWhatsApp(w, parameterError(131009, "The only status to set is read."))
		return
	}
	kinds := []Kind{MarkRead}
	if call.Typing != nil {
		kinds = append(kinds, Typing)
	}
	err := d.sim.act(r, n.account, func() ([]Sent, error) {
		for _, c := range n.account.customers {
			if m := c.message(call.MessageID); m != nil && !m.ours {
				var done []Sent
				for _, kind := range kinds {
					done = append(done, Sent{Recipient: c.ID, Kind: kind, Target: call.MessageID})
				}
				return done, nil
			}
		}
		return nil, parameterError(131009, "There is no message of this id to mark as read.")
	})
	if err != nil {
		refuseWhatsApp(w, err)
		return
	}
	answerJSON(w, http.StatusOK, object{"success": true})
}
