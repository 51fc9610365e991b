package simulator

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"time"
)

const (
	weChatTokenLife   = 2 * time.Hour
	weChatTokenGrace  = 5 * time.Minute // the one before stays good
	mostWeChatTokens  = 100
	weChatTokenRepeat = 5 * time.Minute // stable_token repeats a token that lives longer than this
)

// weChatToken is an access token that was given out; one that ended is remembered, to say that it did.
type weChatToken struct {
	value  string
	ends   time.Time
	stable bool
}

// serveToken gives a new access token, after which the one before is good for five minutes only.
func (d *weChat) serveToken(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	d.giveToken(w, r, weChatCredentials{query.Get("grant_type"), query.Get("appid"), query.Get("secret"), false},
		func(account *weChatAccount, now time.Time) (string, time.Duration) {
			account.endTokens(now.Add(weChatTokenGrace), false)
			return account.newToken(now, false), weChatTokenLife
		})
}

// serveStableToken gives the current access token, or a new one when the current is nearly over or must be replaced.
func (d *weChat) serveStableToken(w http.ResponseWriter, r *http.Request) {
	var asked weChatCredentials
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostJSON)).Decode(&asked); err != nil {
		refuseWeChat(w, errWeChatData)
		return
	}
	d.giveToken(w, r, asked, func(account *weChatAccount, now time.Time) (string, time.Duration) {
		for _, t := range account.tokens {
			if left := t.ends.Sub(now); t.value == account.stable && left > weChatTokenRepeat && !asked.Force {
				return t.value, left
			}
		}
		if asked.Force {
			account.endTokens(now, true)
		}
		account.stable = account.newToken(now, true)
		return account.stable, weChatTokenLife
	})
}

type weChatCredentials struct {
	Grant  string `json:"grant_type"`
	AppID  string `json:"appid"`
	Secret string `json:"secret"`
	Force  bool   `json:"force_refresh"`
}

func (d *weChat) giveToken(
	w http.ResponseWriter, r *http.Request, asked weChatCredentials, give func(*weChatAccount, time.Time) (string, time.Duration),
) {
	account, err := d.owner(asked)
	if err != nil {
		refuseWeChat(w, err)
		return
	}
	d.sim.mu.Lock()
	token, life := give(account, d.sim.config.Now())
	d.sim.mu.Unlock()
	d.sim.slow(r, account.account)
	answerJSON(w, http.StatusOK, object{"access_token": token, "expires_in": int(life / time.Second)})
}

func (d *weChat) owner(asked weChatCredentials) (*weChatAccount, error) {
	if asked.Grant != "client_credential" {
		return nil, weChatError{40002, "invalid grant_type"}
	}
	d.sim.mu.Lock()
	defer d.sim.mu.Unlock()
	for _, account := range d.accounts {
		if account.AppID != asked.AppID {
			continue
		}
		if subtle.ConstantTimeCompare([]byte(account.AppSecret), []byte(asked.Secret)) != 1 {
			return nil, weChatError{40125, "invalid appsecret"}
		}
		return account, nil
	}
	return nil, weChatError{40013, "invalid appid"}
}

func (w *weChatAccount) newToken(now time.Time, stable bool) string {
	value := digits(2) + "_" + rand.Text() + rand.Text() + rand.Text()
	w.tokens = keepNewest(append(w.tokens, weChatToken{value, now.Add(weChatTokenLife), stable}), mostWeChatTokens)
	return value
}

// endTokens lets the tokens of one kind end at a moment, unless they end before.
func (w *weChatAccount) endTokens(at time.Time, stable bool) {
	for i, t := range w.tokens {
		if t.stable == stable && t.ends.After(at) {
			w.tokens[i].ends = at
		}
	}
}

// expire ends all tokens now: the account is shut out until it gets a new one.
func (d *weChat) expire(a *account) {
	now := d.sim.config.Now()
	d.accounts[a.Account].endTokens(now, false)
	d.accounts[a.Account].endTokens(now, true)
}
