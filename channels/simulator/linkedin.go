package simulator

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// LinkedInPage is an organization's page whose administrator let our app act for it.
type LinkedInPage struct {
	// Organization is the page's id, as a URN or the number in it.
	Organization string
	Name         string
	// Member is the administrator, as a URN; somebody when empty.
	Member       string
	AccessToken  string
	RefreshToken string
}

// linkedIn is LinkedIn's Community Management API. Facts: learn.microsoft.com/linkedin.
type linkedIn struct {
	sim   *Simulator
	pages map[Account]*linkedInPage
	ids   snowflakes
}

type linkedInPage struct {
	LinkedInPage
	grant
	account *account
	board   board
	// told are the notifications of what happened, the oldest first.
	told []object
	// webhook is where a subscription wants them; asked says that there once was one.
	webhook string
	asked   bool
}

func newLinkedIn(s *Simulator) *linkedIn {
	return &linkedIn{sim: s, pages: map[Account]*linkedInPage{}, ids: snowflakes{epoch: time.UnixMilli(0)}}
}

// AddLinkedInPage adds a page, or changes one that is there. Its account's id is the organization's URN. It panics
// without a numeric organization or a token: such a page could not be called.
func (s *Simulator) AddLinkedInPage(p LinkedInPage) Account {
	number := strings.TrimPrefix(p.Organization, "urn:li:organization:")
	if !isNumber(number) || p.AccessToken == "" {
		panic("simulator: a LinkedIn page needs an Organization with a number and an AccessToken")
	}
	p.Organization = "urn:li:organization:" + number
	if p.Member == "" {
		p.Member = "urn:li:person:admin" + number
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := Account{Platform: LinkedIn, ID: p.Organization}
	page, known := s.linkedIn.pages[id]
	if !known {
		page = &linkedInPage{}
		s.linkedIn.pages[id] = page
	}
	page.LinkedInPage, page.grant = p, grant{access: p.AccessToken, refresh: p.RefreshToken}
	page.account = s.add(id, p.Name, s.linkedIn)
	return id
}

func (d *linkedIn) forget(a *account) {
	p := d.pages[a.Account]
	p.board, p.told = board{}, nil
}

// neverFailsLater: what LinkedIn refuses, it refuses at once.
func (d *linkedIn) neverFailsLater() {}

func (d *linkedIn) serve(mux *http.ServeMux) {
	for pattern, call := range map[string]linkedInCall{
		"GET /linkedin/rest/organizations/{id}":                   d.organization,
		"GET /linkedin/rest/organizationAcls":                     d.roles,
		"GET /linkedin/rest/people/{key}":                         d.person,
		"GET /linkedin/rest/posts/{urn}":                          d.post,
		"GET /linkedin/rest/socialActions/{urn}/comments":         d.comments,
		"GET /linkedin/rest/socialActions/{urn}/comments/{id}":    d.comment,
		"POST /linkedin/rest/socialActions/{urn}/comments":        d.does(http.StatusCreated, (*linkedIn).answer),
		"POST /linkedin/rest/socialActions/{urn}/comments/{id}":   d.does(http.StatusNoContent, (*linkedIn).edit),
		"DELETE /linkedin/rest/socialActions/{urn}/comments/{id}": d.does(http.StatusNoContent, (*linkedIn).remove),
		"POST /linkedin/rest/reactions":                           d.does(http.StatusCreated, (*linkedIn).like),
		"DELETE /linkedin/rest/reactions/{key}":                   d.does(http.StatusNoContent, (*linkedIn).unlike),
		"GET /linkedin/rest/organizationalEntityNotifications":    d.notifications,
		"GET /linkedin/rest/eventSubscriptions/{key}":             d.subscription,
		"PUT /linkedin/rest/eventSubscriptions/{key}":             d.subscribe,
		"DELETE /linkedin/rest/eventSubscriptions/{key}":          d.unsubscribe,
	} {
		mux.HandleFunc(pattern, d.called(call))
	}
	mux.HandleFunc("POST /linkedin/oauth/v2/accessToken", d.renew)
	mux.HandleFunc("GET /linkedin/media/{id}", d.file)
	mux.HandleFunc("/linkedin/", func(w http.ResponseWriter, r *http.Request) {
		refuseLinkedIn(w, linkedInMissing("No virtual resource found"))
	})
}

// linkedInCall answers a call of somebody who may act for these pages.
type linkedInCall func(w http.ResponseWriter, r *http.Request, mine []*linkedInPage)

// called checks what every call needs: a token, a version, and names in the path that are encoded.
func (d *linkedIn) called(call linkedInCall) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.sim.mu.Lock()
		mine, err := d.callers(r)
		d.sim.mu.Unlock()
		if err == nil {
			err = checkRestli(r)
		}
		if err != nil {
			refuseLinkedIn(w, err)
			return
		}
		call(w, r, mine)
	}
}

// callers are the pages a token opens: an administrator may have several.
func (d *linkedIn) callers(r *http.Request) ([]*linkedInPage, error) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	var mine []*linkedInPage
	for _, p := range d.pages {
		if !p.opens(token) {
			continue
		}
		if p.account.faults.TokenExpired {
			return nil, Failure{Class: AuthExpired}
		}
		mine = append(mine, p)
	}
	if mine == nil {
		return nil, linkedInError{401, 65600, "INVALID_ACCESS_TOKEN", "Invalid access token"}
	}
	return mine, nil
}

func checkRestli(r *http.Request) error {
	version := r.Header.Get("Linkedin-Version")
	if version == "" {
		return linkedInError{400, 0, "VERSION_MISSING", "A version must be present. Please specify a version by adding the Linkedin-Version header."}
	}
	if _, err := time.Parse("200601", version); err != nil {
		return linkedInError{426, 0, "NONEXISTENT_VERSION", "Requested version " + version + " is not active"}
	}
	if r.Header.Get("X-Restli-Protocol-Version") != "2.0.0" {
		return linkedInIllegal("X-Restli-Protocol-Version must be 2.0.0")
	}
	for _, name := range strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/linkedin/rest/"), "/") {
		if strings.HasPrefix(name, "urn:") {
			return linkedInIllegal("Syntax exception in path variables")
		}
	}
	return nil
}

// restliKey reads a key of several parts, such as (actor:urn%3A…,entity:urn%3A…), from the last name of the path.
func restliKey(r *http.Request) (map[string]string, error) {
	path := r.URL.EscapedPath()
	inside, opened := strings.CutPrefix(path[strings.LastIndex(path, "/")+1:], "(")
	inside, closed := strings.CutSuffix(inside, ")")
	if !opened || !closed {
		return nil, linkedInIllegal("Syntax exception in path variables")
	}
	key := map[string]string{}
	for _, part := range strings.Split(inside, ",") {
		name, value, _ := strings.Cut(part, ":")
		plain, err := url.PathUnescape(value)
		if err != nil || strings.ContainsAny(value, ":()") {
			return nil, linkedInIllegal("Syntax exception in path variables")
		}
		key[name] = plain
	}
	return key, nil
}

// pageOf is the caller's page with this URN.
func pageOf(mine []*linkedInPage, organization string) (*linkedInPage, error) {
	for _, p := range mine {
		if p.Organization == organization {
			return p, nil
		}
	}
	return nil, linkedInDenied("Not enough permissions to act for " + organization)
}
