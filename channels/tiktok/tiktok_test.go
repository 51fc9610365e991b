package tiktok

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/channels"
	"parley/channels/channelstest"
)

const appSecret = "app_secret_part"

var business = channels.Account{ID: "tt_business_open_id_001"}

var suite = channelstest.Suite{
	Adapter:  New(Config{AppSecrets: []string{"the secret before", appSecret}}),
	Account:  business,
	Fixtures: "tiktok",
	Sign:     func(d *channels.Delivery) { signAt(d, d.ReceivedAt) },
	Knowing: func(v channelstest.Vector) (channels.Adapter, channels.Account) {
		return New(Config{AppSecrets: []string{v.Secret}}), channels.Account{}
	},
	Broken: channelstest.Batch{Body: envelope(`{\"comment_id\":1,\"video_id\":2,\"comment_action\":\"insert\",\"timestamp\":\"soon\"}`)},
	Polled: map[string]func(body []byte) channels.Parsed{"poll_comment_list.json": readAnswer},
}

func signAt(d *channels.Delivery, at time.Time) {
	seconds := strconv.FormatInt(at.Unix(), 10)
	d.Header.Set(signatureHeader, "t="+seconds+",s="+hex.EncodeToString(sign(appSecret, seconds, d.Body)))
}

func envelope(content string) string {
	return `{"event":"comment.update","create_time":1785000000,"user_openid":"tt_business_open_id_001","content":"` + content + `"}`
}

// readAnswer is what a poll does with the answer to one call.
func readAnswer(body []byte) channels.Parsed {
	var list page
	if _, err := understand(channels.Answer{Status: http.StatusOK, Body: body}, nil, &list); err != nil {
		return channels.Parsed{Unreadable: []error{err}}
	}
	p := poll{account: business}
	p.take(list)
	return p.done("", 0).Parsed
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	channelstest.Run(t, suite)
}

func FuzzParse(f *testing.F) { channelstest.FuzzParse(f, suite) }

func FuzzVerify(f *testing.F) { channelstest.FuzzVerify(f, suite, signatureHeader) }

func TestVerify(t *testing.T) {
	t.Parallel()
	now := time.Unix(1785000000, 0)
	signed := func(at time.Time) string {
		d := channels.Delivery{Header: http.Header{}, Body: []byte(`{}`)}
		signAt(&d, at)
		return d.Header.Get(signatureHeader)
	}
	fresh := signed(now)
	seconds, signature, _ := strings.Cut(fresh, ",")
	for name, c := range map[string]struct {
		header string
		right  bool
	}{
		"accepts the parts in order":           {fresh, true},
		"accepts the parts the other way":      {signature + ", " + seconds, true},
		"accepts after five minutes":           {signed(now.Add(-5 * time.Minute)), true},
		"accepts a clock five minutes ahead":   {signed(now.Add(5 * time.Minute)), true},
		"refuses after longer":                 {signed(now.Add(-5*time.Minute - time.Second)), false},
		"refuses a clock further ahead":        {signed(now.Add(5*time.Minute + time.Second)), false},
		"refuses a time before all times":      {"t=-9223372036854775808," + signature, false},
		"refuses a signature of another time":  {"t=1785000001," + signature, false},
		"refuses a signature without its time": {signature, false},
		"refuses a time without a signature":   {seconds + ",s=", false},
		"refuses half a signature":             {seconds + "," + signature[:40], false},
		"refuses more than it asked for":       {fresh + ",s=00", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, d := range []channels.Delivery{
				{Header: http.Header{signatureHeader: {c.header}}, Body: []byte(`{}`), ReceivedAt: now},
				{Header: http.Header{signatureHeader: {c.header}}, Body: []byte(`{}`)},
			} {
				adapter := New(Config{AppSecrets: []string{"", appSecret}, Now: func() time.Time { return now }})
				if err := adapter.Verify(d, nil); (err == nil) != c.right {
					t.Errorf("got %v", err)
				}
			}
		})
	}

	t.Run("refuses everything without a secret", func(t *testing.T) {
		t.Parallel()
		d := channels.Delivery{Header: http.Header{}, Body: []byte(`{}`), ReceivedAt: now}
		d.Header.Set(signatureHeader, fmt.Sprintf("t=%d,s=%x", now.Unix(), sign("", strconv.FormatInt(now.Unix(), 10), d.Body)))
		if err := New(Config{AppSecrets: []string{""}}).Verify(d, nil); err == nil {
			t.Error("accepted")
		}
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"an empty body":            ``,
		"an event without a name":  `{"user_openid":"1","content":"{}"}`,
		"an event for no account":  `{"event":"comment.update","content":"{}"}`,
		"a comment that is none":   envelope(`not JSON`),
		"a comment without an id":  envelope(`{\"video_id\":2,\"comment_action\":\"insert\",\"text\":\"a\"}`),
		"a comment on no video":    envelope(`{\"comment_id\":2,\"comment_action\":\"insert\",\"text\":\"a\"}`),
		"an id that is a fraction": envelope(`{\"comment_id\":1.5,\"video_id\":2,\"comment_action\":\"insert\"}`),
		"a deed nobody heard of":   envelope(`{\"comment_id\":1,\"video_id\":2,\"comment_action\":\"set_on_fire\"}`),
		"nothing in the envelope":  `{"event":"comment.update","user_openid":"1"}`,
		"no content":               `{"event":"comment.update","user_openid":"1","content":null}`,
		"a message from nobody":    `{"event":"im_receive_msg","user_openid":"1","content":"{\"message_id\":\"1\",\"conversation_id\":\"2\"}"}`,
		"an echo to nobody":        `{"event":"im_send_msg","user_openid":"1","content":"{\"message_id\":\"1\",\"conversation_id\":\"2\",\"from_user\":{\"id\":\"3\"}}"}`,
	} {
		t.Run("keeps for later "+name, func(t *testing.T) {
			t.Parallel()
			parsed := suite.Adapter.Parse(channels.Delivery{Body: []byte(body)}, nil)
			if len(parsed.Inbound) != 0 || len(parsed.Unreadable) != 1 {
				t.Errorf("%d inbound, unreadable: %v; want one unreadable", len(parsed.Inbound), parsed.Unreadable)
			}
		})
	}
}
