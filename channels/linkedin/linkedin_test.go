package linkedin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"parley/channels"
	"parley/channels/channelstest"
)

const (
	clientSecret = "a client secret"
	page         = "urn:li:organization:96000893"
)

var suite = channelstest.Suite{
	Adapter:  New(Config{ClientSecrets: []string{"the secret after", clientSecret}}),
	Account:  channels.Account{ID: page},
	Fixtures: "linkedin",
	Sign: func(d *channels.Delivery) {
		d.Header.Set(signatureHeader, digest(clientSecret, "hmacsha256="+string(d.Body)))
	},
	Knowing: func(v channelstest.Vector) (channels.Adapter, channels.Account) {
		return New(Config{ClientSecrets: []string{v.Secret}}), channels.Account{}
	},
	Broken: channelstest.Batch{
		Body: `{"type":"ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS","notifications":[
			{"notificationId":1,"action":"COMMENT","organizationalEntity":"urn:li:organization:1","generatedActivity":"urn:li:comment:(activity:5,6)","lastModifiedAt":1785000000000},
			{"notificationId":2,"action":"COMMENT","organizationalEntity":"urn:li:organization:1","generatedActivity":"urn:li:comment:(activity:5,7)","lastModifiedAt":"soon"},
			{"notificationId":3,"action":"COMMENT_DELETE","organizationalEntity":"urn:li:organization:1","generatedActivity":"urn:li:comment:(activity:5,8)","lastModifiedAt":1785000000001}]}`,
		Kept: []string{"urn:li:comment:(urn:li:activity:5,6)", "urn:li:comment:(urn:li:activity:5,8)"},
	},
	Polled: map[string]func([]byte) channels.Parsed{"poll_comments_list.json": readCommentList},
}

// readCommentList reads each comment of a list as Complete reads the one it asks for.
func readCommentList(body []byte) channels.Parsed {
	var r reader
	var list struct{ Elements []json.RawMessage }
	if err := json.Unmarshal(body, &list); err != nil {
		r.cannotRead("list", err)
	}
	for _, element := range list.Elements {
		in, err := readListed(page, element)
		if err != nil {
			r.cannotRead("comment", err)
			continue
		}
		r.inbound = append(r.inbound, *in)
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
	documented, variant := digest("old", "hmacsha256={}"), "hmacsha256="+digest("old", "{}")
	for name, c := range map[string]struct {
		config   Config
		shown    string
		accepted bool
	}{
		"accepts the first of two secrets":        {Config{ClientSecrets: []string{"old", "new"}}, documented, true},
		"accepts the second of two secrets":       {Config{ClientSecrets: []string{"new", "old"}}, documented, true},
		"refuses a secret of nobody's":            {Config{ClientSecrets: []string{"new"}}, documented, false},
		"refuses the empty secret":                {Config{ClientSecrets: []string{""}}, digest("", "hmacsha256={}"), false},
		"refuses a signature of the bare body":    {Config{ClientSecrets: []string{"old"}}, digest("old", "{}"), false},
		"refuses the other form":                  {Config{ClientSecrets: []string{"old"}}, variant, false},
		"accepts the other form where it is told": {Config{ClientSecrets: []string{"old"}, AcceptUnprefixedSignature: true}, variant, true},
		"accepts its own form then, too":          {Config{ClientSecrets: []string{"old"}, AcceptUnprefixedSignature: true}, documented, true},
		"refuses a mixture of both forms":         {Config{ClientSecrets: []string{"old"}, AcceptUnprefixedSignature: true}, "hmacsha256=" + documented, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := channels.Delivery{Header: http.Header{}, Body: body}
			d.Header.Set(signatureHeader, c.shown)
			if err := New(c.config).Verify(d, nil); (err == nil) != c.accepted {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestHandshake(t *testing.T) {
	t.Parallel()

	t.Run("answers with the first secret", func(t *testing.T) {
		t.Parallel()
		answer, err := New(Config{ClientSecrets: []string{"new", "old"}}).Handshake(url.Values{"challengeCode": {"abc"}, "applicationId": {"1"}}, nil)
		want := fmt.Sprintf(`{"challengeCode":"abc","challengeResponse":%q}`, digest("new", "abc"))
		if err != nil || answer != want {
			t.Errorf("answered %q, %v; want %q", answer, err, want)
		}
	})

	for name, c := range map[string]struct {
		secrets []string
		query   url.Values
	}{
		"a request without a challenge":    {[]string{"new"}, url.Values{}},
		"every challenge without a secret": {nil, url.Values{"challengeCode": {"abc"}}},
		"every challenge of an empty one":  {[]string{""}, url.Values{"challengeCode": {"abc"}}},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			if answer, err := New(Config{ClientSecrets: c.secrets}).Handshake(c.query, nil); err == nil {
				t.Errorf("answered %q", answer)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	about := func(rest string) string {
		return `{"notifications":[{"organizationalEntity":"urn:li:organization:1",` + rest + `}]}`
	}
	for name, body := range map[string]string{
		"an empty body":                 ``,
		"no JSON":                       `notifications=1`,
		"a list":                        `[]`,
		"notifications that are a word": `{"notifications":"x"}`,
		"a notification of nothing":     about(`"generatedActivity":"urn:li:comment:(activity:5,6)"`),
		"a comment on no Page":          `{"notifications":[{"action":"COMMENT","generatedActivity":"urn:li:comment:(activity:5,6)"}]}`,
		"a comment without a name":      about(`"action":"COMMENT"`),
		"a comment with half a name":    about(`"action":"COMMENT","generatedActivity":"urn:li:comment:(activity:5,6"`),
		"a comment on nothing":          about(`"action":"COMMENT","generatedActivity":"urn:li:comment:(,6)"`),
		"a comment without a number":    about(`"action":"COMMENT","generatedActivity":"urn:li:comment:(activity:5,)"`),
		"an answer to a number":         about(`"action":"COMMENT","generatedActivity":"urn:li:comment:(activity:5,6)","decoratedGeneratedActivity":{"comment":{"parentComment":7}}`),
		"an answer to a share":          about(`"action":"COMMENT","generatedActivity":"urn:li:comment:(activity:5,6)","decoratedGeneratedActivity":{"comment":{"parentComment":"urn:li:share:7"}}`),
		"an edit of nothing":            about(`"action":"COMMENT_EDIT"`),
		"a deletion of a share":         about(`"action":"COMMENT_DELETE","generatedActivity":"urn:li:share:7"`),
		"a mention by nobody":           about(`"action":"SHARE_MENTION","generatedActivity":"urn:li:share:7"`),
		"a mention in nothing":          about(`"action":"SHARE_MENTION","decoratedSourcePost":{"owner":"urn:li:person:1"}`),
		"a time that is a promise":      about(`"action":"COMMENT","generatedActivity":"urn:li:comment:(activity:5,6)","lastModifiedAt":"soon"`),
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

func TestThread(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]thread{
		"urn:li:activity:5": {object: "urn:li:activity:5"},
		"urn:li:activity:5:urn:li:comment:(urn:li:activity:5,6)": {"urn:li:activity:5", "urn:li:comment:(urn:li:activity:5,6)"},
	} {
		if got := readThread(key); got != want || got.key() != key {
			t.Errorf("read %q as %+v, and back as %q", key, got, got.key())
		}
	}
}
