package simulator

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// TikTokAccount is a business account on TikTok that let our app act for it.
type TikTokAccount struct {
	// BusinessID is the account's open id.
	BusinessID   string
	Name         string
	AccessToken  string
	RefreshToken string
}

// tikTok is the TikTok Accounts API, comments on own videos. Facts: business-api.tiktok.com/portal.
type tikTok struct {
	sim      *Simulator
	accounts map[Account]*tikTokAccount
	ids      snowflakes
	// webhook is the app's only one; {WebhookURL}/webhooks/tiktok until one is registered.
	webhook string
}

type tikTokAccount struct {
	TikTokAccount
	grant
	account *account
	board   board
}

func newTikTok(s *Simulator) *tikTok {
	return &tikTok{sim: s, accounts: map[Account]*tikTokAccount{}, ids: snowflakes{epoch: time.UnixMilli(0)}}
}

// AddTikTokAccount adds an account, or changes one that is there. It panics without an id or a token: such an account
// could not be called.
func (s *Simulator) AddTikTokAccount(t TikTokAccount) Account {
	if t.BusinessID == "" || t.AccessToken == "" {
		panic("simulator: a TikTok account needs a BusinessID and an AccessToken")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := Account{Platform: TikTok, ID: t.BusinessID}
	b, known := s.tikTok.accounts[id]
	if !known {
		b = &tikTokAccount{}
		s.tikTok.accounts[id] = b
	}
	b.TikTokAccount, b.grant = t, grant{access: t.AccessToken, refresh: t.RefreshToken}
	b.account = s.add(id, t.Name, s.tikTok)
	return id
}

func (d *tikTok) forget(a *account) { d.accounts[a.Account].board = board{} }

var tikTokPerson = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

func (d *tikTok) isPerson(id string) bool { return tikTokPerson.MatchString(id) }

func (d *tikTok) serve(mux *http.ServeMux) {
	const base = "/tiktok/open_api/v1.3/"
	mux.HandleFunc("GET "+base+"business/get/{$}", d.asked(d.business))
	mux.HandleFunc("GET "+base+"business/video/list/{$}", d.asked(d.videos))
	mux.HandleFunc("GET "+base+"business/comment/list/{$}", d.asked(d.comments))
	mux.HandleFunc("GET "+base+"business/comment/reply/list/{$}", d.asked(d.replies))
	mux.HandleFunc("POST "+base+"business/comment/create/{$}", d.does((*tikTok).create))
	mux.HandleFunc("POST "+base+"business/comment/reply/create/{$}", d.does((*tikTok).reply))
	mux.HandleFunc("POST "+base+"business/comment/hide/{$}", d.does((*tikTok).hide))
	mux.HandleFunc("POST "+base+"business/comment/like/{$}", d.does((*tikTok).like))
	mux.HandleFunc("POST "+base+"business/comment/delete/{$}", d.does((*tikTok).remove))
	mux.HandleFunc("POST "+base+"business/webhook/update/{$}", d.setWebhook)
	mux.HandleFunc("POST "+base+"tt_user/oauth2/refresh_token/{$}", d.renew)
	mux.HandleFunc("/tiktok/", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusNotFound) })
}

// caller finds whose token this is: it opens one account, which the call must name as well. With mu held.
func (d *tikTok) caller(r *http.Request, business string) (*tikTokAccount, error) {
	for _, b := range d.accounts {
		if !b.opens(r.Header.Get("Access-Token")) || b.account.faults.TokenExpired {
			continue
		}
		if b.BusinessID != business {
			return nil, Failure{Class: Permission}
		}
		return b, nil
	}
	return nil, Failure{Class: AuthExpired}
}

// asked is a call that reads.
func (d *tikTok) asked(answer func(r *http.Request, b *tikTokAccount) (object, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.sim.mu.Lock()
		b, err := d.caller(r, r.URL.Query().Get("business_id"))
		var data object
		if err == nil {
			data, err = answer(r, b)
		}
		d.sim.mu.Unlock()
		if b != nil {
			d.sim.slow(r, b.account)
		}
		if err != nil {
			refuseTikTok(w, err)
			return
		}
		answerTikTok(w, data)
	}
}

// tikTokRequest is the body of any call that does something.
type tikTokRequest struct {
	Business string `json:"business_id"`
	Video    string `json:"video_id"`
	Comment  string `json:"comment_id"`
	Text     string `json:"text"`
	Action   string `json:"action"`
}

// tikTokDeed does one thing for an account, with mu held, and returns what the answer's data say.
type tikTokDeed func(d *tikTok, b *tikTokAccount, asked tikTokRequest, now time.Time) (Sent, object, error)

// does is the call around a deed: all of them take part in faults.
func (d *tikTok) does(do tikTokDeed) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var asked tikTokRequest
		if err := readTikTok(w, r, &asked); err != nil {
			refuseTikTok(w, err)
			return
		}
		d.sim.mu.Lock()
		b, err := d.caller(r, asked.Business)
		d.sim.mu.Unlock()
		if err != nil {
			refuseTikTok(w, err)
			return
		}
		var data object
		d.sim.serveSend(w, r, b.account, exchange{
			accept: func(now time.Time) (sent Sent, err error) {
				sent, data, err = do(d, b, asked, now)
				return sent, err
			},
			answer: func(w http.ResponseWriter, _ Sent) { answerTikTok(w, data) },
			refuse: refuseTikTok,
		})
	}
}

// tikTokList reads a parameter that is a list in JSON.
func tikTokList(r *http.Request, name string) ([]string, error) {
	given := r.URL.Query().Get(name)
	if given == "" {
		return nil, nil
	}
	var list []string
	if err := json.Unmarshal([]byte(given), &list); err != nil {
		return nil, tikTokInvalid(name + " is no list of strings.")
	}
	return list, nil
}

// business describes the account by the fields that are asked for.
func (d *tikTok) business(r *http.Request, b *tikTokAccount) (object, error) {
	fields, err := tikTokList(r, "fields")
	if err != nil {
		return nil, err
	}
	all := object{
		"display_name": b.Name, "username": b.username(), "is_business_account": true, "videos_count": len(b.account.posts),
		"profile_image": "https://p16.tiktokcdn.com/" + b.BusinessID, "bio_description": "",
	}
	if fields == nil {
		return all, nil
	}
	chosen := object{}
	for name, value := range all {
		if slices.Contains(fields, name) {
			chosen[name] = value
		}
	}
	return chosen, nil
}

func (b *tikTokAccount) username() string {
	return strings.ToLower(strings.ReplaceAll(b.Name, " ", ""))
}
