package signintest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// Browser keeps cookies and goes where it is sent, but to no app.
type Browser struct {
	Asked url.Values // what the provider was asked last

	t      testing.TB
	client *http.Client
}

// NewBrowser makes one without cookies.
func NewBrowser(t testing.TB) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &Browser{t: t}
	b.client = &http.Client{Jar: jar, CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if next.URL.Hostname() != "127.0.0.1" {
			return http.ErrUseLastResponse
		}
		if query := next.URL.Query(); query.Has("response_type") {
			b.Asked = query
		}
		return nil
	}}
	return b
}

// Page is where a browser has come to.
type Page struct {
	URL    *url.URL
	Status int
	Text   string
	Sent   *url.URL // where the browser did not go; nil if it was sent nowhere
}

// Said is what the app is told by the address it was called with: name=value.
func (p Page) Said() string {
	if p.Sent == nil {
		return ""
	}
	return p.Sent.Fragment
}

// Code is the code the app is told.
func (p Page) Code() string {
	code, _ := strings.CutPrefix(p.Said(), "code=")
	return code
}

// Open goes to an address.
func (b *Browser) Open(address string) Page {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(request)
}

var formID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// Login fills in the provider's form and goes where that leads.
func (b *Browser) Login(form Page, subject string) Page {
	b.t.Helper()
	id := formID.FindStringSubmatch(form.Text)
	if id == nil {
		b.t.Fatalf("%s is no login form: %d %s", form.URL, form.Status, form.Text)
	}
	answers := url.Values{"id": {id[1]}, "username": {subject}, "password": {password}}.Encode()
	to := form.URL.ResolveReference(&url.URL{Path: "/login/username"}).String()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, to, strings.NewReader(answers))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(request)
}

func (b *Browser) do(request *http.Request) (p Page) {
	b.t.Helper()
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	p = Page{URL: response.Request.URL, Status: response.StatusCode, Text: string(text)}
	if location := response.Header.Get("Location"); location != "" {
		if p.Sent, err = url.Parse(location); err != nil {
			b.t.Fatal(err)
		}
	}
	return p
}
