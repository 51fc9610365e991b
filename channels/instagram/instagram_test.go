package instagram

import (
	"testing"

	"parley/channels"
	"parley/channels/channelstest"
	"parley/channels/meta"
)

const appSecret = "Instagram's app secret"

var suite = channelstest.Suite{
	Adapter: New(Config{App: meta.App{
		AppSecrets: []string{"the app's secret", appSecret}, VerifyToken: "a verify token",
	}}),
	Account:  channels.Account{ID: "17841405726653026"},
	Fixtures: "instagram",
	Sign: func(d *channels.Delivery) {
		d.Header.Set(meta.SignatureHeader, meta.Signature(appSecret, d.Body))
	},
	Knowing: func(v channelstest.Vector) (channels.Adapter, channels.Account) {
		return New(Config{App: meta.App{AppSecrets: []string{v.Secret}, VerifyToken: v.VerifyToken}}), channels.Account{}
	},
	Broken: channelstest.Batch{
		Body: `{"object":"instagram","entry":[{"id":"17841405726653026","time":1785000000,"changes":[
			{"field":"comments","value":{"id":"before","from":{"id":"526"},"text":"a","media":{"id":"1791"}}},
			{"field":"comments","value":{"id":"broken","from":"somebody","text":"b","media":{"id":"1791"}}},
			{"field":"comments","value":{"id":"after","from":{"id":"526"},"text":"c","media":{"id":"1791"}}}]}]}`,
		Kept: []string{"before", "after"},
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
		change = `{"object":"instagram","entry":[{"id":"1","changes":[`
		end    = `]}]}`
	)
	for name, body := range map[string]string{
		"a delivery about a Page":   `{"object":"page","entry":[]}`,
		"an entry of no account":    `{"object":"instagram","entry":[{"field":"comments","value":{"id":"2"}}]}`,
		"a comment without an id":   change + `{"field":"comments","value":{"text":"x","media":{"id":"3"}}}` + end,
		"a comment under no post":   change + `{"field":"comments","value":{"id":"2","text":"x"}}` + end,
		"a mention in no post":      change + `{"field":"mentions","value":{"comment_id":"2"}}` + end,
		"a mention that is a word":  change + `{"field":"mentions","value":"x"}` + end,
		"a message in a change":     change + `{"field":"messages","value":{"message":{"mid":"m","text":"x"}}}` + end,
		"a story reply from nobody": `{"object":"instagram","entry":[{"id":"1","messaging":[{"message":{"mid":"m","reply_to":{"story":{}}}}]}]}`,
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
