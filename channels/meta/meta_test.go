package meta_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"parley/channels"
	"parley/channels/meta"
	"parley/channels/meta/metatest"
	"parley/models"
)

const token = "EAAB-page-token"

func TestVerify(t *testing.T) {
	t.Parallel()
	signed := func(secret string) channels.Delivery {
		d := channels.Delivery{Header: http.Header{}, Body: []byte(`{"object":"page"}`)}
		d.Header.Set(meta.SignatureHeader, meta.Signature(secret, d.Body))
		return d
	}
	app := meta.App{AppSecrets: []string{"", "Facebook's", "Instagram's"}}

	t.Run("accepts each of several secrets", func(t *testing.T) {
		t.Parallel()
		for _, secret := range []string{"Facebook's", "Instagram's"} {
			if err := app.Verify(signed(secret)); err != nil {
				t.Errorf("signed with %s secret: %v", secret, err)
			}
		}
	})
	t.Run("an empty secret signs nothing", func(t *testing.T) {
		t.Parallel()
		if err := app.Verify(signed("")); !errors.Is(err, channels.ErrNotSigned) {
			t.Errorf("got %v, want ErrNotSigned", err)
		}
	})
	t.Run("the old signature counts for nothing", func(t *testing.T) {
		t.Parallel()
		d := channels.Delivery{Header: http.Header{"X-Hub-Signature": {"sha1=0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33"}}, Body: []byte("foo")}
		if err := app.Verify(d); !errors.Is(err, channels.ErrUnsigned) {
			t.Errorf("got %v, want ErrUnsigned", err)
		}
	})
}

func TestHandshake(t *testing.T) {
	t.Parallel()
	query := url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {"0042"}, "hub.verify_token": {"ours"}}
	if answer, err := (meta.App{VerifyToken: "ours"}).Handshake(query); err != nil || answer != "0042" {
		t.Errorf("answered %q, %v; want the challenge with its zeros", answer, err)
	}
	if answer, err := (meta.App{}).Handshake(url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {"1"}}); err == nil {
		t.Errorf("answered %q without a verify token of ours", answer)
	}
}

func TestCall(t *testing.T) {
	t.Parallel()

	t.Run("proves that the app makes it", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{}`})
		app := g.App().WithDefaults()
		app.AppSecrets = []string{"meta-app-secret-1", "another"}
		_, err := app.Call(t.Context(), meta.Call{
			Method: http.MethodPost, Path: []string{"1", "a/b"}, Query: url.Values{"x": {"y"}}, Payload: meta.Object{"k": "v"}, Token: token,
		})
		if err != nil {
			t.Fatalf("call: %v", err)
		}
		g.Called(t, "POST /v25.0/1/a%2Fb?appsecret_proof=d2c37b72a305c158e3ec2b64343b9a9cd6b283fd46fe6602d7176f8b9659f190&x=y",
			token, `{"k":"v"}`)
	})

	t.Run("proves nothing to another login's address", func(t *testing.T) {
		t.Parallel()
		g := metatest.Answering(t, metatest.Answer{Body: `{}`})
		app := meta.App{AppSecrets: []string{"meta-app-secret-1"}, HTTP: g.Client()}.WithDefaults()
		if _, err := app.Call(t.Context(), meta.Call{Method: http.MethodGet, Base: g.URL, Path: []string{"1"}, Token: token}); err != nil {
			t.Fatalf("call: %v", err)
		}
		g.Called(t, "GET /v25.0/1", token, "")
	})

	t.Run("nobody listening does not show the address", func(t *testing.T) {
		t.Parallel()
		closed := httptest.NewServer(http.NotFoundHandler())
		closed.Close()
		app := meta.App{APIBase: closed.URL, HTTP: closed.Client()}
		_, err := app.Call(t.Context(), meta.Call{Method: http.MethodGet, Token: token, TokenInQuery: true})
		if got := metatest.Refused(t, err, token); got.Reason != models.Transient || got.Ambiguous {
			t.Errorf("got %+v, want transient and not ambiguous", got)
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for reason, codes := range map[models.FailureReason][]string{
		models.WindowClosed:     {"10/2018278", "10/2534022", "10/2018065"},
		models.RateLimited:      {"4", "17", "32", "613", "613/2534040", "613/2018338", "80001", "80002"},
		models.Transient:        {"1", "2"},
		models.AuthExpired:      {"190", "190/463", "190/460", "190/458", "190/467", "102"},
		models.RecipientBlocked: {"10/2018108"},
		models.RecipientUnreachable: {
			"551", "551/1545041", "200/1545041", "100/2018001", "100/2534014",
		},
		models.InvalidRequest: {
			"100", "100/2534025", "10900", "100/2018008", "100/2018047", "100/2018109", "100/2018294", "9000001",
		},
		models.PermissionMissing: {"3", "10", "100/33", "200", "200/2534041", "230", "299"},
		models.ChannelRestricted: {"10/1893063", "10/2022", "2022", "368"},
		models.PlatformRefused:   {"10/2018300", "424242"},
	} {
		for _, code := range codes {
			t.Run(fmt.Sprintf("%s is %s", code, reason), func(t *testing.T) {
				t.Parallel()
				g := metatest.Answering(t, metatest.Answer{Status: 400, Body: problem(t, code)})

				_, err := g.App().Call(t.Context(), meta.Call{Method: http.MethodGet, Token: token, Reasons: meta.PageReasons})

				want := channels.SendError{
					Failure:    models.Failure{Reason: reason, Code: code, Message: "no [secret]"},
					HTTPStatus: 400, RequestID: "A1",
				}
				if got := metatest.Refused(t, err, token); *got != want {
					t.Errorf("got %+v, want %+v", *got, want)
				}
			})
		}
	}
}

// problem is Meta's refusal with "code" or "code/subcode".
func problem(t *testing.T, codes string) string {
	t.Helper()
	var code, subcode int
	if n, _ := fmt.Sscanf(codes, "%d/%d", &code, &subcode); n == 0 {
		t.Fatalf("no code in %q", codes)
	}
	said := map[string]any{"message": "no " + token, "code": code, "error_subcode": subcode, "fbtrace_id": "A1"}
	body, err := json.Marshal(map[string]any{"error": said})
	if err != nil {
		t.Fatalf("write the refusal: %v", err)
	}
	return string(body)
}

func TestRefusalsBeyondCodes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer metatest.Answer
		want   channels.SendError
	}{
		"too many requests, with a time to wait": {
			metatest.Answer{Status: 429, Header: map[string]string{"Retry-After": "17"}},
			channels.SendError{Failure: models.Failure{Reason: models.RateLimited}, HTTPStatus: 429, RetryAfter: 17 * time.Second},
		},
		"a rate limit that is regained in minutes": {
			metatest.Answer{Status: 400, Body: `{"error":{"code":80001}}`, Header: map[string]string{"X-Business-Use-Case-Usage": `{"1":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":3},{"type":"messenger"}],"2":[{"estimated_time_to_regain_access":1}]}`}},
			channels.SendError{Failure: models.Failure{Reason: models.RateLimited, Code: "80001"}, HTTPStatus: 400, RetryAfter: 3 * time.Minute},
		},
		"a rate limit nobody can wait for": {
			metatest.Answer{Status: 400, Body: `{"error":{"code":4}}`, Header: map[string]string{"X-Business-Use-Case-Usage": `{"1":[{"estimated_time_to_regain_access":9223372036854775807}]}`}},
			channels.SendError{Failure: models.Failure{Reason: models.RateLimited, Code: "4"}, HTTPStatus: 400, RetryAfter: 24 * time.Hour},
		},
		"an unknown code that will pass": {
			metatest.Answer{Status: 400, Body: `{"error":{"code":424242,"is_transient":true,"message":"later"}}`},
			channels.SendError{Failure: models.Failure{Reason: models.Transient, Code: "424242", Message: "later"}, HTTPStatus: 400},
		},
		"a known code that will pass": {
			metatest.Answer{Status: 400, Body: `{"error":{"code":100,"is_transient":true}}`},
			channels.SendError{Failure: models.Failure{Reason: models.Transient, Code: "100"}, HTTPStatus: 400},
		},
		"a rate limit that will pass": {
			metatest.Answer{Status: 400, Body: `{"error":{"code":613,"is_transient":true}}`},
			channels.SendError{Failure: models.Failure{Reason: models.RateLimited, Code: "613"}, HTTPStatus: 400},
		},
		"a proxy's page":   {metatest.Answer{Status: 502, Body: `<html>`}, channels.SendError{Failure: models.Failure{Reason: models.Transient}, HTTPStatus: 502}},
		"no authorization": {metatest.Answer{Status: 401}, channels.SendError{Failure: models.Failure{Reason: models.AuthExpired}, HTTPStatus: 401}},
		"no permission":    {metatest.Answer{Status: 403}, channels.SendError{Failure: models.Failure{Reason: models.PermissionMissing}, HTTPStatus: 403}},
		"somewhere else to go": {
			metatest.Answer{Status: 307, Header: map[string]string{"Location": "https://elsewhere.example/"}},
			channels.SendError{Failure: models.Failure{Reason: models.PlatformRefused}, HTTPStatus: 307},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := metatest.Answering(t, c.answer)
			_, err := g.App().Call(t.Context(), meta.Call{Method: http.MethodGet, Token: token, Reasons: meta.PageReasons})
			if got := metatest.Refused(t, err, token); *got != c.want {
				t.Errorf("got %+v, want %+v", *got, c.want)
			}
		})
	}
}

func TestMoment(t *testing.T) {
	t.Parallel()
	want := time.Date(2023, 12, 1, 6, 52, 51, 0, time.UTC)
	for _, written := range []string{`"2023-12-01T06:52:51+0000"`, `"2023-12-01T07:52:51+01:00"`, `1701413571`, `"1701413571"`} {
		var m meta.Moment
		if err := json.Unmarshal([]byte(written), &m); err != nil || !m.Equal(want) || m.Location() != time.UTC {
			t.Errorf("%s is %v, %v; want %v", written, m.Time, err, want)
		}
	}
	var m meta.Moment
	if err := json.Unmarshal([]byte(`"yesterday"`), &m); err == nil {
		t.Errorf("read yesterday as %v", m.Time)
	}
}
