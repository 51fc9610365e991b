package simulator

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const whatsAppPath = "/webhooks/whatsapp"

// batches is Meta's bound of updates in one body.
func (d *whatsApp) batches() int { return 1000 }

func (d *whatsApp) isPerson(id string) bool { return id != "" && waID(id) == id }

// waID is a phone number as WhatsApp keeps it: digits alone.
func waID(number string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
}

// tell: a WhatsApp user who blocks us does so in silence.
func (d *whatsApp) tell(a *account, c *customer, in Inbound) (*event, string, error) {
	if in.Kind == Block || in.Kind == Unblock {
		return nil, "", nil
	}
	content, err := d.content(a, in)
	if err != nil {
		return nil, "", err
	}
	now := d.sim.config.Now()
	id := wamid(c.ID, false)
	said := object{"from": c.ID, "id": id, "timestamp": seconds(now)}
	for key, value := range content {
		said[key] = value
	}
	if in.Target != "" && (in.Kind == Text || in.Kind == Button || in.Kind.isMedia()) {
		said["context"] = object{"from": d.replied(a, c, in.Target), "id": in.Target}
	}
	c.remember(message{id: id, at: now, content: content})
	profile := object{"profile": object{"name": c.Name}, "wa_id": c.ID}
	value := d.value(a, object{"contacts": []object{profile}, "messages": []object{said}})
	return &event{name: "message " + string(in.Kind), value: value}, id, nil
}

// replied is who wrote the message that is replied to.
func (d *whatsApp) replied(a *account, c *customer, target string) string {
	if m := c.message(target); m != nil && !m.ours {
		return c.ID
	}
	return waID(d.numbers[a.ID].DisplayNumber)
}

func (d *whatsApp) content(a *account, in Inbound) (object, error) {
	switch in.Kind {
	case Text:
		return object{"type": "text", "text": object{"body": in.Text}}, nil
	case Reaction:
		reaction := object{"message_id": in.Target}
		if in.Emoji != "" {
			reaction["emoji"] = in.Emoji
		}
		return object{"type": "reaction", "reaction": reaction}, nil
	case Edit:
		said := object{"type": "text", "text": object{"body": in.Text}}
		return object{"type": "edit", "edit": object{"original_message_id": in.Target, "message": said}}, nil
	case Revoke:
		return object{"type": "revoke", "revoke": object{"original_message_id": in.Target}}, nil
	case Button:
		pressed := object{"id": in.Payload, "title": in.Text}
		return object{"type": "interactive", "interactive": object{"type": "button_reply", "button_reply": pressed}}, nil
	}
	if !in.Kind.isMedia() {
		return nil, fmt.Errorf("customers on WhatsApp know no %q", in.Kind)
	}
	return d.fileContent(a, in), nil
}

// fileContent keeps the file for us to fetch. A voice note is an audio that says so.
func (d *whatsApp) fileContent(a *account, in Inbound) object {
	stored := d.sim.media.keep(digits(16), a.Account, in.file(), d.sim.config.Now())
	file := object{"id": stored.id, "mime_type": stored.MIME, "sha256": stored.sha256()}
	kind := in.Kind
	switch kind {
	case Voice:
		kind = Audio
		file["voice"] = true
	case Audio:
		file["voice"] = false
	case Sticker:
		file["animated"] = false
	case Document:
		file["filename"] = stored.Name
	}
	if in.Text != "" {
		file["caption"] = in.Text
	}
	return object{"type": string(kind), string(kind): file}
}

func (d *whatsApp) receipts(sent Sent) []string {
	if sent.Kind == Reaction {
		return []string{"sent", "delivered"}
	}
	return []string{"sent", "delivered", "read"}
}

func (d *whatsApp) receipt(a *account, sent Sent, state string, failure *Failure, at time.Time) event {
	status := object{
		"id": sent.MessageID, "status": state, "timestamp": seconds(at), "recipient_id": sent.Recipient,
	}
	if sent.Reference != "" {
		status["biz_opaque_callback_data"] = sent.Reference
	}
	if state == "failed" {
		status["errors"] = []object{whatsAppFailures[failure.Class].reported()}
	} else {
		status["pricing"] = pricing(sent)
	}
	if state == "sent" {
		status["conversation"] = object{
			"id":                   fmt.Sprintf("%x", sha256.Sum256([]byte(sent.MessageID)))[:30],
			"expiration_timestamp": seconds(at.Add(whatsAppWindow)),
			"origin":               object{"type": origin(sent)},
		}
	}
	return event{name: "status " + state, value: d.value(a, object{"statuses": []object{status}})}
}

func origin(sent Sent) string {
	if sent.Kind == Template {
		return "utility"
	}
	return "service"
}

// pricing is per message since July 2025; answers inside the window are free.
func pricing(sent Sent) object {
	if sent.Kind == Template {
		return object{"billable": true, "pricing_model": "PMP", "category": "utility", "type": "regular"}
	}
	return object{"billable": false, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"}
}

// reported is the error as a webhook tells it.
func (e graphError) reported() object {
	title := strings.TrimPrefix(e.message, fmt.Sprintf("(#%d) ", e.code))
	return object{"code": e.code, "title": title, "message": title, "error_data": object{"details": e.details}}
}

// value names the number the news are for; told is the news. With mu held.
func (d *whatsApp) value(a *account, told object) object {
	told["messaging_product"] = "whatsapp"
	told["metadata"] = object{"display_phone_number": waID(d.numbers[a.ID].DisplayNumber), "phone_number_id": a.ID}
	return told
}

// body puts two changes into each entry, so that a batch has several entries of several changes.
func (d *whatsApp) body(a *account, events []event) []byte {
	var entries []object
	for len(events) > 0 {
		n := min(len(events), 2)
		var changes []object
		for _, e := range events[:n] {
			changes = append(changes, object{"field": "messages", "value": e.value})
		}
		entries = append(entries, object{"id": d.numbers[a.ID].WABA, "changes": changes})
		events = events[n:]
	}
	body := encode(object{"object": "whatsapp_business_account", "entry": entries})
	return bytes.ReplaceAll(body, []byte("/"), []byte(`\/`)) // a slash stands only in strings, and Meta escapes it
}

func (d *whatsApp) target(_ *account, body []byte) (target, bool) {
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "facebookexternalua")
	header.Set("X-Hub-Signature-256", hubSignature(d.sim.config.WhatsAppAppSecret, body))
	return target{url: d.sim.webhookURL + whatsAppPath, header: header}, d.sim.webhookURL != ""
}

// hubSignature proves with the app's secret that the body is Meta's.
func hubSignature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// wamid makes a message id in the shape of WhatsApp's: base64 over the person's number and a random part.
func wamid(person string, ours bool) string {
	kind, unique := byte(0x12), "3A"+rand.Text()[:18]
	if ours {
		kind, unique = 0x11, rand.Text()[:18]
	}
	raw := append([]byte{0x1c, 0x18, byte(len(person))}, person...)
	raw = append(raw, 0x15, 0x02, 0x00, kind, 0x18, byte(len(unique)))
	raw = append(append(raw, unique...), 0x00)
	return "wamid." + base64.StdEncoding.EncodeToString(raw)
}
