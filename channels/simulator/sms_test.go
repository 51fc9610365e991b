package simulator_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/channels/simulator"
)

var (
	line = simulator.SMSNumber{Number: "+493023125000", Name: "Lindenladen",
		AccountSID: "AC00000000000000000000000000000001", AuthToken: "twilio-token-1"}
	kim = simulator.Customer{ID: "+4915112345678", Name: "Kim"}
)

const twilio = "/sms/2010-04-01/Accounts/AC00000000000000000000000000000001"

// twilio calls Twilio's API with a form, or asks it when there is none.
func (w *world) twilio(token, path string, form url.Values) answered {
	w.t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.api.URL+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(line.AccountSID, token)
	resp, err := w.api.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	got := answered{status: resp.StatusCode, header: resp.Header}
	if got.body, err = io.ReadAll(resp.Body); err != nil {
		w.t.Fatal(err)
	}
	_ = json.Unmarshal(got.body, &got.json)
	return got
}

// text sends one from our number.
func (w *world) text(to, body string, more url.Values) answered {
	w.t.Helper()
	form := url.Values{"From": {line.Number}, "To": {to}, "Body": {body}}
	for name, values := range more {
		form[name] = values
	}
	return w.twilio(line.AuthToken, twilio+"/Messages.json", form)
}

// form is what was posted, once its signature was checked over the address that was called.
func (d delivered) form(t *testing.T, token string) url.Values {
	t.Helper()
	form, err := url.ParseQuery(string(d.raw))
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	mac := hmac.New(sha1.New, []byte(token))
	_, _ = io.WriteString(mac, d.url)
	for _, name := range names {
		_, _ = io.WriteString(mac, name+form.Get(name))
	}
	same(t, "signature", d.header.Get("X-Twilio-Signature"), base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return form
}

func TestSMSTells(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number := w.AddSMSNumber(line)
	id, told := w.inbound(simulator.Inbound{Account: number, Customer: kim, Text: "Hallo, ist jemand da?"})
	form := told.form(t, line.AuthToken)
	same(t, "path", told.path, "/webhooks/sms/+493023125000")
	same(t, "id", form.Get("MessageSid"), id)
	same(t, "text", form.Get("Body"), "Hallo, ist jemand da?")
	same(t, "from", form.Get("From"), kim.ID)
	if raw, err := os.ReadFile("../../../shared/fixtures/sms-twilio/inbound_text.form"); err == nil {
		recorded, err := url.ParseQuery(string(raw))
		if err != nil {
			t.Fatal(err)
		}
		for name := range recorded {
			same(t, name, form.Has(name), true)
		}
		same(t, "parameters", len(form), len(recorded))
	}

	numbers := w.twilio(line.AuthToken, twilio+"/IncomingPhoneNumbers.json?PhoneNumber="+url.QueryEscape(line.Number), nil)
	sid := at(t, numbers.json, "incoming_phone_numbers", 0, "sid").(string)
	set := w.twilio(line.AuthToken, twilio+"/IncomingPhoneNumbers/"+sid+".json", url.Values{"SmsUrl": {w.hook.URL + "/in?channel=7"}})
	same(t, "set", set.json["sms_url"], any(w.hook.URL+"/in?channel=7"))

	_, told = w.inbound(simulator.Inbound{Account: number, Customer: kim, Kind: simulator.Image, Text: "Bild"})
	form = told.form(t, line.AuthToken)
	same(t, "address", told.url, w.hook.URL+"/in?channel=7")
	same(t, "files", form.Get("NumMedia")+" "+form.Get("MediaContentType0"), "1 image/jpeg")
	path, _ := strings.CutPrefix(form.Get("MediaUrl0"), w.api.URL)
	same(t, "file", w.twilio(line.AuthToken, path, nil).header.Get("Content-Type"), "image/jpeg")
	list := w.twilio(line.AuthToken, path[:strings.LastIndex(path, "/")]+".json", nil)
	same(t, "listed", at(t, list.json, "media_list", 0, "content_type"), any("image/jpeg"))
	same(t, "file for others", w.twilio("x", path, nil).status, 401)
}

func TestSMSLosesWhatIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number := w.AddSMSNumber(line)
	write := func(text string) (string, error) {
		return w.CustomerWrites(soon(t), simulator.Inbound{Account: number, Customer: kim, Text: text})
	}
	w.hook.answersWith(refusing(http.StatusServiceUnavailable))
	lost, err := write("verloren")
	if err == nil {
		t.Error("a refused message counts as delivered")
	}
	w.hook.answersWith(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("thanks")) })
	if _, err := write("mit Antwort"); err == nil {
		t.Error("an answer of plain text was accepted")
	}
	w.hook.answersWith(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/xml")
		_, _ = rw.Write([]byte("<Response/>"))
	})
	if _, err := write("gehört"); err != nil {
		t.Error(err)
	}
	log := w.Deliveries(number)
	same(t, "attempts", len(log[0].Attempts), 1)
	same(t, "answered", log[0].Attempts[0].Status, 503)
	same(t, "done", log[0].Done, false)

	w.PointWebhooksAt("http://127.0.0.1:1")
	unreached := make(chan error, 1)
	go func() {
		_, err := write("niemand da")
		unreached <- err
	}()
	w.clock.waits(t)
	w.clock.Advance(time.Second)
	if err := <-unreached; err == nil {
		t.Error("a message without a server counts as delivered")
	}
	same(t, "attempts without a server", len(w.Deliveries(number)[3].Attempts), 2)

	day := w.clock.Now().Format(time.DateOnly)
	found := w.twilio(line.AuthToken, twilio+"/Messages.json?To="+url.QueryEscape(line.Number)+"&DateSent%3E="+day+"&PageSize=3", nil)
	same(t, "newest", at(t, found.json, "messages", 0, "body"), any("niemand da"))
	next := w.twilio(line.AuthToken, "/sms"+found.json["next_page_uri"].(string), nil)
	same(t, "what was lost", at(t, next.json, "messages", 0, "sid"), any(lost))
	same(t, "its direction", at(t, next.json, "messages", 0, "direction"), any("inbound"))
	same(t, "pages", next.json["next_page_uri"], nil)
	later := w.twilio(line.AuthToken, twilio+"/Messages.json?DateSent%3E="+w.clock.Now().Add(time.Hour).Format(time.RFC3339), nil)
	same(t, "later", len(later.json["messages"].([]any)), 0)
}

func TestSMSSends(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number := w.AddSMSNumber(line)
	callback := url.Values{"StatusCallback": {w.hook.URL + "/status?m=1"}}

	got := w.text(kim.ID, "Guten Tag", callback)
	same(t, "status", got.status, http.StatusCreated)
	same(t, "state", got.json["status"], any("queued"))
	sid := got.json["sid"].(string)
	for _, state := range []string{"queued", "sent", "delivered"} {
		told := w.hook.next(t)
		form := told.form(t, line.AuthToken)
		same(t, "state", form.Get("MessageStatus"), state)
		same(t, "id", form.Get("MessageSid"), sid)
		same(t, "address", told.url, w.hook.URL+"/status?m=1")
	}
	if err := w.FailNext(number, simulator.Failure{Class: simulator.RecipientUnreachable, AsReceipt: true}); err != nil {
		t.Fatal(err)
	}
	w.text(kim.ID, "Noch da?", callback)
	failed := w.hook.next(t).form(t, line.AuthToken)
	same(t, "failed", failed.Get("MessageStatus")+" "+failed.Get("ErrorCode"), "undelivered 30003")

	w.text(kim.ID, "ohne Rückmeldung", nil)
	if err := w.Idle(soon(t)); err != nil {
		t.Fatal(err)
	}
	w.hook.empty(t)
	list := w.twilio(line.AuthToken, twilio+"/Messages.json?To="+url.QueryEscape(kim.ID), nil)
	same(t, "the last", at(t, list.json, "messages", 0, "status"), any("delivered"))
	same(t, "the one before", at(t, list.json, "messages", 1, "error_code"), any(30003.0))
	same(t, "sent", len(w.Sent(number)), 3)
}

func TestSMSRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number := w.AddSMSNumber(line)
	for _, c := range []struct {
		name, to, body string
		more           url.Values
		code           float64
	}{
		{"no recipient", "", "x", nil, 21604},
		{"a recipient who is no number", "Kim", "x", nil, 21211},
		{"no words", kim.ID, "", nil, 21602},
		{"a text over 1600 characters", kim.ID, strings.Repeat("ä", 1601), nil, 21617},
		{"a number of somebody else", kim.ID, "x", url.Values{"From": {"+12028831111"}}, 21606},
		{"no sender", kim.ID, "x", url.Values{"From": {""}}, 21603},
		{"a file of nowhere", kim.ID, "x", url.Values{"MediaUrl": {"bild.jpg"}}, 21620},
	} {
		got := w.text(c.to, c.body, c.more)
		same(t, c.name, got.json["code"], any(c.code))
		same(t, "status", got.status, 400)
	}
	same(t, "but not 1600", w.text(kim.ID, strings.Repeat("ä", 1600), nil).status, 201)
	same(t, "a wrong token", w.twilio("x", twilio+".json", nil).json["code"], any(20003.0))
	same(t, "the account", w.twilio(line.AuthToken, twilio+".json", nil).json["status"], any("active"))
	same(t, "an account of others", w.twilio(line.AuthToken, "/sms/2010-04-01/Accounts/AC2.json", nil).status, 401)

	if err := w.FailNext(number, simulator.Failure{Class: simulator.RateLimited}); err != nil {
		t.Fatal(err)
	}
	limited := w.text(kim.ID, "x", nil)
	same(t, "limited", limited.json["code"], any(20429.0))
	same(t, "limited", limited.status, 429)
}

func TestSMSOptOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	served := line
	served.MessagingServiceSID = "MG00000000000000000000000000000001"
	number := w.AddSMSNumber(served)
	for _, c := range []struct {
		name     string
		in       simulator.Inbound
		optOut   string
		answered int
	}{
		{"a word among others", simulator.Inbound{Text: "Please don't stop the delivery"}, "", 201},
		{"the word alone", simulator.Inbound{Text: " stop "}, "STOP", 400},
		{"another message", simulator.Inbound{Text: "Hallo?"}, "", 400},
		{"the word to come back", simulator.Inbound{Text: "START"}, "START", 201},
		{"a block", simulator.Inbound{Kind: simulator.Block}, "STOP", 400},
		{"its end", simulator.Inbound{Kind: simulator.Unblock}, "START", 201},
	} {
		c.in.Account, c.in.Customer = number, kim
		_, told := w.inbound(c.in)
		same(t, c.name, told.form(t, line.AuthToken).Get("OptOutType"), c.optOut)
		got := w.text(kim.ID, "x", url.Values{"From": {""}, "MessagingServiceSid": {served.MessagingServiceSID}})
		same(t, c.name, got.status, c.answered)
		if c.answered == 400 {
			same(t, c.name, got.json["code"], any(21610.0))
		}
	}
}
