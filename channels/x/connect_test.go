package x

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	const me = "GET /2/users/me"

	t.Run("learns whose token it is", func(t *testing.T) {
		t.Parallel()
		p := answering(t, map[string][]answer{me: always(answer{status: 200, body: `{"data":{"id":"9007199254740993","name":"Teeladen","username":"tee"}}`})})
		known, err := p.adapter().Check(t.Context(), channels.Account{Credentials: account.Credentials})
		if err != nil || known.ID != "9007199254740993" || known.Name != "Teeladen" || known.Credentials.AccessToken != token {
			t.Errorf("learned %q %q, %v", known.ID, known.Name, err)
		}
		p.called(t, [2]string{me + "?user.fields=name%2Cusername", ""})
	})

	for name, c := range map[string]struct {
		answer answer
		want   models.FailureReason
	}{
		"a revoked token":  {answer{status: 401}, models.AuthExpired},
		"nobody":           {answer{status: 200, body: `{"data":{}}`}, models.Transient},
		"half an answer":   {answer{status: 200, body: `{"data"`}, models.Transient},
		"a fault at X's":   {answer{status: 500}, models.Transient},
		"a suspended user": {answer{status: 200, body: `{"errors":[{"type":"https://api.twitter.com/2/problems/resource-not-found"}]}`}, models.PlatformRefused},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, map[string][]answer{me: always(c.answer)}).adapter().Check(t.Context(), account)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	const line = "POST /2/oauth2/token"
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

	t.Run("takes both new tokens", func(t *testing.T) {
		t.Parallel()
		p := answering(t, map[string][]answer{line: always(answer{status: 200,
			body: `{"token_type":"bearer","expires_in":7200,"access_token":"new","refresh_token":"newer","scope":"dm.read"}`})})
		renewed, err := p.adapter().Refresh(t.Context(), account, now)
		if err != nil || renewed.AccessToken != "new" || renewed.RefreshToken != "newer" || !renewed.ExpiresAt.Equal(now.Add(2*time.Hour)) {
			t.Errorf("renewed to end at %v, %v", renewed.ExpiresAt, err)
		}
		p.called(t, [2]string{line, "client_id=client&grant_type=refresh_token&refresh_token=refresh-secret-part"})
		if got := p.all()[0]; got.basic != "client:client%3Asecret" || got.bearer != "" {
			t.Errorf("asked as %q %q", got.basic, got.bearer)
		}
	})

	t.Run("keeps the refresh token where there is no new one", func(t *testing.T) {
		t.Parallel()
		p := answering(t, map[string][]answer{line: always(answer{status: 200, body: `{"expires_in":7200,"access_token":"new"}`})})
		renewed, err := p.adapter().Refresh(t.Context(), account, now)
		if err != nil || renewed.RefreshToken != account.Credentials.RefreshToken {
			t.Errorf("lost the refresh token, %v", err)
		}
	})

	for name, c := range map[string]struct {
		account channels.Account
		answer  answer
		want    models.FailureReason
	}{
		"that there is none":       {channels.Account{}, answer{}, models.AuthExpired},
		"one that was used before": {account, answer{status: 400, body: `{"error":"invalid_grant","error_description":"refresh-secret-part was invalid"}`}, models.AuthExpired},
		"a client X does not know": {account, answer{status: 401, body: `{"error":"unauthorized_client"}`}, models.AuthExpired},
		"a fault at X's":           {account, answer{status: 503}, models.Transient},
		"an answer without token":  {account, answer{status: 200, body: `{}`}, models.Transient},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, map[string][]answer{line: always(c.answer)}).adapter().Refresh(t.Context(), c.account, now)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

const (
	hook     = "https://parley.example/webhooks/x"
	hooked   = `{"data":[{"id":"w0","url":"https://elsewhere.example/","valid":true},{"id":"w1","url":"` + hook + `","valid":true}]}`
	nothing  = `{"data":[],"meta":{"result_count":0}}`
	subsPath = "/2/activity/subscriptions"
)

func subscribed(id, user, event, webhook string) string {
	return fmt.Sprintf(`{"subscription_id":%q,"event_type":%q,"filter":{"user_id":%q},"webhook_id":%q}`, id, event, user, webhook)
}

func TestSubscribe(t *testing.T) {
	t.Parallel()

	t.Run("registers the webhook and asks for every event", func(t *testing.T) {
		t.Parallel()
		p := answering(t, map[string][]answer{
			"GET /2/webhooks":  always(answer{status: 200, body: nothing}),
			"POST /2/webhooks": always(answer{status: 200, body: `{"data":{"id":"w1","url":"` + hook + `","valid":true}}`}),
			"GET " + subsPath:  always(answer{status: 200, body: `{"meta":{"total_subscriptions":0}}`}),
			"POST " + subsPath: always(answer{status: 200, body: `{"data":{"subscription_id":"s"}}`}),
		})
		if err := p.adapter().Subscribe(t.Context(), account, hook); err != nil {
			t.Fatalf("subscribe: %v", err)
		}
		want := [][2]string{
			{"GET /2/webhooks", ""}, {"POST /2/webhooks", `{"url":"` + hook + `"}`}, {"GET " + subsPath, ""},
		}
		for _, event := range append(slices.Clone(privateEvents), publicEvents...) {
			want = append(want, [2]string{"POST " + subsPath, `{"event_type":"` + event + `","filter":{"user_id":"9"},"webhook_id":"w1"}`})
		}
		p.called(t, want...)
		for _, c := range p.all() {
			private := strings.Contains(c.body, `"dm.`) || strings.Contains(c.body, `"chat.`) || strings.Contains(c.body, `.create`) && !strings.Contains(c.body, `"post.create`)
			if (c.bearer == token) != private {
				t.Errorf("%s %s: as the wrong one", c.line, c.body)
			}
		}
	})

	t.Run("again changes only what is not as it should be", func(t *testing.T) {
		t.Parallel()
		var first, second []string
		for i, event := range append(slices.Clone(privateEvents), publicEvents...) {
			switch i {
			case 0:
				first = append(first, subscribed("s0", "9", event, "an old one"))
			case 1:
				first = append(first, subscribed("s1", "another user", event, "w1"))
			default:
				second = append(second, subscribed("s", "9", event, "w1"))
			}
		}
		p := answering(t, map[string][]answer{
			"GET /2/webhooks":    always(answer{status: 200, body: strings.Replace(hooked, `"valid":true}]`, `"valid":false}]`, 1)}),
			"PUT /2/webhooks/w1": always(answer{status: 200, body: `{"data":{"valid":true}}`}),
			"GET " + subsPath: {
				{status: 200, body: `{"data":[` + strings.Join(first, ",") + `],"meta":{"next_token":"more"}}`},
				{status: 200, body: `{"data":[` + strings.Join(second, ",") + `]}`},
			},
			"PUT " + subsPath + "/s0": always(answer{status: 200, body: `{"data":{}}`}),
			"POST " + subsPath:        always(answer{status: 400, body: `{"detail":"Duplicate subscription found"}`}),
		})
		if err := p.adapter().Subscribe(t.Context(), account, hook); err != nil {
			t.Fatalf("subscribe: %v", err)
		}
		p.called(t,
			[2]string{"GET /2/webhooks", ""},
			[2]string{"PUT /2/webhooks/w1", ""},
			[2]string{"GET " + subsPath, ""},
			[2]string{"GET " + subsPath + "?pagination_token=more", ""},
			[2]string{"PUT " + subsPath + "/s0", `{"webhook_id":"w1"}`},
			[2]string{"POST " + subsPath, `{"event_type":"` + privateEvents[1] + `","filter":{"user_id":"9"},"webhook_id":"w1"}`},
		)
	})

	for name, c := range map[string]struct {
		answers map[string][]answer
		want    models.FailureReason
	}{
		"an address X refuses": {map[string][]answer{
			"GET /2/webhooks":  always(answer{status: 200, body: nothing}),
			"POST /2/webhooks": always(answer{status: 400, body: `{"errors":[{"message":"CrcValidationFailed"}]}`}),
		}, models.InvalidRequest},
		"a list that is none": {map[string][]answer{"GET /2/webhooks": always(answer{status: 200, body: `{"data":7}`})}, models.Transient},
		"a user who did not agree": {map[string][]answer{
			"GET /2/webhooks":  always(answer{status: 200, body: hooked}),
			"GET " + subsPath:  always(answer{status: 200, body: nothing}),
			"POST " + subsPath: always(answer{status: 403, body: `{"type":"https://api.twitter.com/2/problems/client-forbidden"}`}),
		}, models.PermissionMissing},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			err := answering(t, c.answers).adapter().Subscribe(t.Context(), account, hook)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}

	t.Run("does without what not every app may have", func(t *testing.T) {
		t.Parallel()
		lacking := []string{
			subscribed("s", "9", "dm.received", "w1"), subscribed("s", "9", "dm.sent", "w1"), subscribed("s", "9", "dm.read", "w1"),
			subscribed("s", "9", "dm.indicate_typing", "w1"), subscribed("s", "9", "post.mention.create", "w1"), subscribed("s", "9", "post.reply.create", "w1"),
			subscribed("s", "9", "post.quote.create", "w1"), subscribed("s", "9", "post.create", "w1"), subscribed("s", "9", "post.delete", "w1"),
		}
		p := answering(t, map[string][]answer{
			"GET /2/webhooks":  always(answer{status: 200, body: hooked}),
			"GET " + subsPath:  always(answer{status: 200, body: `{"data":[` + strings.Join(lacking, ",") + `]}`}),
			"POST " + subsPath: {{status: 403}, {status: 403}, {status: 400}},
		})
		if err := p.adapter().Subscribe(t.Context(), account, hook); err != nil {
			t.Errorf("subscribe: %v", err)
		}
		if got := len(p.all()); got != 2+len(optionalEvents) {
			t.Errorf("%d calls", got)
		}
	})

	t.Run("tells that the app's token is missing", func(t *testing.T) {
		t.Parallel()
		adapter := New(Config{APIBase: "http://127.0.0.1:9"})
		for _, err := range []error{adapter.Subscribe(t.Context(), account, hook), adapter.Unsubscribe(t.Context(), account)} {
			if got := sendError(t, err); got.Reason != models.PermissionMissing {
				t.Errorf("got %+v", got)
			}
		}
	})
}

func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	p := answering(t, map[string][]answer{
		"GET " + subsPath: always(answer{status: 200, body: `{"data":[` +
			subscribed("s1", "9", "dm.sent", "w1") + "," + subscribed("s2", "8", "dm.sent", "w1") + "," + subscribed("s3", "9", "post.create", "w1") + `]}`}),
		"DELETE " + subsPath + "/s1": always(answer{status: 200, body: `{"data":{"deleted":true}}`}),
		// s3 is gone already
	})
	if err := p.adapter().Unsubscribe(t.Context(), account); err != nil {
		t.Fatalf("unsubscribe: %v", err)
	}
	p.called(t, [2]string{"GET " + subsPath, ""}, [2]string{"DELETE " + subsPath + "/s1", ""}, [2]string{"DELETE " + subsPath + "/s3", ""})
}

func TestPoll(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	const direct, mentions = "GET /2/dm_events", "GET /2/users/9/mentions"
	message := func(id, at string) string {
		return `{"id":"` + id + `","event_type":"MessageCreate","text":"m` + id + `","sender_id":"7","dm_conversation_id":"7-9","created_at":"` + at + `"}`
	}
	mention := func(id string) string {
		return `{"id":"` + id + `","text":"@tee","author_id":"7","conversation_id":"` + id + `","created_at":"2026-08-01T11:00:00.000Z"}`
	}
	list := func(next string, elements ...string) answer {
		return answer{status: 200, body: `{"data":[` + strings.Join(elements, ",") + `],"includes":{"users":[{"id":"7","name":"Erika"}]},"meta":{"next_token":"` + next + `"}}`}
	}
	ids := func(polled channels.Polled) (said []string) {
		for _, in := range polled.Inbound {
			said = append(said, in.ExternalID+" "+in.Author.Name)
		}
		return said
	}
	query := func(t *testing.T, c call) url.Values {
		t.Helper()
		_, raw, _ := strings.Cut(c.line, "?")
		values, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatalf("read query: %v", err)
		}
		return values
	}

	t.Run("first reaches back a day, and tells what happened in order", func(t *testing.T) {
		t.Parallel()
		p := answering(t, map[string][]answer{
			direct: always(list("more", message("101", "2026-08-01T11:00:00Z"), message("99", "2026-08-01T10:00:00Z"))),
			mentions: {
				list("more", mention("202"), mention("201")),
				list("", mention("200"), `{"id":"199","author_id":7.5}`),
			},
		})
		p.answers[direct] = []answer{p.answers[direct][0], list("yet more", message("98", "2026-07-31T11:59:59Z"))}

		polled, err := p.adapter().Poll(t.Context(), account, "", now)

		if err != nil {
			t.Fatalf("poll: %v", err)
		}
		want := []string{"99 Erika", "101 Erika", "200 Erika", "201 Erika", "202 Erika"}
		if got := ids(polled); !slices.Equal(got, want) || len(polled.Unreadable) != 1 {
			t.Errorf("polled %q, unreadable %v; want %q and one", got, polled.Unreadable, want)
		}
		if polled.Mark != `{"dm":"101","mention":"202"}` {
			t.Errorf("marked %s", polled.Mark)
		}
		calls := p.all()
		if len(calls) != 4 || query(t, calls[1]).Get("pagination_token") != "more" || query(t, calls[3]).Get("pagination_token") != "more" {
			t.Errorf("called %v", calls)
		}
		first := query(t, calls[2])
		if first.Get("start_time") != "2026-07-31T12:00:00Z" || first.Has("since_id") || calls[0].bearer != token {
			t.Errorf("asked for %v", first)
		}
	})

	t.Run("goes on at the mark", func(t *testing.T) {
		t.Parallel()
		p := answering(t, map[string][]answer{
			direct:   always(list("more", message("1000", "2026-07-01T11:00:00Z"), message("101", "2026-07-01T10:00:00Z"))),
			mentions: always(answer{status: 200, body: `{"meta":{"result_count":0}}`}),
		})
		polled, err := p.adapter().Poll(t.Context(), account, `{"dm":"999","mention":"202"}`, now)
		if err != nil || !slices.Equal(ids(polled), []string{"1000 Erika"}) || polled.Mark != `{"dm":"1000","mention":"202"}` {
			t.Errorf("polled %q, mark %s, %v", ids(polled), polled.Mark, err)
		}
		calls := p.all()
		if last := query(t, calls[len(calls)-1]); last.Get("since_id") != "202" || last.Has("start_time") {
			t.Errorf("asked for %v", last)
		}
	})

	t.Run("reads no more than ten pages", func(t *testing.T) {
		t.Parallel()
		p := answering(t, map[string][]answer{
			direct:   always(list("more", message("101", "2026-08-01T11:00:00Z"))),
			mentions: always(list("more", mention("202"))),
		})
		polled, err := p.adapter().Poll(t.Context(), account, "", now)
		if err != nil || len(p.all()) != 2*pagesPerPoll || len(polled.Inbound) != 2 {
			t.Errorf("%d calls, %d inbound, %v", len(p.all()), len(polled.Inbound), err)
		}
	})

	for name, c := range map[string]struct {
		answer answer
		want   models.FailureReason
	}{
		"too many polls":  {answer{status: 429}, models.RateLimited},
		"a revoked token": {answer{status: 401}, models.AuthExpired},
		"half an answer":  {answer{status: 200, body: `{"data":[`}, models.Transient},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			for _, answers := range []map[string][]answer{
				{direct: always(c.answer)}, {direct: always(list("")), mentions: always(c.answer)},
			} {
				_, err := answering(t, answers).adapter().Poll(t.Context(), account, "", now)
				if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
					t.Errorf("got %+v, want %s", got, c.want)
				}
			}
		})
	}

	t.Run("refuses a mark of somebody else's", func(t *testing.T) {
		t.Parallel()
		if _, err := answering(t, nil).adapter().Poll(t.Context(), account, "7", now); err == nil {
			t.Error("polled")
		}
	})
}
