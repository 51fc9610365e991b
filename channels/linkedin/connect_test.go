package linkedin

import (
	"slices"
	"strings"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

const (
	rolesLine = "GET /rest/organizationAcls?q=roleAssignee&role=ADMINISTRATOR&state=APPROVED&start=0&count=100"
	ours      = `{"elements":[{"organization":"urn:li:organization:1","roleAssignee":"urn:li:person:other"},
		{"organization":"urn:li:organization:96000893","roleAssignee":"urn:li:person:zX-_9","role":"ADMINISTRATOR"}]}`
)

func TestCheck(t *testing.T) {
	t.Parallel()
	const pageLine = "GET /rest/organizations/96000893"

	for name, id := range map[string]string{"by its URN": page, "by its number": "96000893"} {
		t.Run("learns the Page's name "+name, func(t *testing.T) {
			t.Parallel()
			p := answering(t, map[string]answer{rolesLine: {status: 200, body: ours}, pageLine: {status: 200, body: `{"id":96000893,"localizedName":"Teeladen"}`}})
			known, err := p.adapter().Check(t.Context(), channels.Account{ID: id, Credentials: account.Credentials})
			if err != nil || known.ID != page || known.Name != "Teeladen" || known.Credentials != account.Credentials {
				t.Errorf("learned %q %q, %v", known.ID, known.Name, err)
			}
			p.called(t, [2]string{rolesLine, ""}, [2]string{pageLine, ""})
		})
	}

	t.Run("looks through many roles", func(t *testing.T) {
		t.Parallel()
		full := `{"elements":[` + strings.TrimSuffix(strings.Repeat(`{"organization":"urn:li:organization:1"},`, rolesPerPage), ",") + `]}`
		next := strings.Replace(rolesLine, "start=0", "start=100", 1)
		old := strings.Replace(ours, `"organization"`, `"organizationalTarget"`, 2)
		p := answering(t, map[string]answer{rolesLine: {status: 200, body: full}, next: {status: 200, body: old}, pageLine: {status: 200, body: `{}`}})
		known, err := p.adapter().Check(t.Context(), account)
		if err != nil || known.Name != page {
			t.Errorf("learned %q, %v", known.Name, err)
		}
		p.called(t, [2]string{rolesLine, ""}, [2]string{next, ""}, [2]string{pageLine, ""})
	})

	for name, c := range map[string]struct {
		id          string
		roles, page answer
		want        models.FailureReason
	}{
		"a member who administers another Page": {page, answer{status: 200, body: `{"elements":[{"organization":"urn:li:organization:1"}]}`}, answer{}, models.PermissionMissing},
		"a token that ended":                    {page, answer{status: 401}, answer{}, models.AuthExpired},
		"half a list":                           {page, answer{status: 200, body: `{"elements":[`}, answer{}, models.Transient},
		"a Page that is none":                   {page, answer{status: 200, body: ours}, answer{status: 200, body: `[]`}, models.Transient},
		"a Page nobody knows":                   {page, answer{status: 200, body: ours}, answer{status: 404}, models.PlatformRefused},
		"a person":                              {"urn:li:person:1", answer{}, answer{}, models.InvalidRequest},
		"nothing":                               {"", answer{}, answer{}, models.InvalidRequest},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			p := answering(t, map[string]answer{rolesLine: c.roles, pageLine: c.page})
			_, err := p.adapter().Check(t.Context(), channels.Account{ID: c.id, Credentials: account.Credentials})
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

const subscriptionPath = "/rest/eventSubscriptions/(developerApplication:urn%3Ali%3AdeveloperApplication%3A77," +
	"user:urn%3Ali%3Aperson%3AzX-_9,entity:urn%3Ali%3Aorganization%3A96000893,eventType:ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS)"

func TestSubscribe(t *testing.T) {
	t.Parallel()
	const webhook = "https://parley.example/webhooks/linkedin"

	t.Run("for the member behind the token", func(t *testing.T) {
		t.Parallel()
		p := answering(t, map[string]answer{rolesLine: {status: 200, body: ours}, "PUT " + subscriptionPath: {status: 204}})
		if err := p.adapter().Subscribe(t.Context(), account, webhook); err != nil {
			t.Fatalf("subscribe: %v", err)
		}
		p.called(t, [2]string{rolesLine, ""}, [2]string{"PUT " + subscriptionPath, `{"webhook":"` + webhook + `"}`})
	})

	for name, c := range map[string]struct {
		answers map[string]answer
		want    models.FailureReason
	}{
		"a webhook that was not validated": {map[string]answer{rolesLine: {status: 200, body: ours}, "PUT " + subscriptionPath: {status: 400}}, models.InvalidRequest},
		"a member without the role":        {map[string]answer{rolesLine: {status: 200, body: `{}`}}, models.PermissionMissing},
		"a member without a name":          {map[string]answer{rolesLine: {status: 200, body: strings.Replace(ours, "urn:li:person:zX-_9", "", 1)}}, models.InvalidRequest},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			err := answering(t, c.answers).adapter().Subscribe(t.Context(), account, webhook)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}

	t.Run("needs to know its own number", func(t *testing.T) {
		t.Parallel()
		err := New(Config{APIBase: "http://127.0.0.1:9"}).Subscribe(t.Context(), account, webhook)
		if got := sendError(t, err); got.Reason != models.InvalidRequest {
			t.Errorf("got %+v", got)
		}
	})

	for name, status := range map[string]int{"ends": 204, "has ended already": 404} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := answering(t, map[string]answer{rolesLine: {status: 200, body: ours}, "DELETE " + subscriptionPath: {status: status}})
			if err := p.adapter().Unsubscribe(t.Context(), account); err != nil {
				t.Fatalf("unsubscribe: %v", err)
			}
			p.called(t, [2]string{rolesLine, ""}, [2]string{"DELETE " + subscriptionPath, ""})
		})
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	const line = "POST /oauth/v2/accessToken"
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

	t.Run("gets a new token and keeps the rest", func(t *testing.T) {
		t.Parallel()
		p := answering(t, map[string]answer{line: {status: 200, body: `{"access_token":"new","expires_in":5184000,"refresh_token_expires_in":439200}`}})
		renewed, err := p.adapter().Refresh(t.Context(), account, now)
		if err != nil || renewed.AccessToken != "new" || renewed.RefreshToken != "refresh-secret-part" || !renewed.ExpiresAt.Equal(now.AddDate(0, 0, 60)) {
			t.Errorf("renewed to end at %v, %v", renewed.ExpiresAt, err)
		}
		p.called(t, [2]string{line, "client_id=client&client_secret=client-secret-part&grant_type=refresh_token&refresh_token=refresh-secret-part"})
	})

	for name, c := range map[string]struct {
		account channels.Account
		answer  answer
		want    models.FailureReason
	}{
		"that there is none":      {channels.Account{}, answer{}, models.AuthExpired},
		"one that ended":          {account, answer{status: 400, body: `{"error":"invalid_grant","error_description":"refresh-secret-part of client-secret-part has expired"}`}, models.AuthExpired},
		"a fault at LinkedIn's":   {account, answer{status: 503}, models.Transient},
		"an answer without token": {account, answer{status: 200, body: `{}`}, models.Transient},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, map[string]answer{line: c.answer}).adapter().Refresh(t.Context(), c.account, now)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

func TestPoll(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1785585600123).UTC()
	line := func(start, from string) string {
		return "GET /rest/organizationalEntityNotifications?q=criteria&actions=List(COMMENT,ADMIN_COMMENT,COMMENT_EDIT,COMMENT_DELETE,SHARE_MENTION)" +
			"&organizationalEntity=" + pageKey + "&timeRange=(start:" + from + ",end:1785585600123)&start=" + start + "&count=50"
	}
	told := func(id, at, organization string) string {
		return `{"notificationId":` + id + `,"action":"COMMENT_DELETE","organizationalEntity":"` + organization +
			`","generatedActivity":"urn:li:comment:(activity:5,` + id + `)","lastModifiedAt":` + at + `}`
	}

	t.Run("first reaches back a day, and tells what happened in order", func(t *testing.T) {
		t.Parallel()
		full := []string{told("3", "1785585600003", page), told("2", "1785585600002", page), told("9", "1785585600002", "urn:li:organization:1"), `{"action":7}`}
		for len(full) < perPage {
			full = append(full, `{"action":"LIKE"}`)
		}
		firstLine, secondLine := line("0", "1785499200123"), line("50", "1785499200123")
		p := answering(t, map[string]answer{
			firstLine:  {status: 200, body: `{"elements":[` + strings.Join(full, ",") + `]}`},
			secondLine: {status: 200, body: `{"elements":[` + told("1", "1785585600001", page) + `]}`},
		})
		polled, err := p.adapter().Poll(t.Context(), account, "", now)
		if err != nil {
			t.Fatalf("poll: %v", err)
		}
		var order []string
		for _, in := range polled.Inbound {
			order = append(order, in.DeliveryID)
		}
		if !slices.Equal(order, []string{"1", "2", "3"}) || len(polled.Unreadable) != 1 || polled.Mark != "1785585600123" {
			t.Errorf("polled %v, unreadable %v, mark %s", order, polled.Unreadable, polled.Mark)
		}
		p.called(t, [2]string{firstLine, ""}, [2]string{secondLine, ""})
	})

	for name, c := range map[string]struct{ mark, from string }{
		"goes on a little before the mark": {"1785585000123", "1785584700123"},
		"reaches back sixty days at most":  {"1700000000000", "1780401600123"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := answering(t, map[string]answer{line("0", c.from): {status: 200, body: `{"elements":[]}`}})
			if polled, err := p.adapter().Poll(t.Context(), account, c.mark, now); err != nil || len(polled.Inbound) != 0 {
				t.Errorf("polled %v, %v", polled.Inbound, err)
			}
			p.called(t, [2]string{line("0", c.from), ""})
		})
	}

	for name, c := range map[string]struct {
		answer answer
		want   models.FailureReason
	}{
		"a day that is used up": {answer{status: 429}, models.RateLimited},
		"half an answer":        {answer{status: 200, body: `{"elements":[`}, models.Transient},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, map[string]answer{"GET /rest/organizationalEntityNotifications": c.answer}).adapter().Poll(t.Context(), account, "", now)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}

	t.Run("refuses a mark of somebody else's", func(t *testing.T) {
		t.Parallel()
		if _, err := answering(t, nil).adapter().Poll(t.Context(), account, "soon", now); err == nil {
			t.Error("polled")
		}
	})
}
