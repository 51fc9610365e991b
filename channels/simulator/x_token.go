package simulator

import "net/http"

// renew changes a refresh token for a new pair of tokens; the old pair is void then.
func (d *xNetwork) renew(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, mostJSON)
	client, _, _ := r.BasicAuth()
	if client == "" {
		client = r.PostFormValue("client_id")
	}
	d.sim.mu.Lock()
	u := d.renewable(r.PostFormValue("refresh_token"))
	if client == "" || r.PostFormValue("grant_type") != "refresh_token" || u == nil {
		d.sim.mu.Unlock()
		answerJSON(w, http.StatusBadRequest, object{
			"error": "invalid_request", "error_description": "Value passed for the token was invalid.",
		})
		return
	}
	u.refresh = newToken()
	u.renew(u.account, newToken())
	access, refresh := u.access, u.refresh
	d.sim.mu.Unlock()
	d.sim.slow(r, u.account)
	answerJSON(w, http.StatusOK, object{
		"token_type": "bearer", "expires_in": 7200, "access_token": access, "refresh_token": refresh,
		"scope": "tweet.read tweet.write tweet.moderate.write users.read dm.read dm.write media.write offline.access",
	})
}

func (d *xNetwork) renewable(token string) *xAccount {
	for _, u := range d.accounts {
		if u.renewsWith(token) {
			return u
		}
	}
	return nil
}
