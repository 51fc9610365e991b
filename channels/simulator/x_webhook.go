package simulator

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const xPath = "/webhooks/x"

// xWebhook is an address of ours that proved to know the app's secret.
type xWebhook struct {
	id    string
	url   string
	valid bool
	at    time.Time
}

func (h *xWebhook) describe() object {
	return object{"id": h.id, "url": h.url, "valid": h.valid, "created_at": xTime(h.at)}
}

// addWebhook takes any http or https address: the platform's demand for TLS would serve nobody here.
func (d *xNetwork) addWebhook(w http.ResponseWriter, r *http.Request) {
	var body struct {
		URL string `json:"url"`
	}
	if err := readX(w, r, &body); err != nil {
		d.refuse(w, err)
		return
	}
	u, err := url.Parse(body.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		d.refuse(w, xInvalid("UrlValidationFailed: the webhook is no address."))
		return
	}
	if d.webhookAt(body.URL) {
		d.refuse(w, xInvalid("DuplicateUrlFailed: this webhook is registered already."))
		return
	}
	if err := d.challenge(r.Context(), body.URL); err != nil {
		d.refuse(w, xInvalid("CrcValidationFailed: "+err.Error()))
		return
	}
	d.sim.mu.Lock()
	now := d.sim.config.Now()
	hook := &xWebhook{id: d.ids.next(now), url: body.URL, valid: true, at: now}
	d.webhooks = append(d.webhooks, hook)
	said := hook.describe()
	d.sim.change()
	d.sim.mu.Unlock()
	answerJSON(w, http.StatusOK, object{"data": said})
}

func (d *xNetwork) webhookAt(address string) bool {
	d.sim.mu.Lock()
	defer d.sim.mu.Unlock()
	return slices.ContainsFunc(d.webhooks, func(h *xWebhook) bool { return h.url == address })
}

// challenge asks an address to prove that it knows the consumer secret.
func (d *xNetwork) challenge(ctx context.Context, address string) error {
	token := rand.Text()
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("the webhook is no address")
	}
	query := u.Query()
	query.Set("crc_token", token)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return errors.New("the webhook is no address")
	}
	resp, err := d.sim.config.Client.Do(req)
	if err != nil {
		return errors.New("no answer")
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"response_token"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&answer)
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %d without a response_token", resp.StatusCode)
	}
	if !sameToken(answer.Token, xSignature(d.sim.config.XConsumerSecret, []byte(token))) {
		return errors.New("the response_token is wrong")
	}
	return nil
}

func (d *xNetwork) listWebhooks(w http.ResponseWriter, _ *http.Request) {
	d.sim.mu.Lock()
	list := []object{}
	for _, h := range d.webhooks {
		list = append(list, h.describe())
	}
	d.sim.mu.Unlock()
	answerJSON(w, http.StatusOK, object{"data": list, "meta": object{"result_count": len(list)}})
}

// webhook finds one by its id. With mu held.
func (d *xNetwork) webhook(id string) *xWebhook {
	for _, h := range d.webhooks {
		if h.id == id {
			return h
		}
	}
	return nil
}

// checkWebhook asks it to prove itself again; one that cannot gets nothing until it can.
func (d *xNetwork) checkWebhook(w http.ResponseWriter, r *http.Request) {
	d.sim.mu.Lock()
	hook := d.webhook(r.PathValue("id"))
	d.sim.mu.Unlock()
	if hook == nil {
		d.refuse(w, xInvalid("WebhookIdInvalid"))
		return
	}
	err := d.challenge(r.Context(), hook.url)
	d.sim.mu.Lock()
	hook.valid = err == nil
	d.sim.change()
	d.sim.mu.Unlock()
	if err != nil {
		d.refuse(w, xInvalid("CrcValidationFailed: "+err.Error()))
		return
	}
	answerJSON(w, http.StatusOK, object{"data": object{"valid": true}})
}

func (d *xNetwork) removeWebhook(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	d.sim.mu.Lock()
	known := d.webhook(id) != nil
	d.webhooks = slices.DeleteFunc(d.webhooks, func(h *xWebhook) bool { return h.id == id })
	d.sim.mu.Unlock()
	if !known {
		d.refuse(w, xInvalid("WebhookIdInvalid"))
		return
	}
	answerJSON(w, http.StatusOK, object{"data": object{"deleted": true}})
}

// batches: one event, one request.
func (d *xNetwork) batches() int { return 1 }

func (d *xNetwork) body(_ *account, events []event) []byte { return encode(events[0].value) }

// target is the webhook of the account's subscriptions; before there were any, one that was registered, and before
// that {WebhookURL}/webhooks/x.
func (d *xNetwork) target(a *account, body []byte) (target, bool) {
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("X-Twitter-Webhooks-Signature", xSignature(d.sim.config.XConsumerSecret, body))
	address := d.address(d.accounts[a.Account])
	return target{url: address, header: header}, address != ""
}

func (d *xNetwork) address(u *xAccount) string {
	for _, s := range d.subscriptions {
		if hook := d.webhook(s.webhook); s.user == u.UserID && hook != nil && hook.valid {
			return hook.url
		}
	}
	if u.asked {
		return ""
	}
	for _, hook := range d.webhooks {
		if hook.valid {
			return hook.url
		}
	}
	if len(d.webhooks) > 0 || d.sim.webhookURL == "" {
		return ""
	}
	return d.sim.webhookURL + xPath
}

// xSignature proves with the consumer secret that the body is X's.
func xSignature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
