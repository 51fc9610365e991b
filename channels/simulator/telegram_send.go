package simulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Limits of the Bot API, in UTF-16 code units.
const (
	telegramTextMost    = 4096
	telegramCaptionMost = 1024
	telegramDeletable   = 48 * time.Hour
)

// telegramSend does one thing in a chat that is open to us, with mu held, and returns the method's result.
type telegramSend func(d *telegram, b *telegramBot, c *customer, p parameters, now time.Time) (Sent, any, error)

// send is the method around it: every one of them finds the chat and takes part in faults.
func send(do telegramSend) telegramMethod {
	return func(d *telegram, w http.ResponseWriter, r *http.Request, b *telegramBot, p parameters) {
		var result any
		d.sim.serveSend(w, r, b.account, exchange{
			accept: func(now time.Time) (sent Sent, err error) {
				c, err := b.chat(p)
				if err != nil {
					return Sent{}, err
				}
				sent, result, err = do(d, b, c, p, now)
				sent.Recipient = c.ID
				return sent, err
			},
			answer: func(w http.ResponseWriter, _ Sent) { answerTelegram(w, result) },
			refuse: refuseTelegram,
		})
	}
}

// chat is the customer a call is for. A bot cannot write first: who never wrote has no chat.
func (b *telegramBot) chat(p parameters) (*customer, error) {
	if !p.has("chat_id") {
		return nil, badRequest("chat_id is empty")
	}
	c, known := b.account.customers[p.values["chat_id"]]
	if !known || c.WroteAt.IsZero() {
		return nil, badRequest("chat not found")
	}
	if c.blocked {
		return nil, Failure{Class: RecipientBlocked}
	}
	return c, nil
}

func (d *telegram) message(b *telegramBot, c *customer, p parameters, now time.Time) (Sent, any, error) {
	text := p.values["text"]
	if err := checkText(text); err != nil {
		return Sent{}, nil, err
	}
	return d.speak(b, c, p, Sent{Kind: Text, Text: text}, object{"text": text}, now)
}

func checkText(text string) error {
	if strings.TrimSpace(text) == "" {
		return badRequest("message text is empty")
	}
	if units(text) > telegramTextMost {
		return badRequest("message is too long")
	}
	return nil
}

// fileOf sends a file that is uploaded, known by its id, or to be fetched from a link.
func fileOf(kind Kind, field string) telegramSend {
	return func(d *telegram, b *telegramBot, c *customer, p parameters, now time.Time) (Sent, any, error) {
		caption := p.values["caption"]
		if units(caption) > telegramCaptionMost {
			return Sent{}, nil, badRequest("message caption is too long")
		}
		source, file, err := d.source(b, kind, field, p)
		if err != nil {
			return Sent{}, nil, err
		}
		content := d.fileContent(b, kind, file, now)
		if caption != "" {
			content["caption"] = caption
		}
		return d.speak(b, c, p, Sent{Kind: kind, Text: caption, Media: source}, content, now)
	}
}

// source finds the file; what a link would lead to is not fetched but stood in for by a sample.
func (d *telegram) source(b *telegramBot, kind Kind, field string, p parameters) (string, Media, error) {
	given := p.values[field]
	name := strings.TrimPrefix(given, "attach://")
	if given == "" {
		name = field
	}
	if file, uploaded := p.files[name]; uploaded {
		return file.Name, file, nil
	}
	if strings.HasPrefix(given, "http://") || strings.HasPrefix(given, "https://") {
		return given, Inbound{Kind: kind}.file(), nil
	}
	if stored, known := d.sim.media.find(given, b.account.Account); known {
		return given, stored.Media, nil
	}
	if given == "" {
		return "", Media{}, badRequest("there is no " + field + " in the request")
	}
	return "", Media{}, badRequest("wrong remote file identifier specified")
}

// speak puts a new message of ours into the chat.
func (d *telegram) speak(b *telegramBot, c *customer, p parameters, sent Sent, content object, now time.Time) (Sent, any, error) {
	var reply struct {
		MessageID int64 `json:"message_id"`
		Allow     bool  `json:"allow_sending_without_reply"`
	}
	if err := p.into("reply_parameters", &reply); err != nil {
		return Sent{}, nil, err
	}
	if reply.MessageID != 0 {
		m := c.message(fmt.Sprint(reply.MessageID))
		if m == nil && !reply.Allow {
			return Sent{}, nil, badRequest("message to be replied not found")
		}
		if m != nil {
			sent.Target = m.id
			content["reply_to_message"] = withoutReply(m.content)
		}
	}
	maps.Copy(content, d.newMessage(c, now))
	content["from"] = b.user()
	sent.MessageID = fmt.Sprint(content["message_id"])
	c.remember(message{id: sent.MessageID, ours: true, at: now, content: content})
	return sent, content, nil
}

func (d *telegram) react(_ *telegramBot, c *customer, p parameters, _ time.Time) (Sent, any, error) {
	var reactions []struct {
		Emoji string `json:"emoji"`
	}
	if err := p.into("reaction", &reactions); err != nil {
		return Sent{}, nil, err
	}
	if c.message(p.values["message_id"]) == nil {
		return Sent{}, nil, badRequest("message to react not found")
	}
	sent := Sent{Kind: Reaction, Target: p.values["message_id"]}
	if len(reactions) > 1 {
		return Sent{}, nil, badRequest("REACTIONS_TOO_MANY")
	}
	if len(reactions) == 1 {
		sent.Text = reactions[0].Emoji
	}
	return sent, true, nil
}

func (d *telegram) edit(_ *telegramBot, c *customer, p parameters, now time.Time) (Sent, any, error) {
	text := p.values["text"]
	if err := checkText(text); err != nil {
		return Sent{}, nil, err
	}
	m := c.message(p.values["message_id"])
	if m == nil {
		return Sent{}, nil, badRequest("message to edit not found")
	}
	if !m.ours {
		return Sent{}, nil, badRequest("message can't be edited")
	}
	if m.content["text"] == text {
		return Sent{}, nil, badRequest("message is not modified")
	}
	m.content = maps.Clone(m.content)
	m.content["text"], m.content["edit_date"] = text, now.Unix()
	return Sent{Kind: Edit, Text: text, Target: m.id, MessageID: m.id}, m.content, nil
}

func (d *telegram) remove(_ *telegramBot, c *customer, p parameters, now time.Time) (Sent, any, error) {
	m := c.message(p.values["message_id"])
	if m == nil {
		return Sent{}, nil, badRequest("message to delete not found")
	}
	if now.Sub(m.at) >= telegramDeletable {
		return Sent{}, nil, badRequest("message can't be deleted")
	}
	gone := m.id
	c.forget(gone)
	return Sent{Kind: Delete, Target: gone}, true, nil
}

func (d *telegram) chatAction(w http.ResponseWriter, r *http.Request, b *telegramBot, p parameters) {
	err := d.sim.act(r, b.account, func() ([]Sent, error) {
		c, err := b.chat(p)
		if err != nil {
			return nil, err
		}
		if p.values["action"] != "typing" && !strings.Contains(p.values["action"], "_") {
			return nil, badRequest("wrong parameter action in request")
		}
		return []Sent{{Recipient: c.ID, Kind: Typing}}, nil
	})
	confirm(w, err)
}

func (d *telegram) answerQuery(w http.ResponseWriter, r *http.Request, b *telegramBot, p parameters) {
	id := p.values["callback_query_id"]
	err := d.sim.act(r, b.account, func() ([]Sent, error) {
		if !slices.Contains(b.queries, id) {
			return nil, badRequest("query is too old and response timeout expired or query ID is invalid")
		}
		b.queries = slices.DeleteFunc(b.queries, func(q string) bool { return q == id })
		return []Sent{{Kind: Answer, Text: p.values["text"], Target: id}}, nil
	})
	confirm(w, err)
}

func confirm(w http.ResponseWriter, err error) {
	if err != nil {
		refuseTelegram(w, err)
		return
	}
	answerTelegram(w, true)
}
