package simulator

import "net/http"

// renew changes a refresh token for a new pair of tokens; the old pair is void then.
func (d *tikTok) renew(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Client  string `json:"client_id"`
		Secret  string `json:"client_secret"`
		Grant   string `json:"grant_type"`
		Refresh string `json:"refresh_token"`
	}
	err := readTikTok(w, r, &asked)
	if err == nil {
		err = d.proves(asked.Client, asked.Secret)
	}
	if err == nil && asked.Grant != "refresh_token" {
		err = tikTokInvalid("grant_type must be refresh_token.")
	}
	if err != nil {
		refuseTikTok(w, err)
		return
	}
	d.sim.mu.Lock()
	var data object
	var found *tikTokAccount
	for _, b := range d.accounts {
		if b.renewsWith(asked.Refresh) {
			found = b
			b.refresh = newToken()
			b.renew(b.account, newToken())
			data = object{
				"access_token": b.access, "expires_in": 86400, "refresh_token": b.refresh, "refresh_token_expires_in": 31536000,
				"token_type": "Bearer", "open_id": b.BusinessID, "scope": "user.info.basic,video.list,comment.list,comment.list.manage",
			}
			break
		}
	}
	d.sim.mu.Unlock()
	if found == nil {
		refuseTikTok(w, tikTokError{40110, "The refresh token is invalid or expired."})
		return
	}
	d.sim.slow(r, found.account)
	answerTikTok(w, data)
}

// proves checks that it is our app that asks.
func (d *tikTok) proves(app, secret string) error {
	if known := d.sim.config.TikTokAppSecret; app == "" || known != "" && !sameToken(secret, known) {
		return tikTokError{40001, "The app's id or secret is wrong."}
	}
	return nil
}
