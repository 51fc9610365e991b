package simulator

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of Twilio's messages.
const (
	smsTextMost  = 1600
	smsMediaMost = 10
)

func (d *sms) serveSend(w http.ResponseWriter, r *http.Request, mine []*smsNumber) {
	form, err := readTwilioForm(w, r)
	if err != nil {
		refuseTwilio(w, err)
		return
	}
	n, err := sender(mine, form)
	if err != nil {
		refuseTwilio(w, err)
		return
	}
	var answer object
	d.sim.serveSend(w, r, n.account, exchange{
		accept: func(now time.Time) (Sent, error) {
			record, err := d.accept(n, form, now)
			if err != nil {
				return Sent{}, err
			}
			answer = record.describe(n)
			return record.sent(), nil
		},
		answer: func(w http.ResponseWriter, _ Sent) { answerJSON(w, http.StatusCreated, answer) },
		refuse: refuseTwilio,
	})
}

// sender is the number a message is sent from, named itself or by its service.
func sender(mine []*smsNumber, form url.Values) (*smsNumber, error) {
	from, service := form.Get("From"), form.Get("MessagingServiceSid")
	if from == "" && service == "" {
		return nil, twilioError{400, 21603, "A 'From' phone number is required"}
	}
	for _, n := range mine {
		if n.Number == from || (from == "" && n.MessagingServiceSID == service) {
			return n, nil
		}
	}
	if from == "" {
		return nil, twilioError{400, 21701, "The Messaging Service does not exist"}
	}
	return nil, twilioError{400, 21606, "The 'From' phone number " + from + " is not a valid, SMS-capable number of your account"}
}

// accept checks a message and files it. With mu held.
func (d *sms) accept(n *smsNumber, form url.Values, now time.Time) (*smsRecord, error) {
	media := form["MediaUrl"]
	if err := checkSMS(form, media); err != nil {
		return nil, err
	}
	to := form.Get("To")
	if n.stopped[to] {
		return nil, Failure{Class: RecipientBlocked}
	}
	c, err := n.account.meet(Customer{ID: to}) // anybody who has a phone can be written to
	if err != nil {
		return nil, err
	}
	kind := "SM"
	if len(media) > 0 {
		kind = "MM"
	}
	record := &smsRecord{
		id: newTwilioID(kind), direction: "outbound-api", from: n.Number, to: to, body: form.Get("Body"), links: media,
		status: "queued", callback: form.Get("StatusCallback"), service: form.Get("MessagingServiceSid"), created: now,
	}
	if record.service != "" {
		record.status = "accepted"
	}
	n.keep(record)
	c.remember(message{id: record.id, ours: true, at: now})
	return record, nil
}

func checkSMS(form url.Values, media []string) error {
	to, body := form.Get("To"), form.Get("Body")
	switch {
	case to == "":
		return twilioError{400, 21604, "A 'To' phone number is required"}
	case !phoneNumber.MatchString(to):
		return twilioError{400, 21211, "The 'To' number is not a valid phone number"}
	case strings.TrimSpace(body) == "" && len(media) == 0:
		return twilioError{400, 21602, "Message body is required"}
	case utf8.RuneCountInString(body) > smsTextMost:
		return Failure{Class: InvalidRequest}
	case len(media) > smsMediaMost:
		return twilioError{400, 21623, "Number of media files exceeds allowed limit"}
	case slices.ContainsFunc(media, func(link string) bool { return !isWebAddress(link) }):
		return twilioError{400, 21620, "Invalid media URL(s)"}
	case form.Get("StatusCallback") != "" && !isWebAddress(form.Get("StatusCallback")):
		return twilioError{400, 21609, "The 'StatusCallback' URL is not valid"}
	}
	return nil
}

// receipts are reported to the address the message named; without one Twilio keeps them.
func (d *sms) receipts(sent Sent) []string {
	record := d.numbers[sent.Account].record(sent.MessageID)
	if record == nil || record.callback == "" {
		if record != nil {
			record.status = "delivered"
		}
		return nil
	}
	return []string{"queued", "sent", "delivered"}
}

func (d *sms) receipt(a *account, sent Sent, state string, failure *Failure, _ time.Time) event {
	n := d.numbers[a.Account]
	code := 0
	if state == "failed" {
		state, code = "undelivered", twilioReported[failure.Class]
	}
	form := url.Values{
		"SmsSid": {sent.MessageID}, "SmsStatus": {state}, "MessageSid": {sent.MessageID}, "MessageStatus": {state},
		"To": {sent.Recipient}, "From": {n.Number}, "AccountSid": {n.AccountSID}, "ApiVersion": {"2010-04-01"},
	}
	if code != 0 {
		form.Set("ErrorCode", decimal(code))
	}
	if record := n.record(sent.MessageID); record != nil {
		record.progress(state, code)
		if record.service != "" {
			form.Set("MessagingServiceSid", record.service)
		}
	}
	return event{name: "status " + state, value: form}
}
