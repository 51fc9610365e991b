package signin

import (
	"context"
	"net/http"

	"parley/inbox"
)

// begin sends the browser to the provider.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	returnTo, ok := h.config.Returns.read(query.Get("return"))
	if !ok {
		refuse(w, "The address to return to is not allowed here.")
		return
	}
	challenge, err := inbox.ReadChallenge(query.Get("challenge"))
	if err != nil {
		refuse(w, "The challenge must be the SHA-256 of the verifier, in base64url.")
		return
	}
	j := newJourney(returnTo, challenge, h.config.Now())
	ctx, cancel := context.WithTimeout(r.Context(), discoveryTimeout)
	defer cancel()
	address, err := h.provider.address(ctx, j)
	if err != nil {
		h.config.Log.Warn("ask the provider of sign-ins", "error", brief(err))
		end(w, j, "error", providerUnavailable)
		return
	}
	cookie, err := h.pack(j)
	if err != nil {
		h.config.Log.Error("seal a sign-in", "error", err)
		end(w, j, "error", unavailable)
		return
	}
	http.SetCookie(w, cookie)
	sendTo(w, address)
}
