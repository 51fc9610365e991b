package simulator

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The words that opt out and in: the whole message, in any case.
var (
	smsStops = []string{"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
	smsStart = []string{"START", "YES", "UNSTOP"}
	smsHelp  = []string{"HELP", "INFO"}
)

// reword: on the phone one blocks by a word.
func (d *sms) reword(in Inbound) Inbound {
	switch in.Kind {
	case Block:
		in.Kind, in.Text = Text, "STOP"
	case Unblock:
		in.Kind, in.Text = Text, "START"
	}
	return in
}

// tell files a message in Twilio's log and reports it.
func (d *sms) tell(a *account, c *customer, in Inbound) (*event, string, error) {
	n, now := d.numbers[a.Account], d.sim.config.Now()
	record := &smsRecord{direction: "inbound", from: c.ID, to: n.Number, body: in.Text, service: n.MessagingServiceSID,
		status: "received", created: now}
	form := url.Values{}
	switch {
	case in.Kind == Text:
		record.id = newTwilioID("SM")
	case in.Kind.isMedia():
		record.id = newTwilioID("MM")
		stored := d.sim.media.keep(newTwilioID("ME"), a.Account, in.file(), now)
		record.media = []string{stored.id}
		path := "/sms" + twilioAccount + n.AccountSID + "/Messages/" + record.id + "/Media/" + stored.id
		form.Set("MediaUrl0", d.sim.link(path))
		form.Set("MediaContentType0", stored.MIME)
	default:
		return nil, "", fmt.Errorf("customers with SMS know no %q", in.Kind)
	}
	word := n.heed(c, in.Text)
	if word != "" && n.MessagingServiceSID != "" {
		form.Set("OptOutType", word)
	}
	n.keep(record)
	c.remember(message{id: record.id, at: now})
	maps.Copy(form, record.form(n))
	return &event{name: "message " + string(in.Kind), value: form}, record.id, nil
}

// heed does what a word on its own asks for and says which it was.
func (n *smsNumber) heed(c *customer, text string) string {
	word := strings.ToUpper(strings.TrimSpace(text))
	switch {
	case slices.Contains(smsStops, word):
		n.stopped[c.ID] = true
		return "STOP"
	case slices.Contains(smsStart, word):
		delete(n.stopped, c.ID)
		return "START"
	case slices.Contains(smsHelp, word):
		return "HELP"
	}
	return ""
}

// form is what Twilio posts of a message; what it does not know of the places is there and empty.
func (r *smsRecord) form(n *smsNumber) url.Values {
	form := url.Values{
		"MessageSid": {r.id}, "SmsSid": {r.id}, "SmsMessageSid": {r.id}, "AccountSid": {n.AccountSID}, "SmsStatus": {r.status},
		"From": {r.from}, "To": {r.to}, "Body": {r.body}, "NumMedia": {decimal(len(r.media))},
		"NumSegments": {decimal(segments(r.body))}, "ApiVersion": {"2010-04-01"},
		"FromCountry": {country(r.from)}, "ToCountry": {country(r.to)},
	}
	for _, name := range []string{"FromCity", "FromState", "FromZip", "ToCity", "ToState", "ToZip"} {
		form.Set(name, "")
	}
	if r.service != "" {
		form.Set("MessagingServiceSid", r.service)
	}
	return form
}

func country(number string) string {
	for code, name := range map[string]string{"+1": "US", "+49": "DE", "+43": "AT", "+41": "CH", "+44": "GB", "+33": "FR"} {
		if strings.HasPrefix(number, code) {
			return name
		}
	}
	return ""
}

// batches: one message, one request.
func (d *sms) batches() int { return 1 }

func (d *sms) body(_ *account, events []event) []byte {
	form, _ := events[0].value.(url.Values)
	return []byte(form.Encode())
}

// target is the address of the number, or of a status the one its message named. Twilio repeats only what found no
// server, and once: a refused message is in the log alone.
func (d *sms) target(a *account, body []byte) (target, bool) {
	n := d.numbers[a.Account]
	form, _ := url.ParseQuery(string(body)) // we encoded it
	to := target{url: n.url, objects: twilioObjects}
	if to.url == "" && d.sim.webhookURL != "" {
		to.url = d.sim.webhookURL + "/webhooks/sms/" + url.PathEscape(n.Number)
	}
	if form.Has("MessageStatus") {
		to.objects = nil
		if record := n.record(form.Get("MessageSid")); record != nil {
			to.url = record.callback
		}
	}
	to.repeats = func(attempts, status int) bool { return status == 0 && attempts < 2 }
	to.header = http.Header{}
	to.header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	to.header.Set("User-Agent", "TwilioProxy/1.1")
	to.header.Set("X-Twilio-Signature", twilioSignature(n.AuthToken, to.url, form))
	return to, to.url != ""
}

// twilioObjects: Twilio takes an answer of plain text for the words to reply with.
func twilioObjects(kind, body string) error {
	media, _, _ := mime.ParseMediaType(kind)
	if strings.TrimSpace(body) == "" || media == "text/xml" || media == "application/xml" {
		return nil
	}
	if media == "text/plain" {
		return errors.New("the answer is text/plain and not text/xml: the customer would get it as a message")
	}
	return fmt.Errorf("warning 12300: the answer is %q and not text/xml", media)
}

// twilioSignature covers the address as it is called and every parameter, sorted by name.
func twilioSignature(token, address string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	address, _, _ = strings.Cut(address, "#")
	mac.Write([]byte(address))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range slices.Sorted(slices.Values(form[name])) {
			mac.Write([]byte(name + value))
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
