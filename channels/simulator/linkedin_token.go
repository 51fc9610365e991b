package simulator

import "net/http"

// renew changes a refresh token for a new access token, for every page it was given for. The refresh token stays.
func (d *linkedIn) renew(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, mostJSON)
	if r.PostFormValue("grant_type") != "refresh_token" || r.PostFormValue("client_id") == "" {
		refuseLinkedInToken(w, "invalid_request", "A required parameter is missing")
		return
	}
	if secret := d.sim.config.LinkedInClientSecret; secret != "" && !sameToken(r.PostFormValue("client_secret"), secret) {
		refuseLinkedInToken(w, "invalid_client", "Client authentication failed")
		return
	}
	given, access := r.PostFormValue("refresh_token"), newToken()
	var found *linkedInPage
	d.sim.mu.Lock()
	for _, p := range d.pages {
		if p.renewsWith(given) {
			found = p
			p.renew(p.account, access)
		}
	}
	d.sim.mu.Unlock()
	if found == nil {
		refuseLinkedInToken(w, "invalid_grant", "The provided refresh token is invalid, expired or revoked")
		return
	}
	d.sim.slow(r, found.account)
	answerJSON(w, http.StatusOK, object{
		"access_token": access, "expires_in": 5184000, "refresh_token": given, "refresh_token_expires_in": 31535999,
		"scope": "r_organization_social,w_organization_social,rw_organization_admin",
	})
}

func refuseLinkedInToken(w http.ResponseWriter, code, description string) {
	status := http.StatusBadRequest
	if code == "invalid_client" {
		status = http.StatusUnauthorized
	}
	answerJSON(w, status, object{"error": code, "error_description": description})
}
