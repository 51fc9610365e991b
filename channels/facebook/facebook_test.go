package facebook

import (
	"testing"

	"parley/channels"
	"parley/channels/channelstest"
	"parley/channels/meta"
)

const appSecret = "an app secret"

var suite = channelstest.Suite{
	Adapter: New(Config{App: meta.App{
		AppSecrets: []string{appSecret, "Instagram's app secret"}, VerifyToken: "a verify token",
	}}),
	Account:  channels.Account{ID: "102030405060708"},
	Fixtures: "facebook",
	Sign: func(d *channels.Delivery) {
		d.Header.Set(meta.SignatureHeader, meta.Signature(appSecret, d.Body))
	},
	Knowing: func(v channelstest.Vector) (channels.Adapter, channels.Account) {
		return New(Config{App: meta.App{AppSecrets: []string{v.Secret}, VerifyToken: v.VerifyToken}}), channels.Account{}
	},
	Broken: channelstest.Batch{
		Body: `{"object":"page","entry":[{"id":"102030405060708","time":1785000000,
			"messaging":[
				{"sender":{"id":"678"},"recipient":{"id":"102030405060708"},"timestamp":1785000000000,"message":{"mid":"m_before","text":"a"}},
				{"sender":{"id":"678"},"recipient":{"id":"102030405060708"},"timestamp":"soon","message":{"mid":"m_broken","text":"b"}},
				{"sender":{"id":"678"},"recipient":{"id":"102030405060708"},"timestamp":1785000000001,"message":{"mid":"m_after","text":"c"}}],
			"changes":[{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"500_600","post_id":"102030405060708_500",
				"parent_id":"102030405060708_500","from":{"id":"242"},"message":"d","created_time":1785000000}}]}]}`,
		Kept: []string{"m_before", "m_after", "500_600"},
	},
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	channelstest.Run(t, suite)
}

func FuzzParse(f *testing.F) { channelstest.FuzzParse(f, suite) }

func FuzzVerify(f *testing.F) { channelstest.FuzzVerify(f, suite, meta.SignatureHeader) }

func TestParse(t *testing.T) {
	t.Parallel()
	const (
		message = `{"object":"page","entry":[{"id":"1","messaging":[`
		change  = `{"object":"page","entry":[{"id":"1","changes":[`
		end     = `]}]}`
	)
	for name, body := range map[string]string{
		"an empty body":               ``,
		"no JSON":                     `object=page`,
		"a delivery about Instagram":  `{"object":"instagram","entry":[]}`,
		"an entry that is a word":     `{"object":"page","entry":["x"]}`,
		"an entry of no Page":         `{"object":"page","entry":[{"messaging":[]}]}`,
		"a change that is a number":   change + `1` + end,
		"a message from nobody":       message + `{"recipient":{"id":"1"},"message":{"mid":"m","text":"x"}}` + end,
		"a message without an id":     message + `{"sender":{"id":"2"},"recipient":{"id":"1"},"message":{"text":"x"}}` + end,
		"an echo to nobody":           message + `{"sender":{"id":"1"},"message":{"mid":"m","is_echo":true,"text":"x"}}` + end,
		"an attachment that is a bit": message + `{"sender":{"id":"2"},"message":{"mid":"m","attachments":[true]}}` + end,
		"an edit of nothing":          message + `{"sender":{"id":"2"},"message_edit":{"text":"x"}}` + end,
		"a reaction to nothing":       message + `{"sender":{"id":"2"},"reaction":{"emoji":"x"}}` + end,
		"a receipt for nothing":       message + `{"sender":{"id":"2"},"read":{}}` + end,
		"a comment without an id":     change + `{"field":"feed","value":{"item":"comment","verb":"add","post_id":"1_2"}}` + end,
		"a comment under no post":     change + `{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"2_3"}}` + end,
		"a post without an id":        change + `{"field":"feed","value":{"item":"status","verb":"add","message":"x"}}` + end,
		"a mention in no post":        change + `{"field":"mention","value":{"item":"post","verb":"add"}}` + end,
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

func TestTapsWithoutAnID(t *testing.T) {
	t.Parallel()
	tap := func(at, payload string) string {
		body := `{"object":"page","entry":[{"id":"1","messaging":[{"sender":{"id":"2"},"recipient":{"id":"1"},"timestamp":` + at +
			`,"postback":{"title":"Prices","payload":"` + payload + `"}}]}]}`
		parsed := suite.Adapter.Parse(channels.Delivery{Body: []byte(body)}, nil)
		if len(parsed.Inbound) != 1 {
			t.Fatalf("%d inbound, unreadable: %v", len(parsed.Inbound), parsed.Unreadable)
		}
		return parsed.Inbound[0].ExternalID
	}
	first := tap("1785000000000", "A")
	if again := tap("1785000000000", "A"); again != first {
		t.Errorf("delivered again it is %s, was %s", again, first)
	}
	if first == tap("1785000000001", "A") || first == tap("1785000000000", "B") {
		t.Error("two taps have one id")
	}
}
