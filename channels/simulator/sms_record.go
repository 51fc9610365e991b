package simulator

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// smsRecord is a message as Twilio's log keeps it, whatever became of its webhook.
type smsRecord struct {
	id, direction, from, to, body string
	service, callback             string
	media                         []string // ids of files of a customer
	links                         []string // files of ours
	status                        string
	code                          int
	created                       time.Time
}

const mostSMSRecords = 10_000

func (n *smsNumber) keep(r *smsRecord) {
	n.records = keepNewest(append(n.records, r), mostSMSRecords)
}

// record finds a message in the log.
func (n *smsNumber) record(id string) *smsRecord {
	for _, r := range slices.Backward(n.records) {
		if r.id == id {
			return r
		}
	}
	return nil
}

// progress notes a state unless the message is further already.
func (r *smsRecord) progress(state string, code int) {
	order := []string{"accepted", "queued", "sent", "delivered", "undelivered"}
	if slices.Index(order, state) > slices.Index(order, r.status) {
		r.status, r.code = state, code
	}
}

func (r *smsRecord) sent() Sent {
	sent := Sent{MessageID: r.id, Recipient: r.to, Kind: Text, Text: r.body}
	if len(r.links) > 0 {
		sent.Kind, sent.Media = Image, strings.Join(r.links, " ")
	}
	return sent
}

func (r *smsRecord) describe(n *smsNumber) object {
	at := r.created.UTC().Format(time.RFC1123Z)
	path := twilioAccount + n.AccountSID + "/Messages/" + r.id
	about := object{
		"sid": r.id, "account_sid": n.AccountSID, "messaging_service_sid": nil, "from": r.from, "to": r.to, "body": r.body,
		"status": r.status, "direction": r.direction, "num_media": decimal(len(r.media) + len(r.links)),
		"num_segments": decimal(segments(r.body)), "date_created": at, "date_updated": at, "date_sent": at,
		"error_code": nil, "error_message": nil, "price": nil, "price_unit": "USD", "api_version": "2010-04-01",
		"uri": path + ".json", "subresource_uris": object{"media": path + "/Media.json"},
	}
	if r.service != "" {
		about["messaging_service_sid"] = r.service
	}
	if r.code != 0 {
		about["error_code"] = r.code
	}
	if r.status == "accepted" || r.status == "queued" {
		about["date_sent"] = nil
	}
	return about
}

func newTwilioID(kind string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand does not fail
	return kind + hex.EncodeToString(b[:])
}

func decimal(n int) string { return strconv.Itoa(n) }

// segments is how many messages a text is on the air: of 160 letters, or of 70 when one of them is foreign to the
// networks' alphabet. We take only ASCII and the letters of German for native.
func segments(text string) int {
	length, one, each := utf8.RuneCountInString(text), 160, 153
	foreign := func(r rune) bool { return r >= utf8.RuneSelf && !strings.ContainsRune("äöüÄÖÜß", r) }
	if strings.ContainsFunc(text, foreign) {
		length, one, each = units(text), 70, 67
	}
	if length <= one {
		return 1
	}
	return (length + each - 1) / each
}
