package simulator

import (
	"net/http"
	"strings"
	"time"
)

// XAccount is an account on X that let our app act for it.
type XAccount struct {
	UserID   string
	Username string
	// Name is what people see; the user name when empty.
	Name         string
	AccessToken  string
	RefreshToken string
}

// xNetwork is the X API v2 with the X Activity API. Facts: xdevplatform/docs.
type xNetwork struct {
	sim           *Simulator
	accounts      map[Account]*xAccount
	webhooks      []*xWebhook
	subscriptions []*xSubscription
	ids           snowflakes
}

type xAccount struct {
	XAccount
	grant
	account *account
	board   board
	uploads map[string]*xUpload
	// asked says that somebody subscribed for this account once: since then nothing else is told.
	asked bool
}

// newX counts ids from the moment X does.
func newX(s *Simulator) *xNetwork {
	return &xNetwork{sim: s, accounts: map[Account]*xAccount{}, ids: snowflakes{epoch: time.UnixMilli(1288834974657)}}
}

// AddXAccount adds an account, or changes one that is there. It panics without a numeric id, a user name or a
// token: such an account could not be called.
func (s *Simulator) AddXAccount(x XAccount) Account {
	if !isNumber(x.UserID) || x.Username == "" || x.AccessToken == "" {
		panic("simulator: an X account needs a numeric UserID, a Username and an AccessToken")
	}
	if x.Name == "" {
		x.Name = x.Username
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := Account{Platform: X, ID: x.UserID}
	u, known := s.x.accounts[id]
	if !known {
		u = &xAccount{uploads: map[string]*xUpload{}}
		s.x.accounts[id] = u
	}
	u.XAccount, u.grant = x, grant{access: x.AccessToken, refresh: x.RefreshToken}
	u.account = s.add(id, x.Name, s.x)
	return id
}

func (d *xNetwork) forget(a *account) {
	u := d.accounts[a.Account]
	u.board, u.uploads = board{}, map[string]*xUpload{}
}

func (d *xNetwork) isPerson(id string) bool { return isNumber(id) }

// neverFailsLater: what X refuses, it refuses at once.
func (d *xNetwork) neverFailsLater() {}

func (d *xNetwork) serve(mux *http.ServeMux) {
	mux.HandleFunc("GET /x/2/users/me", d.asUser(d.me))
	mux.HandleFunc("GET /x/2/users/{id}", d.asUser(d.person))
	mux.HandleFunc("GET /x/2/users/{id}/mentions", d.asUser(d.mentions))
	mux.HandleFunc("GET /x/2/tweets/{id}", d.asUser(d.lookUp))
	mux.HandleFunc("GET /x/2/tweets/search/recent", d.asUser(d.search))
	mux.HandleFunc("POST /x/2/tweets", d.does(http.StatusCreated, (*xNetwork).publish))
	mux.HandleFunc("DELETE /x/2/tweets/{id}", d.does(http.StatusOK, (*xNetwork).removePost))
	mux.HandleFunc("PUT /x/2/tweets/{id}/hidden", d.does(http.StatusOK, (*xNetwork).hide))
	mux.HandleFunc("GET /x/2/dm_events", d.asUser(d.events))
	mux.HandleFunc("DELETE /x/2/dm_events/{id}", d.does(http.StatusOK, (*xNetwork).removeMessage))
	mux.HandleFunc("POST /x/2/dm_conversations/with/{person}/messages", d.does(http.StatusCreated, (*xNetwork).message))
	mux.HandleFunc("POST /x/2/dm_conversations/{conversation}/messages", d.does(http.StatusCreated, (*xNetwork).message))
	mux.HandleFunc("POST /x/2/media/upload", d.asUser(d.upload))
	mux.HandleFunc("POST /x/2/media/upload/initialize", d.asUser(d.beginUpload))
	mux.HandleFunc("POST /x/2/media/upload/{id}/append", d.asUser(d.appendUpload))
	mux.HandleFunc("POST /x/2/media/upload/{id}/finalize", d.asUser(d.endUpload))
	mux.HandleFunc("POST /x/2/oauth2/token", d.renew)
	mux.HandleFunc("POST /x/2/webhooks", d.asApp(d.addWebhook))
	mux.HandleFunc("GET /x/2/webhooks", d.asApp(d.listWebhooks))
	mux.HandleFunc("PUT /x/2/webhooks/{id}", d.asApp(d.checkWebhook))
	mux.HandleFunc("DELETE /x/2/webhooks/{id}", d.asApp(d.removeWebhook))
	mux.HandleFunc("POST /x/2/activity/subscriptions", d.asEither(d.subscribe))
	mux.HandleFunc("GET /x/2/activity/subscriptions", d.asApp(d.listSubscriptions))
	mux.HandleFunc("PUT /x/2/activity/subscriptions/{id}", d.asApp(d.changeSubscription))
	mux.HandleFunc("DELETE /x/2/activity/subscriptions/{id}", d.asApp(d.unsubscribe))
	mux.HandleFunc("GET /x/dm/media/{id}", d.asUser(d.privateFile))
	mux.HandleFunc("GET /x/media/{id}", d.publicFile)
	mux.HandleFunc("/x/", func(w http.ResponseWriter, r *http.Request) {
		d.refuse(w, xMissing("The address "+r.URL.Path+" is none of the API's."))
	})
}

// caller finds whose token this is. With mu held.
func (d *xNetwork) caller(r *http.Request) (*xAccount, error) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	for _, u := range d.accounts {
		if u.opens(token) && !u.account.faults.TokenExpired {
			return u, nil
		}
	}
	return nil, Failure{Class: AuthExpired}
}

// asUser is a call an account's token opens.
func (d *xNetwork) asUser(do func(http.ResponseWriter, *http.Request, *xAccount)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.sim.mu.Lock()
		u, err := d.caller(r)
		d.sim.mu.Unlock()
		if err != nil {
			d.refuse(w, err)
			return
		}
		d.sim.slow(r, u.account)
		do(w, r, u)
	}
}

// asApp is a call of the app itself.
func (d *xNetwork) asApp(do http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if known := d.sim.config.XBearerToken; known != "" {
			if !sameToken(token, known) {
				d.refuse(w, Failure{Class: AuthExpired})
				return
			}
			do(w, r)
			return
		}
		d.asUser(func(w http.ResponseWriter, r *http.Request, _ *xAccount) { do(w, r) })(w, r)
	}
}

// asEither is a call of the app or of an account: subscriptions to private events are made as the account.
func (d *xNetwork) asEither(do http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.sim.mu.Lock()
		_, err := d.caller(r)
		d.sim.mu.Unlock()
		if err == nil {
			do(w, r)
			return
		}
		d.asApp(do)(w, r)
	}
}

// xDeed does one thing for an account, with mu held, and returns what the answer's data say.
type xDeed func(d *xNetwork, u *xAccount, r *http.Request, asked xRequest, now time.Time) (Sent, object, error)

// xRequest is the body of any call that does something.
type xRequest struct {
	Text        string `json:"text"`
	Attachments []struct {
		MediaID string `json:"media_id"`
	} `json:"attachments"`
	Reply struct {
		To string `json:"in_reply_to_tweet_id"`
	} `json:"reply"`
	Media struct {
		IDs []string `json:"media_ids"`
	} `json:"media"`
	Hidden *bool `json:"hidden"`
}

// does is the call around a deed: all of them take part in faults.
func (d *xNetwork) does(status int, do xDeed) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var asked xRequest
		d.sim.mu.Lock()
		u, err := d.caller(r)
		d.sim.mu.Unlock()
		if err == nil {
			err = readX(w, r, &asked)
		}
		if err != nil {
			d.refuse(w, err)
			return
		}
		var data object
		d.sim.serveSend(w, r, u.account, exchange{
			accept: func(now time.Time) (sent Sent, err error) {
				sent, data, err = do(d, u, r, asked, now)
				return sent, err
			},
			answer: func(w http.ResponseWriter, _ Sent) { answerJSON(w, status, object{"data": data}) },
			refuse: d.refuse,
		})
	}
}

// xTime is a moment as X writes it.
func xTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
