package x

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"parley/channels"
	"parley/channels/channelstest"
	"parley/models"
)

const consumerSecret = "a consumer secret"

var suite = channelstest.Suite{
	Adapter:  New(Config{ConsumerSecrets: []string{"the secret after", consumerSecret}}),
	Account:  channels.Account{ID: "1500000000000000001"},
	Fixtures: "x",
	Sign:     func(d *channels.Delivery) { d.Header.Set(signatureHeader, signature(consumerSecret, d.Body)) },
	Knowing: func(v channelstest.Vector) (channels.Adapter, channels.Account) {
		return New(Config{ConsumerSecrets: []string{v.Secret}}), channels.Account{}
	},
	Broken: channelstest.Batch{
		Body: `{"for_user_id":"9","direct_message_events":[
			{"type":"message_create","id":"1","created_timestamp":"1785000000000","message_create":{"sender_id":"7","target":{"recipient_id":"9"},"message_data":{"text":"a"}}},
			{"type":"message_create","id":"2","created_timestamp":"soon","message_create":{"sender_id":"7","target":{"recipient_id":"9"},"message_data":{"text":"b"}}},
			{"type":"message_create","id":"3","created_timestamp":"1785000000001","message_create":{"sender_id":"7","target":{"recipient_id":"9"},"message_data":{"text":"c"}}}],
			"tweet_delete_events":[{"status":{"id":"4","user_id":"9"},"timestamp_ms":"1785000000002"}]}`,
		Kept: []string{"1", "3", "4"},
	},
	Polled: map[string]func([]byte) channels.Parsed{"poll_dm_events_page.json": readDirectPage},
}

// readDirectPage reads a body as Poll does.
func readDirectPage(body []byte) channels.Parsed {
	var r reader
	if _, err := r.directPage(subject{account: "1500000000000000001"}, body); err != nil {
		r.cannotRead("page", err)
	}
	return r.parsed()
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	channelstest.Run(t, suite)
}

func FuzzParse(f *testing.F) { channelstest.FuzzParse(f, suite) }

func FuzzVerify(f *testing.F) { channelstest.FuzzVerify(f, suite, signatureHeader) }

func TestVerify(t *testing.T) {
	t.Parallel()
	body := []byte(`{}`)
	for name, c := range map[string]struct {
		ours     []string
		shown    string
		accepted bool
	}{
		"accepts the first of two secrets":  {[]string{"old", "new"}, signature("old", body), true},
		"accepts the second of two secrets": {[]string{"new", "old"}, signature("old", body), true},
		"refuses a secret of nobody's":      {[]string{"new"}, signature("old", body), false},
		"refuses the empty secret":          {[]string{""}, signature("", body), false},
		"refuses everything without secret": {nil, signature("", body), false},
		"refuses a signature with a tail":   {[]string{"old"}, signature("old", body) + "=", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := channels.Delivery{Header: http.Header{}, Body: body}
			d.Header.Set(signatureHeader, c.shown)
			if err := New(Config{ConsumerSecrets: c.ours}).Verify(d, nil); (err == nil) != c.accepted {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestHandshake(t *testing.T) {
	t.Parallel()

	t.Run("answers with the first secret", func(t *testing.T) {
		t.Parallel()
		answer, err := New(Config{ConsumerSecrets: []string{"new", "old"}}).Handshake(url.Values{"crc_token": {"abc"}}, nil)
		if want := fmt.Sprintf(`{"response_token":%q}`, signature("new", []byte("abc"))); err != nil || answer != want {
			t.Errorf("answered %q, %v; want %q", answer, err, want)
		}
	})

	for name, c := range map[string]struct {
		secrets []string
		query   url.Values
	}{
		"a request without a challenge":    {[]string{"new"}, url.Values{}},
		"every challenge without a secret": {nil, url.Values{"crc_token": {"abc"}}},
		"every challenge of an empty one":  {[]string{""}, url.Values{"crc_token": {"abc"}}},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			if answer, err := New(Config{ConsumerSecrets: c.secrets}).Handshake(c.query, nil); err == nil {
				t.Errorf("answered %q", answer)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	activity := func(kind, payload string) string {
		return `{"data":{"event_uuid":"1","filter":{"user_id":"9"},"event_type":"` + kind + `","payload":` + payload + `}}`
	}
	for name, body := range map[string]string{
		"an empty body":                  ``,
		"no JSON":                        `data=1`,
		"a list":                         `[]`,
		"a body for nobody":              `{"tweet_create_events":[]}`,
		"an event that is a word":        `{"data":"x"}`,
		"an event of no type":            `{"data":{"filter":{"user_id":"9"},"payload":{}}}`,
		"an event without a payload":     `{"data":{"filter":{"user_id":"9"},"event_type":"post.create"}}`,
		"a message for no account":       `{"data":{"event_type":"dm.received","payload":{"direct_message_events":[]}}}`,
		"a post for no account":          `{"data":{"event_type":"post.create","payload":{"id":"1","author_id":"7"}}}`,
		"a message from nobody":          activity("dm.received", `{"direct_message_events":[{"id":"1","message_create":{"target":{"recipient_id":"9"}}}]}`),
		"a message to nobody":            activity("dm.received", `{"direct_message_events":[{"id":"1","message_create":{"sender_id":"7"}}]}`),
		"a message without an id":        activity("dm.received", `{"direct_message_events":[{"message_create":{"sender_id":"7","target":{"recipient_id":"9"}}}]}`),
		"a post without an id":           activity("post.create", `{"author_id":"7"}`),
		"a post from nobody":             activity("post.mention.create", `{"id":"1"}`),
		"a post of a time that is none":  activity("post.create", `{"id":"1","author_id":"7","created_at":"soon"}`),
		"a deletion of nothing":          activity("post.delete", `{"author_id":"7"}`),
		"a reader of nothing":            activity("dm.read", `{"sender_id":"7","target":{"recipient_id":"9"}}`),
		"typing to nobody":               activity("dm.indicate_typing", `{"sender_id":"7"}`),
		"a secret in no conversation":    activity("chat.received", `{"id":"1","sender_id":"7"}`),
		"a revocation by nobody":         `{"data":{"event_type":"oauth.revoke","filter":{},"payload":{}}}`,
		"a revocation by nobody, as old": `{"user_event":{"revoke":{}}}`,
		"an old deletion of nothing":     `{"for_user_id":"9","tweet_delete_events":[{"status":{}}]}`,
	} {
		t.Run("keeps for later "+name, func(t *testing.T) {
			t.Parallel()
			parsed := suite.Adapter.Parse(channels.Delivery{Body: []byte(body)}, nil)
			if len(parsed.Inbound) != 0 || len(parsed.Unreadable) != 1 {
				t.Errorf("%d inbound, unreadable: %v; want one unreadable", len(parsed.Inbound), parsed.Unreadable)
			}
		})
	}

	t.Run("an unreadable courtesy costs no message", func(t *testing.T) {
		t.Parallel()
		body := activity("dm.received", `{"users":{"7":"erika"},"direct_message_events":
			{"id":"1","message_create":{"sender_id":"7","target":{"recipient_id":"9"},"message_data":{"text":"a"}}}}`)
		parsed := suite.Adapter.Parse(channels.Delivery{Body: []byte(body)}, nil)
		if len(parsed.Unreadable) != 0 || len(parsed.Inbound) != 1 || parsed.Inbound[0].Author != (models.Author{ID: "7"}) {
			t.Errorf("got %+v", parsed)
		}
	})
}
