package simulator

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// WeChatAccount is an Official Account.
type WeChatAccount struct {
	// ID is the account's original id, gh_….
	ID   string
	Name string
	// AppID and AppSecret get access tokens.
	AppID, AppSecret string
	// Token signs the webhooks.
	Token string
	// EncodingKey of 43 letters enciphers the webhooks; without one they are plain.
	EncodingKey string
}

// weChat is the Official Account API. Facts: the Official Account pages of developers.weixin.qq.com.
type weChat struct {
	sim      *Simulator
	accounts map[Account]*weChatAccount
}

type weChatAccount struct {
	WeChatAccount
	account *account
	key     []byte
	tokens  []weChatToken
	stable  string // the current one of stable_token
	windows map[string]*weChatWindow
}

// AddWeChatAccount adds an account, or changes one that is there. It panics without what an account cannot be called
// or checked by, and on an EncodingKey that is none.
func (s *Simulator) AddWeChatAccount(w WeChatAccount) Account {
	if w.ID == "" || w.AppID == "" || w.AppSecret == "" || w.Token == "" {
		panic("simulator: a WeChat account needs an ID, an AppID, an AppSecret and a Token")
	}
	var key []byte
	if w.EncodingKey != "" {
		var err error
		if key, err = base64.StdEncoding.DecodeString(w.EncodingKey + "="); err != nil || len(key) != 32 {
			panic("simulator: a WeChat EncodingKey has 43 letters of base64")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := Account{Platform: WeChat, ID: w.ID}
	known, ok := s.weChat.accounts[id]
	if !ok {
		known = &weChatAccount{windows: map[string]*weChatWindow{}}
		s.weChat.accounts[id] = known
	}
	known.WeChatAccount, known.key = w, key
	known.account = s.add(id, w.Name, s.weChat)
	return id
}

// VerifyWeChatWebhook asks our webhook to prove itself, as WeChat does when the address is entered: it must answer the
// challenge.
func (s *Simulator) VerifyWeChatWebhook(ctx context.Context, id Account) error {
	s.mu.Lock()
	w, known := s.weChat.accounts[id]
	if !known {
		s.mu.Unlock()
		return fmt.Errorf("verify webhook: no account %s", id)
	}
	challenge := digits(19)
	query := w.signature(s.config.Now())
	query.Set("echostr", challenge)
	address := s.webhookURL + w.path() + "?" + query.Encode()
	s.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("verify webhook: %w", err)
	}
	resp, err := s.config.Client.Do(req)
	if err != nil {
		return errors.New("verify webhook: no answer") // the error itself would repeat the signature
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return fmt.Errorf("verify webhook: read answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK || string(body) != challenge {
		return fmt.Errorf("verify webhook: answered %d without the challenge", resp.StatusCode)
	}
	return nil
}

func (d *weChat) serve(mux *http.ServeMux) {
	mux.HandleFunc("GET /wechat/cgi-bin/token", d.serveToken)
	mux.HandleFunc("POST /wechat/cgi-bin/stable_token", d.serveStableToken)
	mux.HandleFunc("GET /wechat/cgi-bin/getcallbackip", d.called(d.serveAddresses))
	mux.HandleFunc("POST /wechat/cgi-bin/message/custom/send", d.called(d.serveSend))
	mux.HandleFunc("POST /wechat/cgi-bin/message/custom/typing", d.called(d.serveTyping))
	mux.HandleFunc("POST /wechat/cgi-bin/media/upload", d.called(d.serveUpload))
	mux.HandleFunc("GET /wechat/cgi-bin/media/get", d.called(d.serveMedia))
	mux.HandleFunc("GET /wechat/files/{id}", d.serveFile)
	mux.HandleFunc("/wechat/", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusNotFound) })
}

// called finds whose access token stands in the query, or answers that it is nobody's.
func (d *weChat) called(next func(http.ResponseWriter, *http.Request, *weChatAccount)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		account, err := d.caller(r.URL.Query().Get("access_token"), d.sim.config.Now())
		if err != nil {
			refuseWeChat(w, err)
			return
		}
		next(w, r, account)
	}
}

func (d *weChat) caller(token string, now time.Time) (*weChatAccount, error) {
	if token == "" {
		return nil, weChatError{41001, "access_token missing"}
	}
	d.sim.mu.Lock()
	defer d.sim.mu.Unlock()
	for _, w := range d.accounts {
		for _, t := range w.tokens {
			if subtle.ConstantTimeCompare([]byte(t.value), []byte(token)) != 1 {
				continue
			}
			if !now.Before(t.ends) {
				return nil, Failure{Class: AuthExpired}
			}
			return w, nil
		}
	}
	return nil, weChatError{40001, "invalid credential, access_token is invalid or not latest"}
}

func (d *weChat) serveAddresses(w http.ResponseWriter, r *http.Request, account *weChatAccount) {
	d.sim.slow(r, account.account)
	answerJSON(w, http.StatusOK, object{"ip_list": []string{"127.0.0.1"}})
}

// openID is how WeChat names a person to one account.
var openID = regexp.MustCompile(`^[A-Za-z0-9_-]{6,64}$`)

func (d *weChat) isPerson(id string) bool { return openID.MatchString(id) }

func (d *weChat) forget(a *account) { d.accounts[a.Account].windows = map[string]*weChatWindow{} }

func (w *weChatAccount) path() string { return "/webhooks/wechat/" + url.PathEscape(w.ID) }
