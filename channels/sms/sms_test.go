package sms

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"testing"

	"parley/channels"
	"parley/channels/channelstest"
	"parley/models"
)

const (
	accountSID = "AC00000000000000000000000000000001"
	authToken  = "secret_part"
)

var account = channels.Account{
	ID:          "+12028831111",
	Credentials: models.Credentials{AppID: accountSID, AccessToken: authToken},
}

var suite = channelstest.Suite{
	Adapter:  New(Config{}),
	Account:  account,
	Fixtures: "sms-twilio",
	Sign: func(d *channels.Delivery) {
		d.Header.Set(signatureHeader, sign(authToken, d.URL.String()+contentOf(form(d.Body))))
	},
	Knowing: func(v channelstest.Vector) (channels.Adapter, channels.Account) {
		return New(Config{}), channels.Account{ID: "+1", Credentials: models.Credentials{AccessToken: v.Secret}}
	},
	Broken: channelstest.Batch{Body: `MessageSid=SM1&MessageStatus=exploded&To=%2B14133881111&From=%2B12028831111`},
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	channelstest.Run(t, suite)
}

func FuzzParse(f *testing.F) { channelstest.FuzzParse(f, suite) }

func FuzzVerify(f *testing.F) { channelstest.FuzzVerify(f, suite, signatureHeader) }

func TestVerify(t *testing.T) {
	t.Parallel()
	const body = "Body=hi&From=%2B14133881111"
	content := "Bodyhi" + "From+14133881111"
	digest := sha256.Sum256([]byte(body))
	withDigest := "https://parley.example/webhooks/sms/MG1?bodySHA256=" + hex.EncodeToString(digest[:])

	for name, c := range map[string]struct {
		called, signed string
		account        *channels.Account
		right          bool
	}{
		"accepts the address as it is":             {"https://parley.example/webhooks/sms/MG1", "https://parley.example/webhooks/sms/MG1" + content, &account, true},
		"accepts the usual port spelled out":       {"https://parley.example/webhooks/sms/MG1", "https://parley.example:443/webhooks/sms/MG1" + content, &account, true},
		"accepts the usual port left out":          {"https://parley.example:443/webhooks/sms/MG1", "https://parley.example/webhooks/sms/MG1" + content, &account, true},
		"accepts the usual port of plain http":     {"http://parley.example/webhooks/sms/MG1", "http://parley.example:80/webhooks/sms/MG1" + content, &account, true},
		"accepts a plus that was escaped":          {"https://parley.example/webhooks/sms/+1", "https://parley.example/webhooks/sms/%2B1" + content, &account, true},
		"accepts a plus that was not":              {"https://parley.example/webhooks/sms/%2B1", "https://parley.example/webhooks/sms/+1" + content, &account, true},
		"accepts an address with a fragment":       {"https://parley.example/webhooks/sms/MG1#rc=2", "https://parley.example/webhooks/sms/MG1" + content, &account, true},
		"accepts a digest of the body":             {withDigest, withDigest, &account, true},
		"refuses the digest of another body":       {"https://parley.example/?bodySHA256=00", "https://parley.example/?bodySHA256=00", &account, false},
		"refuses a digest beside the form":         {withDigest, withDigest + content, &account, false},
		"refuses another host":                     {"https://parley.example/webhooks/sms/MG1", "https://other.example/webhooks/sms/MG1" + content, &account, false},
		"refuses another path":                     {"https://parley.example/webhooks/sms/MG1", "https://parley.example/webhooks/sms/MG2" + content, &account, false},
		"refuses another query":                    {"https://parley.example/?a=1", "https://parley.example/?a=2" + content, &account, false},
		"refuses for an account nobody connected":  {"https://parley.example/", "https://parley.example/" + content, nil, false},
		"refuses for an account that has no token": {"https://parley.example/", "https://parley.example/" + content, &channels.Account{ID: "+1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			called, err := url.Parse(c.called)
			if err != nil {
				t.Fatal(err)
			}
			token := ""
			if c.account != nil {
				token = c.account.Credentials.AccessToken
			}
			d := channels.Delivery{Header: http.Header{}, URL: called, Body: []byte(body)}
			d.Header.Set(signatureHeader, sign(token, c.signed))
			if err := suite.Adapter.Verify(d, c.account); (err == nil) != c.right {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestContentOf(t *testing.T) {
	t.Parallel()
	t.Run("has every value of a name that comes twice", func(t *testing.T) {
		t.Parallel()
		got := contentOf(url.Values{"b": {"2", "1"}, "a": {""}, "aa": {"x"}})
		if want := "a" + "aax" + "b1" + "b2"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"an empty body":               ``,
		"something without a sid":     `From=%2B14133881111&To=%2B12028831111&Body=hi`,
		"a message from nobody":       `MessageSid=SM1&SmsStatus=received&To=%2B12028831111&Body=hi`,
		"a message to another number": `MessageSid=SM1&SmsStatus=received&From=%2B14133881111&To=%2B12028832222&Body=hi`,
		"a status nobody heard of":    `MessageSid=SM1&MessageStatus=lost`,
	} {
		t.Run("keeps for later "+name, func(t *testing.T) {
			t.Parallel()
			parsed := suite.Adapter.Parse(channels.Delivery{AccountID: account.ID, Body: []byte(body)}, &account)
			if len(parsed.Inbound) != 0 || len(parsed.Unreadable) != 1 {
				t.Errorf("%d inbound, unreadable: %v; want one unreadable", len(parsed.Inbound), parsed.Unreadable)
			}
		})
	}

	t.Run("takes what any number of a service received", func(t *testing.T) {
		t.Parallel()
		service := channels.Account{ID: "MG1"}
		body := `MessageSid=SM1&SmsStatus=received&MessagingServiceSid=MG1&From=%2B14133881111&To=%2B12028832222&Body=hi`
		header := http.Header{"I-Twilio-Idempotency-Token": {"once"}}
		parsed := suite.Adapter.Parse(channels.Delivery{AccountID: "MG1", Header: header, Body: []byte(body)}, &service)
		if len(parsed.Inbound) != 1 || parsed.Inbound[0].AccountID != "MG1" || parsed.Inbound[0].DeliveryID != "once" {
			t.Errorf("got %+v, unreadable: %v", parsed.Inbound, parsed.Unreadable)
		}
	})

	t.Run("reads no more than ten attachments", func(t *testing.T) {
		t.Parallel()
		body := `MessageSid=MM1&From=%2B14133881111&To=%2B12028831111`
		for _, n := range []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"} {
			body += "&MediaUrl" + n + "=https%3A%2F%2Fapi.twilio.com%2F" + n
		}
		parsed := suite.Adapter.Parse(channels.Delivery{AccountID: account.ID, Body: []byte(body)}, &account)
		if len(parsed.Inbound) != 1 || len(parsed.Inbound[0].Attachments) != 10 {
			t.Errorf("got %+v", parsed)
		}
	})
}

func TestGreeting(t *testing.T) {
	t.Parallel()
	t.Run("says nothing to the contact", func(t *testing.T) {
		t.Parallel()
		kind, text := New(Config{}).Greeting()
		if kind != "text/xml; charset=utf-8" || text != `<?xml version="1.0" encoding="UTF-8"?><Response/>` {
			t.Errorf("got %s: %s", kind, text)
		}
	})
}

func TestReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code   string
		status int
		want   models.FailureReason
	}{
		{"21610", 400, models.RecipientBlocked},
		{"30004", 0, models.RecipientBlocked},
		{"21211", 400, models.RecipientUnreachable},
		{"21614", 400, models.RecipientUnreachable},
		{"30003", 0, models.RecipientUnreachable},
		{"30006", 0, models.RecipientUnreachable},
		{"21408", 400, models.PermissionMissing},
		{"21606", 400, models.PermissionMissing},
		{"30034", 0, models.PermissionMissing},
		{"20429", 429, models.RateLimited},
		{"30001", 0, models.RateLimited},
		{"20003", 401, models.AuthExpired},
		{"30002", 0, models.AuthExpired},
		{"21617", 400, models.InvalidRequest},
		{"30007", 0, models.InvalidRequest},
		{"63016", 400, models.WindowClosed},
		{"30008", 0, models.Transient},
		{"", 0, models.PlatformRefused},
		{"99999", 0, models.PlatformRefused},
		{"99999", 400, models.InvalidRequest},
		{"", 401, models.AuthExpired},
		{"", 403, models.PermissionMissing},
		{"", 429, models.RateLimited},
		{"", 503, models.Transient},
	} {
		t.Run(c.code+" is "+string(c.want), func(t *testing.T) {
			t.Parallel()
			if got := reason(c.code, c.status); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}
