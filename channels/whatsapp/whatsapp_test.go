package whatsapp

import (
	"net/url"
	"testing"

	"parley/channels"
	"parley/channels/channelstest"
	"parley/channels/meta"
)

const appSecret = "an app secret"

var suite = channelstest.Suite{
	Adapter:  New(Config{AppSecrets: []string{"the secret before", appSecret}, VerifyToken: "a verify token"}),
	Account:  channels.Account{ID: "106540352242922"},
	Fixtures: "whatsapp",
	Sign: func(d *channels.Delivery) {
		d.Header.Set(meta.SignatureHeader, meta.Signature(appSecret, d.Body))
	},
	Knowing: func(v channelstest.Vector) (channels.Adapter, channels.Account) {
		return New(Config{AppSecrets: []string{v.Secret}, VerifyToken: v.VerifyToken}), channels.Account{}
	},
	Broken: channelstest.Batch{
		Body: `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{
			"metadata":{"phone_number_id":"106540352242922"},
			"messages":[
				{"from":"49151","id":"wamid.before","timestamp":"1785000000","type":"text","text":{"body":"a"}},
				{"from":"49151","id":"wamid.broken","timestamp":"soon","type":"text","text":{"body":"b"}},
				{"from":"49151","id":"wamid.after","timestamp":"1785000001","type":"text","text":{"body":"c"}}],
			"statuses":[{"id":"wamid.sent","status":"sent","timestamp":"1785000002","recipient_id":"49151"}]}}]}]}`,
		Kept: []string{"wamid.before", "wamid.after", "wamid.sent"},
	},
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	channelstest.Run(t, suite)
}

func FuzzParse(f *testing.F) { channelstest.FuzzParse(f, suite) }

func FuzzVerify(f *testing.F) { channelstest.FuzzVerify(f, suite, meta.SignatureHeader) }

func TestVerify(t *testing.T) {
	t.Parallel()

	t.Run("accepts each of several secrets", func(t *testing.T) {
		t.Parallel()
		d := channels.Delivery{Header: map[string][]string{}, Body: []byte(`{}`)}
		d.Header.Set(meta.SignatureHeader, meta.Signature("old", d.Body))
		if err := New(Config{AppSecrets: []string{"old", "new"}}).Verify(d, nil); err != nil {
			t.Errorf("first of two secrets: %v", err)
		}
		if err := New(Config{AppSecrets: []string{"new", "old"}}).Verify(d, nil); err != nil {
			t.Errorf("second of two secrets: %v", err)
		}
	})

	t.Run("an empty secret signs nothing", func(t *testing.T) {
		t.Parallel()
		d := channels.Delivery{Header: map[string][]string{}, Body: []byte(`{}`)}
		d.Header.Set(meta.SignatureHeader, meta.Signature("", d.Body))
		if err := New(Config{AppSecrets: []string{""}}).Verify(d, nil); err == nil {
			t.Error("accepted a delivery signed with nothing")
		}
	})

	t.Run("an empty verify token shakes no hands", func(t *testing.T) {
		t.Parallel()
		query := url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {"1"}, "hub.verify_token": {""}}
		if answer, err := New(Config{}).Handshake(query, nil); err == nil {
			t.Errorf("answered %q", answer)
		}
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	const start = `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":`
	for name, body := range map[string]string{
		"an empty body":                        ``,
		"no JSON":                              `object=whatsapp`,
		"a delivery of another product":        `{"object":"page","entry":[]}`,
		"an entry that is a word":              `{"object":"whatsapp_business_account","entry":["x"]}`,
		"a change that is a number":            `{"object":"whatsapp_business_account","entry":[{"changes":[1]}]}`,
		"messages of no number of ours":        start + `{"messages":[{"id":"w","from":"1","type":"text"}]}}]}]}`,
		"a message from nobody":                start + `{"metadata":{"phone_number_id":"9"},"messages":[{"id":"w","type":"text","text":{"body":"x"}}]}}]}]}`,
		"a message without an id":              start + `{"metadata":{"phone_number_id":"9"},"messages":[{"from":"1","type":"text","text":{"body":"x"}}]}}]}]}`,
		"a text without a text":                start + `{"metadata":{"phone_number_id":"9"},"messages":[{"id":"w","from":"1","type":"text"}]}}]}]}`,
		"an image without an image":            start + `{"metadata":{"phone_number_id":"9"},"messages":[{"id":"w","from":"1","type":"image"}]}}]}]}`,
		"a place without coordinates":          start + `{"metadata":{"phone_number_id":"9"},"messages":[{"id":"w","from":"1","type":"location","location":{"latitude":1}}]}}]}]}`,
		"a reaction to nothing":                start + `{"metadata":{"phone_number_id":"9"},"messages":[{"id":"w","from":"1","type":"reaction","reaction":{"emoji":"x"}}]}}]}]}`,
		"an edit of nothing":                   start + `{"metadata":{"phone_number_id":"9"},"messages":[{"id":"w","from":"1","type":"edit","edit":{}}]}}]}]}`,
		"a deletion of nothing":                start + `{"metadata":{"phone_number_id":"9"},"messages":[{"id":"w","from":"1","type":"revoke"}]}}]}]}`,
		"a changed number without the new one": start + `{"metadata":{"phone_number_id":"9"},"messages":[{"id":"w","from":"1","type":"system","system":{"type":"user_changed_number"}}]}}]}]}`,
		"a status of nothing":                  start + `{"metadata":{"phone_number_id":"9"},"statuses":[{"status":"read","recipient_id":"1"}]}}]}]}`,
		"a time before 1970":                   start + `{"metadata":{"phone_number_id":"9"},"statuses":[{"id":"w","status":"read","timestamp":-5}]}}]}]}`,
		"a time in the year 9999999":           start + `{"metadata":{"phone_number_id":"9"},"statuses":[{"id":"w","status":"read","timestamp":"999999999999999"}]}}]}]}`,
		"an echo to nobody":                    `{"entry":[{"changes":[{"field":"smb_message_echoes","value":{"metadata":{"phone_number_id":"9"},"message_echoes":[{"id":"w","from":"9","type":"text","text":{"body":"x"}}]}}]}]}`,
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
