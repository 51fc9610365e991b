package simulator

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// weChatField is one element of a webhook's XML.
type weChatField struct{ name, value string }

// tell turns what a customer did into WeChat's XML. A press without a message is one of the account's menu; an answer
// to a msgmenu is a text that carries the chosen id.
func (d *weChat) tell(a *account, c *customer, in Inbound) (*event, string, error) {
	w, now := d.accounts[a.Account], d.sim.config.Now()
	name, said, err := d.content(a, in, now)
	if err != nil {
		return nil, "", err
	}
	created := seconds(now)
	id := c.ID + ":" + created // an event has none of its own
	if name != "event" {
		id = "6" + digits(18)
		said = append(said, weChatField{"MsgId", id})
		if in.Kind == Text && in.Payload != "" {
			said = append(said, weChatField{"bizmsgmenuid", in.Payload})
		}
	}
	fields := append([]weChatField{
		{"ToUserName", w.ID}, {"FromUserName", c.ID}, {"CreateTime", created}, {"MsgType", name},
	}, said...)
	switch in.Kind {
	case Block:
	case Button, Unblock:
		w.window(c).pressed(now)
	default:
		w.window(c).wrote(now)
	}
	return &event{name: name + " " + string(in.Kind), value: weChatXML(fields)}, id, nil
}

func (d *weChat) content(a *account, in Inbound, now time.Time) (string, []weChatField, error) {
	switch in.Kind {
	case Text:
		return "text", []weChatField{{"Content", in.Text}}, nil
	case Button:
		if in.Payload == "" {
			return "", nil, errors.New("a menu's button needs the payload it stands for")
		}
		return "event", []weChatField{{"Event", "CLICK"}, {"EventKey", in.Payload}}, nil
	case Unblock:
		return "event", []weChatField{{"Event", "subscribe"}}, nil
	case Block:
		return "event", []weChatField{{"Event", "unsubscribe"}}, nil
	case Image, Voice, Video:
		file := in.file()
		if in.Kind == Voice && in.Media == nil {
			file = Media{Name: "voice.amr", MIME: "audio/amr", Data: []byte("#!AMR\n")}
		}
		stored := d.sim.media.keep(newMediaID(), a.Account, file, now)
		return string(in.Kind), d.fileFields(a, in.Kind, stored, now), nil
	}
	return "", nil, fmt.Errorf("customers on WeChat know no %q", in.Kind)
}

func (d *weChat) fileFields(a *account, kind Kind, stored storedMedia, now time.Time) []weChatField {
	id := weChatField{"MediaId", stored.id}
	switch kind {
	case Image:
		return []weChatField{{"PicUrl", d.sim.link("/wechat/files/" + stored.id)}, id}
	case Voice:
		_, format, _ := strings.Cut(stored.MIME, "/")
		return []weChatField{id, {"Format", format}}
	}
	still := d.sim.media.keep(newMediaID(), a.Account, samples()[Image], now)
	return []weChatField{id, {"ThumbMediaId", still.id}}
}

// weChatXML writes numbers bare and everything else as CDATA, as WeChat does.
func weChatXML(fields []weChatField) []byte {
	var b strings.Builder
	b.WriteString("<xml>")
	for _, f := range fields {
		value := "<![CDATA[" + strings.ReplaceAll(f.value, "]]>", "]]]]><![CDATA[>") + "]]>"
		if f.name == "CreateTime" || f.name == "MsgId" {
			value = f.value
		}
		b.WriteString("<" + f.name + ">" + value + "</" + f.name + ">")
	}
	b.WriteString("</xml>")
	return []byte(b.String())
}

// batches: one message, one request.
func (d *weChat) batches() int { return 1 }

func (d *weChat) body(a *account, events []event) []byte {
	plain, _ := events[0].value.([]byte)
	w := d.accounts[a.Account]
	if w.key == nil {
		return plain
	}
	return weChatXML([]weChatField{{"ToUserName", w.ID}, {"Encrypt", encipher(w.key, w.AppID, plain)}})
}

func (d *weChat) target(a *account, body []byte) (target, bool) {
	w := d.accounts[a.Account]
	query := w.signature(d.sim.config.Now())
	if w.key != nil {
		_, rest, _ := strings.Cut(string(body), "<Encrypt><![CDATA[")
		enciphered, _, _ := strings.Cut(rest, "]]>")
		query.Set("encrypt_type", "aes")
		query.Set("msg_signature", weChatSignature(w.Token, query.Get("timestamp"), query.Get("nonce"), enciphered))
	}
	header := http.Header{}
	header.Set("Content-Type", "text/xml")
	header.Set("User-Agent", "Mozilla/4.0")
	return target{
		url: d.sim.webhookURL + w.path() + "?" + query.Encode(), header: header,
		repeats: func(attempts, status int) bool { return status/100 != 2 && attempts <= 3 },
		objects: weChatObjects,
	}, d.sim.webhookURL != ""
}

// weChatObjects is what WeChat tells the customer, in words of its own, when it cannot read the answer.
func weChatObjects(_, body string) error {
	if body == "" || body == "success" || strings.HasPrefix(strings.TrimSpace(body), "<xml>") {
		return nil
	}
	return errors.New(`the answer is neither "success" nor empty: the customer is told that the account is out of service`)
}

// signature is the query that proves with the account's token who calls.
func (w *weChatAccount) signature(now time.Time) url.Values {
	timestamp, nonce := strconv.FormatInt(now.Unix(), 10), digits(10)
	return url.Values{
		"signature": {weChatSignature(w.Token, timestamp, nonce)}, "timestamp": {timestamp}, "nonce": {nonce},
	}
}

func weChatSignature(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}
