package sms

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

var now = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

func inList(sid, direction, body string, at time.Time, more string) string {
	return fmt.Sprintf(`{"sid":%q,"from":"+14133881111","to":"+12028831111","body":%q,"direction":%q,"date_sent":%q,"num_media":"0"%s}`,
		sid, body, direction, at.Format(time.RFC1123Z), more)
}

func TestPoll(t *testing.T) {
	t.Parallel()

	t.Run("brings what deliveries would have brought", func(t *testing.T) {
		t.Parallel()
		first := `{"next_page_uri":"` + messagesPath + `?PageToken=2","messages":[` + strings.Join([]string{
			inList("SM3", "inbound", "STOP", now.Add(-time.Minute), ``),
			inList("SM2b", "outbound-api", "ours", now.Add(-time.Minute), ``),
			`{"sid":5}`,
			inList("MM2", "inbound", "", now.Add(-time.Hour), `,"num_media":"1"`),
		}, ",") + `]}`
		second := `{"next_page_uri":"` + messagesPath + `?PageToken=3","messages":[` +
			inList("SM1", "inbound", "hi", now.Add(-23*time.Hour), ``) + `,` + inList("SM0", "inbound", "old", now.Add(-25*time.Hour), ``) + `]}`
		tw := twilioAnswering(t, map[string][]answer{
			"GET " + messagesPath:                             {{status: 200, body: first}, {status: 200, body: second}},
			"GET " + accountPath + "/Messages/MM2/Media.json": {{status: 200, body: `{"media_list":[{"sid":"ME1","content_type":"image/png"}]}`}},
		})

		polled, err := tw.adapter().Poll(t.Context(), account, "", now)

		if err != nil {
			t.Fatalf("poll: %v", err)
		}
		var got []string
		for _, in := range polled.Inbound {
			got = append(got, fmt.Sprint(in.Kind, " ", in.ExternalID, " ", in.ThreadKey, " ", in.Text, " ", in.At.Format(time.TimeOnly)))
		}
		want := "OPT_OUT SM3 +14133881111 STOP 11:59:00|MESSAGE MM2 +14133881111  11:00:00|MESSAGE SM1 +14133881111 hi 13:00:00"
		if strings.Join(got, "|") != want {
			t.Errorf("got %q, want %q", strings.Join(got, "|"), want)
		}
		if a := polled.Inbound[1].Attachments; len(a) != 1 || a[0].URL != tw.URL+accountPath+"/Messages/MM2/Media/ME1" || a[0].Kind != models.Image {
			t.Errorf("attachments %+v", a)
		}
		if len(polled.Unreadable) != 1 || polled.Wait != 0 {
			t.Errorf("unreadable %v, wait %s", polled.Unreadable, polled.Wait)
		}
		tw.called(t, "GET "+messagesPath+" DateSent%3E=2026-07-31&PageSize=100&To=%2B12028831111",
			"GET "+accountPath+"/Messages/MM2/Media.json", "GET "+messagesPath+" PageToken=2")

		t.Run("and goes on from its mark", func(t *testing.T) {
			tw := twilioAnswering(t, map[string][]answer{"GET " + messagesPath: {{status: 200, body: `{"messages":[` +
				inList("SM5", "inbound", "new", now, ``) + `,` + inList("SM3", "inbound", "again", now.Add(-11*time.Minute), ``) + `]}`}}})
			next, err := tw.adapter().Poll(t.Context(), account, polled.Mark, now.Add(time.Minute))
			if err != nil || len(next.Inbound) != 1 || next.Inbound[0].ExternalID != "SM5" {
				t.Errorf("got %+v, %v", next, err)
			}
			tw.called(t, "GET "+messagesPath+" DateSent%3E=2026-08-01&PageSize=100&To=%2B12028831111")
		})
	})

	t.Run("takes no more than twenty pages, and goes on there", func(t *testing.T) {
		t.Parallel()
		page := `{"next_page_uri":"` + messagesPath + `?PageToken=x","messages":[` + inList("SM1", "inbound", "a", now, ``) + `]}`
		tw := twilioAnswering(t, map[string][]answer{"GET " + messagesPath: {{status: 200, body: page}}})

		polled, err := tw.adapter().Poll(t.Context(), account, "", now)

		if err != nil || len(tw.calls) != maxPages || polled.Wait != soon {
			t.Fatalf("%d calls, wait %s, %v", len(tw.calls), polled.Wait, err)
		}
		last := twilioAnswering(t, map[string][]answer{"GET " + messagesPath: {{status: 200, body: `{"messages":[]}`}}})
		done, err := last.adapter().Poll(t.Context(), account, polled.Mark, now.Add(time.Hour))
		if err != nil {
			t.Fatalf("poll: %v", err)
		}
		last.called(t, "GET "+messagesPath+" PageToken=x")
		if since := readMark(done.Mark, now).Since; !since.Equal(now.Add(-overlap)) {
			t.Errorf("the next poll begins at %s: what came during the long one would be lost", since)
		}
	})

	t.Run("leaves what other numbers of the account received", func(t *testing.T) {
		t.Parallel()
		tw := twilioAnswering(t, map[string][]answer{"GET " + messagesPath: {{status: 200, body: `{"messages":[` +
			inList("SM1", "inbound", "a", now, `,"messaging_service_sid":"MG1"`) + `,` + inList("SM2", "inbound", "b", now, `,"messaging_service_sid":null`) + `]}`}}})
		polled, err := tw.adapter().Poll(t.Context(), channels.Account{ID: "MG1", Credentials: account.Credentials}, "", now)
		if err != nil || len(polled.Inbound) != 1 || polled.Inbound[0].ExternalID != "SM1" || polled.Inbound[0].AccountID != "MG1" {
			t.Errorf("got %+v, %v", polled.Inbound, err)
		}
	})

	for name, c := range map[string]struct {
		answer answer
		want   models.FailureReason
	}{
		"a wrong token":                  {answer{status: 401, body: `{"code":20003}`}, models.AuthExpired},
		"half a list":                    {answer{status: 200, body: `{"mess`}, models.Transient},
		"a list that is none":            {answer{status: 200, body: `{"messages":"many","next_page_uri":"//other.example/"}`}, models.Transient},
		"a next page at somebody else's": {answer{status: 200, body: `{"messages":[],"next_page_uri":"@other.example/"}`}, models.Transient},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			tw := twilioAnswering(t, map[string][]answer{"GET " + messagesPath: {c.answer}})
			_, err := tw.adapter().Poll(t.Context(), account, "", now)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

func TestOpenMedia(t *testing.T) {
	t.Parallel()
	const path = accountPath + "/Messages/MM2/Media/ME1"

	t.Run("shows the token to Twilio, and leaves the redirect to the caller", func(t *testing.T) {
		t.Parallel()
		tw := twilioAnswering(t, map[string][]answer{"GET " + path: {{status: 307, header: map[string]string{"Location": "https://cdn.example/x"}}}})
		res, err := tw.adapter().OpenMedia(t.Context(), account, models.Attachment{URL: tw.URL + path})
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode != 307 || res.Header.Get("Location") != "https://cdn.example/x" {
			t.Errorf("got %d %v", res.StatusCode, res.Header)
		}
	})

	t.Run("opens a file", func(t *testing.T) {
		t.Parallel()
		tw := twilioAnswering(t, map[string][]answer{"GET " + path: {{status: 200, body: "a picture"}}})
		res, err := tw.adapter().OpenMedia(t.Context(), account, models.Attachment{URL: tw.URL + path})
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		defer func() { _ = res.Body.Close() }()
		if body, _ := io.ReadAll(res.Body); string(body) != "a picture" {
			t.Errorf("got %q", body)
		}
	})

	t.Run("shows the token to nobody else", func(t *testing.T) {
		t.Parallel()
		stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called") }))
		t.Cleanup(stranger.Close)
		tw := twilioAnswering(t, nil)
		for _, address := range []string{stranger.URL + path, "", "file:///etc/passwd", "http://a:b@" + strings.TrimPrefix(tw.URL, "http://") + path, tw.URL + ".example/"} {
			_, err := tw.adapter().OpenMedia(t.Context(), account, models.Attachment{URL: address})
			if got := sendError(t, err); got.Reason != models.InvalidRequest {
				t.Errorf("%s: got %+v", address, got)
			}
		}
		tw.called(t)
	})

	t.Run("tells when nobody answers", func(t *testing.T) {
		t.Parallel()
		tw := twilioAnswering(t, nil)
		tw.Close()
		_, err := tw.adapter().OpenMedia(t.Context(), account, models.Attachment{URL: tw.URL + path})
		if got := sendError(t, err); got.Reason != models.Transient {
			t.Errorf("got %+v", got)
		}
	})
}
