package signin

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"parley/inbox"
)

// What the browser comes back with as #error=… when there is no code.
const (
	denied              = "denied"               // the person or the provider did not want to
	unknownUser         = "unknown_user"         // nobody here is this person
	unverifiedEmail     = "unverified_email"     // the provider does not vouch for the address
	providerUnavailable = "provider_unavailable" // it did not answer, or what it said cannot be trusted
	unavailable         = "unavailable"          // we are
)

// callbackTimeout is for all questions to the provider together, and less than the server gives an answer.
const callbackTimeout = 20 * time.Second

// callback takes the browser back from the provider.
func (h *Handler) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	j, err := h.unpack(r)
	if err != nil || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(j.State)) != 1 {
		refuse(w, "This sign-in has ended, or did not begin in this browser. Begin again.")
		return
	}
	h.forget(w)
	ctx, cancel := context.WithTimeout(r.Context(), callbackTimeout)
	defer cancel()
	code, reason := h.admit(ctx, j, query)
	if reason != "" {
		end(w, j, "error", reason)
		return
	}
	end(w, j, "code", code)
}

// end sends the browser back to its app. A fragment reaches no server and no log.
func end(w http.ResponseWriter, j journey, name, value string) {
	sendTo(w, j.Return+"#"+name+"="+url.QueryEscape(value))
}

func (h *Handler) admit(ctx context.Context, j journey, query url.Values) (code, reason string) {
	if said := query.Get("error"); said != "" {
		return "", h.refused(said)
	}
	identity, err := h.provider.identify(ctx, j, query.Get("code"))
	if err != nil {
		h.config.Log.Warn("hear from the provider of sign-ins", "error", brief(err))
		return "", providerUnavailable
	}
	code, err = h.config.Inbox.AdmitIdentity(ctx, identity, j.Challenge)
	switch {
	case errors.Is(err, inbox.ErrUnknownUser):
		return "", unknownUser
	case errors.Is(err, inbox.ErrUnverifiedEmail):
		return "", unverifiedEmail
	case err != nil:
		h.config.Log.Error("admit who signed in elsewhere", "error", err)
		return "", unavailable
	}
	return code, ""
}

// refusals are the errors that say the person may not, or did not, sign in (OpenID Connect Core §3.1.2.6). The others are
// about how we asked.
var refusals = []string{"access_denied", "login_required", "interaction_required", "account_selection_required", "consent_required"}

func (h *Handler) refused(said string) (reason string) {
	if slices.Contains(refusals, said) {
		return denied
	}
	h.config.Log.Warn("the provider of sign-ins refused our question", "error", known(said))
	return providerUnavailable
}

// questionErrors are the other errors a provider may answer with (RFC 6749 §4.1.2.1).
var questionErrors = []string{
	"invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "server_error", "temporarily_unavailable",
}

// known keeps what anybody can write into an address out of the log.
func known(said string) string {
	if slices.Contains(questionErrors, said) {
		return said
	}
	return "another"
}

// brief keeps what a provider may have put into an error from filling the log.
func brief(err error) string { return fmt.Sprintf("%.300s", err) }
