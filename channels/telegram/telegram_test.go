package telegram

import (
	"net/http"
	"testing"

	"parley/channels"
	"parley/channels/channelstest"
	"parley/models"
)

var suite = channelstest.Suite{
	Adapter:  New(Config{}),
	Account:  channels.Account{ID: "123456789", Credentials: models.Credentials{WebhookSecret: "a-webhook_secret"}},
	Fixtures: "telegram",
	Sign:     func(d *channels.Delivery) { d.Header.Set(secretHeader, "a-webhook_secret") },
	Knowing: func(v channelstest.Vector) (channels.Adapter, channels.Account) {
		return New(Config{}), channels.Account{ID: "1", Credentials: models.Credentials{WebhookSecret: v.Secret}}
	},
	Broken: channelstest.Batch{
		Body: `{"update_id":1,"message":{"message_id":"one","from":{"id":7},"chat":{"id":7,"type":"private"},"date":1785000000,"text":"a"}}`,
	},
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	channelstest.Run(t, suite)
}

func FuzzParse(f *testing.F) { channelstest.FuzzParse(f, suite) }

func FuzzVerify(f *testing.F) { channelstest.FuzzVerify(f, suite, secretHeader) }

func TestVerify(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		shown   string
		account *channels.Account
	}{
		"any secret of an account nobody connected":   {"a-webhook_secret", nil},
		"any secret of an account that has none":      {"a-webhook_secret", &channels.Account{}},
		"an empty secret of an account that has none": {"", &channels.Account{}},
		"the beginning of a secret":                   {"a-webhook", &suite.Account},
		"a secret with something behind it":           {"a-webhook_secret ", &suite.Account},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			d := channels.Delivery{Header: http.Header{}}
			d.Header.Set(secretHeader, c.shown)
			if err := suite.Adapter.Verify(d, c.account); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"an empty body":            ``,
		"no JSON":                  `update_id=1`,
		"a message of no chat":     `{"update_id":1,"message":{"message_id":1,"from":{"id":7},"date":1,"text":"a"}}`,
		"a message from nobody":    `{"update_id":1,"message":{"message_id":1,"chat":{"id":7,"type":"private"},"date":1,"text":"a"}}`,
		"a message without an id":  `{"update_id":1,"message":{"from":{"id":7},"chat":{"id":7,"type":"private"},"date":1,"text":"a"}}`,
		"a number beyond 64 bits":  `{"update_id":1,"message":{"message_id":1,"from":{"id":7},"chat":{"id":99999999999999999999,"type":"private"}}}`,
		"a tap by nobody":          `{"update_id":1,"callback_query":{"id":"5","message":{"message_id":1,"chat":{"id":7,"type":"private"}}}}`,
		"a block by nobody":        `{"update_id":1,"my_chat_member":{"chat":{"id":7,"type":"private"},"new_chat_member":{"status":"kicked"}}}`,
		"a reaction to nothing":    `{"update_id":1,"message_reaction":{"chat":{"id":7,"type":"private"},"user":{"id":7}}}`,
		"a connection without id":  `{"update_id":1,"business_connection":{"is_enabled":true}}`,
		"a deletion in no chat":    `{"update_id":1,"deleted_business_messages":{"message_ids":[1]}}`,
		"a time that is a promise": `{"update_id":1,"message":{"message_id":1,"from":{"id":7},"chat":{"id":7,"type":"private"},"date":"soon"}}`,
	} {
		t.Run("keeps for later "+name, func(t *testing.T) {
			t.Parallel()
			parsed := suite.Adapter.Parse(channels.Delivery{AccountID: "1", Body: []byte(body)}, nil)
			if len(parsed.Inbound) != 0 || len(parsed.Unreadable) != 1 {
				t.Errorf("%d inbound, unreadable: %v; want one unreadable", len(parsed.Inbound), parsed.Unreadable)
			}
		})
	}
}
