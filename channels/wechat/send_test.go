package wechat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

const (
	accessToken = "73_secret_part"
	appSecret   = "app_secret_part"
)

var account = channels.Account{ID: "gh_e136c6e50636", Credentials: models.Credentials{
	WebhookSecret: token, AppID: appID, AppSecret: appSecret, AccessToken: accessToken,
}}

// weixin is WeChat's API for one test: it keeps the calls and gives the answers it was told, per path.
type weixin struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string
}

type answer struct {
	status int
	kind   string
	body   string
}

func weixinAnswering(t *testing.T, answers map[string]answer) *weixin {
	t.Helper()
	w := &weixin{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body := readCall(r)
		w.mu.Lock()
		w.calls = append(w.calls, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.URL.RequestURI(), body)))
		w.mu.Unlock()
		a, ok := answers[r.URL.Path]
		if !ok {
			a = answer{status: 404}
		}
		if a.kind != "" {
			rw.Header().Set("Content-Type", a.kind)
		}
		rw.WriteHeader(a.status)
		_, _ = io.WriteString(rw, strings.ReplaceAll(a.body, "{here}", "http://"+r.Host))
	}))
	t.Cleanup(w.Close)
	return w
}

// readCall is a body, or what its one part is.
func readCall(r *http.Request) string {
	kind, parameters, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		body, _ := io.ReadAll(r.Body)
		return string(body)
	}
	part, err := multipart.NewReader(r.Body, parameters["boundary"]).NextPart()
	if err != nil {
		return err.Error()
	}
	content, _ := io.ReadAll(part)
	return fmt.Sprintf("%s=%s (%s) %d bytes", part.FormName(), part.FileName(), part.Header.Get("Content-Type"), len(content))
}

func (w *weixin) adapter() *Adapter {
	return New(Config{APIBase: w.URL, HTTP: w.Client(), Now: func() time.Time { return now }})
}

var now = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

func (w *weixin) called(t *testing.T, want ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if got := strings.Join(w.calls, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("called\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func sendError(t *testing.T, err error) *channels.SendError {
	t.Helper()
	var refused *channels.SendError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a SendError", err)
	}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		if strings.Contains(fmt.Sprintf("%v %+v %#v", cause, refused.Failure, cause), "secret_part") {
			t.Errorf("the error shows a secret: %v", cause)
		}
	}
	return refused
}

func opening(content string) func(context.Context, models.Attachment) (io.ReadCloser, error) {
	return func(context.Context, models.Attachment) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}
}

const (
	sendCall   = "POST /cgi-bin/message/custom/send?access_token=" + accessToken + " "
	typingCall = "POST /cgi-bin/message/custom/typing?access_token=" + accessToken + " "
	uploadCall = "POST /cgi-bin/media/upload?access_token=" + accessToken + "&type="
)

var ok = answer{status: 200, body: `{"errcode":0,"errmsg":"ok"}`}

func TestSend(t *testing.T) {
	t.Parallel()
	file := func(a models.Attachment) channels.Outbound {
		return channels.Outbound{Reference: "msg_1", ThreadKey: "her", Attachments: []models.Attachment{a}, OpenFile: opening("abc")}
	}
	for name, c := range map[string]struct {
		message channels.Outbound
		want    []string
	}{
		"a text as it is": {
			channels.Outbound{Reference: "msg_1", RecipientID: "her", ThreadKey: "x", Text: "你好 <b> & \"so\""},
			[]string{sendCall + `{"msgtype":"text","text":{"content":"你好 <b> & \"so\""},"touser":"her"}`},
		},
		"a picture": {
			file(models.Attachment{Kind: models.Image, Filename: "茶.PNG", MIMEType: "image/png"}),
			[]string{
				uploadCall + "image media=image.PNG (image/png) 3 bytes",
				sendCall + `{"image":{"media_id":"M1"},"msgtype":"image","touser":"her"}`,
			},
		},
		"a voice without a name": {
			file(models.Attachment{Kind: models.Audio}),
			[]string{
				uploadCall + "voice media=voice.mp3 (application/octet-stream) 3 bytes",
				sendCall + `{"msgtype":"voice","touser":"her","voice":{"media_id":"M1"}}`,
			},
		},
		"a video": {
			file(models.Attachment{Kind: models.Video, Filename: "a.\"x\r\n"}),
			[]string{
				uploadCall + "video media=video.mp4 (application/octet-stream) 3 bytes",
				sendCall + `{"msgtype":"video","touser":"her","video":{"media_id":"M1"}}`,
			},
		},
	} {
		t.Run("sends "+name, func(t *testing.T) {
			t.Parallel()
			w := weixinAnswering(t, map[string]answer{
				"/cgi-bin/message/custom/send": ok, "/cgi-bin/media/upload": {status: 200, body: `{"type":"image","media_id":"M1","created_at":1}`},
			})
			sent, err := w.adapter().Send(t.Context(), account, c.message)
			if err != nil {
				t.Fatalf("send: %v", err)
			}
			if want := (channels.Sent{ExternalID: "msg_1", HTTPStatus: 200}); sent != want {
				t.Errorf("sent %+v, want %+v", sent, want)
			}
			w.called(t, c.want...)
		})
	}

	withFile := func(change func(m *channels.Outbound)) channels.Outbound {
		m := file(models.Attachment{Kind: models.Image})
		change(&m)
		return m
	}
	for name, m := range map[string]channels.Outbound{
		"a message to nobody":     {Reference: "m", Text: "a"},
		"a message without an id": {ThreadKey: "her", Text: "a"},
		"nothing":                 {Reference: "m", ThreadKey: "her"},
		"a template":              {Reference: "m", ThreadKey: "her", Template: &models.Template{Name: "a"}},
		"a text of 2,049 bytes":   {Reference: "m", ThreadKey: "her", Text: strings.Repeat("é", 1024) + "a"},
		"a text beside a file":    withFile(func(m *channels.Outbound) { m.Text = "a" }),
		"two files":               withFile(func(m *channels.Outbound) { m.Attachments = append(m.Attachments, m.Attachments[0]) }),
		"a document":              withFile(func(m *channels.Outbound) { m.Attachments[0].Kind = models.File }),
		"a file nobody can open":  withFile(func(m *channels.Outbound) { m.OpenFile = nil }),
		"a voice of over 2 megabytes": withFile(func(m *channels.Outbound) {
			m.Attachments[0].Kind = models.Audio
			m.OpenFile = opening(strings.Repeat("a", 2<<20+1))
		}),
	} {
		t.Run("does not try "+name, func(t *testing.T) {
			t.Parallel()
			w := weixinAnswering(t, nil)
			_, err := w.adapter().Send(t.Context(), account, m)
			if got := sendError(t, err); got.Reason != models.InvalidRequest || got.Ambiguous {
				t.Errorf("got %+v", got)
			}
			w.called(t)
		})
	}

	for name, c := range map[string]struct {
		answer    answer
		want      models.FailureReason
		ambiguous bool
	}{
		"half an answer":       {answer{status: 200, body: `{"errc`}, models.Unconfirmed, true},
		"a fault of a proxy":   {answer{status: 502, body: `<html>`}, models.Transient, false},
		"a token it quotes":    {answer{status: 200, body: `{"errcode":40001,"errmsg":"invalid credential 73_secret_part app_secret_part rid: 62-1"}`}, models.AuthExpired, false},
		"a closed window":      {answer{status: 200, body: `{"errcode":45015,"errmsg":"response out of time limit"}`}, models.WindowClosed, false},
		"a file it cannot see": {answer{status: 200, body: `{"errcode":40007}`}, models.InvalidRequest, false},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			w := weixinAnswering(t, map[string]answer{"/cgi-bin/message/custom/send": c.answer})
			_, err := w.adapter().Send(t.Context(), account, channels.Outbound{Reference: "m", ThreadKey: "her", Text: "a"})
			got := sendError(t, err)
			if got.Reason != c.want || got.Ambiguous != c.ambiguous {
				t.Errorf("got %+v", got)
			}
			if c.want == models.AuthExpired && (got.RequestID != "62-1" || got.Code != "40001") {
				t.Errorf("got %+v", got)
			}
		})
	}

	for name, c := range map[string]struct {
		answer answer
		want   models.FailureReason
	}{
		"a refused upload":         {answer{status: 200, body: `{"errcode":40004,"errmsg":"invalid media type"}`}, models.InvalidRequest},
		"half an answer to a file": {answer{status: 200, body: `{"media`}, models.Transient},
		"an upload without an id":  {answer{status: 200, body: `{}`}, models.Transient},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			w := weixinAnswering(t, map[string]answer{"/cgi-bin/media/upload": c.answer})
			_, err := w.adapter().Send(t.Context(), account, file(models.Attachment{Kind: models.Image}))
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}

	t.Run("does not call without a token", func(t *testing.T) {
		t.Parallel()
		w := weixinAnswering(t, nil)
		_, err := w.adapter().Send(t.Context(), plain, channels.Outbound{Reference: "m", ThreadKey: "her", Text: "a"})
		if got := sendError(t, err); got.Reason != models.AuthExpired {
			t.Errorf("got %+v", got)
		}
		w.called(t)
	})

	t.Run("shows no address when nobody answers", func(t *testing.T) {
		t.Parallel()
		w := weixinAnswering(t, nil)
		w.Close()
		_, err := w.adapter().Send(t.Context(), account, channels.Outbound{Reference: "m", ThreadKey: "her", Text: "a"})
		if got := sendError(t, err); got.Reason != models.Transient {
			t.Errorf("got %+v", got)
		}
	})
}

func TestAct(t *testing.T) {
	t.Parallel()
	typing := channels.Action{Kind: models.ShowTyping, ThreadKey: "her"}
	for name, a := range map[string]answer{
		"shows that we write":        ok,
		"is content if it was shown": {status: 200, body: `{"errcode":45081,"errmsg":"typing already"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := weixinAnswering(t, map[string]answer{"/cgi-bin/message/custom/typing": a})
			if err := w.adapter().Act(t.Context(), account, typing); err != nil {
				t.Errorf("act: %v", err)
			}
			w.called(t, typingCall+`{"command":"Typing","touser":"her"}`)
		})
	}
	t.Run("does nothing else", func(t *testing.T) {
		t.Parallel()
		w := weixinAnswering(t, nil)
		for _, action := range []channels.Action{{Kind: models.DeleteMessage, ThreadKey: "her"}, {Kind: models.ShowTyping}} {
			if got := sendError(t, w.adapter().Act(t.Context(), account, action)); got.Reason != models.InvalidRequest {
				t.Errorf("got %+v", got)
			}
		}
		w.called(t)
	})
	t.Run("may be tried again when the answer was lost", func(t *testing.T) {
		t.Parallel()
		w := weixinAnswering(t, map[string]answer{"/cgi-bin/message/custom/typing": {status: 200, body: `{`}})
		if got := sendError(t, w.adapter().Act(t.Context(), account, typing)); got.Ambiguous || got.Reason != models.Transient {
			t.Errorf("got %+v", got)
		}
	})
}

func TestReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code, status int
		want         models.FailureReason
		wait         time.Duration
	}{
		{45015, 200, models.WindowClosed, 0},
		{45047, 200, models.WindowClosed, 0},
		{45009, 200, models.RateLimited, time.Hour},
		{45011, 200, models.RateLimited, time.Minute},
		{-1, 200, models.Transient, 0},
		{40001, 200, models.AuthExpired, 0},
		{40014, 200, models.AuthExpired, 0},
		{42001, 200, models.AuthExpired, 0},
		{40003, 200, models.RecipientUnreachable, 0},
		{43004, 200, models.RecipientBlocked, 0},
		{48002, 200, models.RecipientBlocked, 0},
		{48001, 200, models.PermissionMissing, 0},
		{40164, 200, models.PermissionMissing, 0},
		{45002, 200, models.InvalidRequest, 0},
		{40007, 200, models.InvalidRequest, 0},
		{40008, 200, models.InvalidRequest, 0},
		{99999, 200, models.PlatformRefused, 0},
		{0, 429, models.RateLimited, 0},
		{0, 503, models.Transient, 0},
		{0, 404, models.PlatformRefused, 0},
	} {
		t.Run(fmt.Sprint(c.code, " with ", c.status), func(t *testing.T) {
			t.Parallel()
			got := refusal(channels.Answer{Status: c.status}, verdict{Code: c.code}, models.Credentials{})
			if got.Reason != c.want || got.RetryAfter != c.wait {
				t.Errorf("got %+v", got)
			}
		})
	}
}
