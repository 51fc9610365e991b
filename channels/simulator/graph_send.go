package simulator

import (
	"encoding/json"
	"net/http"
	"time"
)

// Limits of the Send API on both networks.
const (
	graphWindow       = 24 * time.Hour
	graphHumanWindow  = 7 * 24 * time.Hour
	graphPrivateReply = 7 * 24 * time.Hour
	graphMetadataMost = 1000
	graphQuickReplies = 13
)

// graphSend is a body posted to /messages.
type graphSend struct {
	recipient struct {
		ID        string `json:"id"`
		CommentID string `json:"comment_id"`
		PostID    string `json:"post_id"`
	}
	message struct {
		Text         string            `json:"text"`
		Metadata     string            `json:"metadata"`
		Attachment   *graphAttachment  `json:"attachment"`
		Attachments  []graphAttachment `json:"attachments"`
		QuickReplies []json.RawMessage `json:"quick_replies"`
	}
	replyTo struct {
		MID string `json:"mid"`
	}
	payload struct {
		MessageID string `json:"message_id"`
		Reaction  string `json:"reaction"`
	}
	kind, tag, action string
}

type graphAttachment struct {
	Type    string `json:"type"`
	Payload struct {
		URL          string `json:"url"`
		AttachmentID string `json:"attachment_id"`
		Text         string `json:"text"`
	} `json:"payload"`
}

func readGraphSend(p parameters) (call graphSend, err error) {
	for name, into := range map[string]any{"recipient": &call.recipient, "message": &call.message,
		"reply_to": &call.replyTo, "payload": &call.payload} {
		if p.into(name, into) != nil {
			return call, graphInvalid("The parameter " + name + " is no object this endpoint takes")
		}
	}
	call.kind, call.tag, call.action = p.values["messaging_type"], p.values["tag"], p.values["sender_action"]
	return call, call.check()
}

// check: of the message tags one is left since April 2026.
func (call graphSend) check() error {
	switch {
	case call.kind != "" && call.kind != "RESPONSE" && call.kind != "UPDATE" && call.kind != "MESSAGE_TAG":
		return graphInvalid("Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG}")
	case call.kind == "MESSAGE_TAG" && call.tag == "":
		return graphInvalid("The parameter tag is required")
	case call.tag != "" && call.tag != "HUMAN_AGENT":
		return graphInvalid("The tag is not supported")
	case len(call.message.Metadata) > graphMetadataMost:
		return graphInvalid("Param message[metadata] is too long")
	}
	return nil
}

func (g *graph) messages(c graphCall) {
	p, ok := c.self()
	if !ok {
		return
	}
	call, err := readGraphSend(c.parameters)
	if err != nil {
		p.refuse(c.w, err)
		return
	}
	p = g.reaching(c, p, call)
	switch call.action {
	case "typing_on", "typing_off", "mark_seen":
		g.sign(c, p, call)
		return
	case "", "react", "unreact":
	default:
		p.refuse(c.w, graphInvalid("Param sender_action is not one that is known"))
		return
	}
	g.sim.serveSend(c.w, c.r, p.account, exchange{
		accept: func(now time.Time) (Sent, error) { return g.accept(p, call, now) },
		answer: func(w http.ResponseWriter, sent Sent) {
			answer := object{"recipient_id": sent.Recipient}
			if sent.MessageID != "" {
				answer["message_id"] = sent.MessageID
			}
			answerJSON(w, http.StatusOK, answer)
		},
		refuse: p.refuse,
	})
}

// reaching is the account a message is sent from: a page's address is also that of its Instagram account, and then the
// person tells which of them is meant.
func (g *graph) reaching(c graphCall, named *graphAccount, call graphSend) *graphAccount {
	g.sim.mu.Lock()
	defer g.sim.mu.Unlock()
	for _, p := range c.mine {
		_, known := p.account.customers[call.recipient.ID]
		_, said := p.remarks.items[call.recipient.CommentID]
		if (known || said) && p.goesBy(c.r.PathValue("id")) {
			return p
		}
	}
	return named
}

// sign shows the customer that we are typing, or that we have read.
func (g *graph) sign(c graphCall, p *graphAccount, call graphSend) {
	err := g.sim.act(c.r, p.account, func() ([]Sent, error) {
		if p.closed {
			return nil, graphAccessClosed
		}
		to, known := p.account.customers[call.recipient.ID]
		switch {
		case !known:
			return nil, graphNobody
		case call.action == "typing_off":
			return nil, nil
		case call.action == "typing_on":
			return []Sent{{Recipient: to.ID, Kind: Typing}}, nil
		}
		return []Sent{{Recipient: to.ID, Kind: MarkRead, Target: to.newest(false)}}, nil
	})
	if err != nil {
		p.refuse(c.w, err)
		return
	}
	answerJSON(c.w, http.StatusOK, object{"recipient_id": call.recipient.ID})
}
