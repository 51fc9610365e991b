package simulator

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const (
	linkedInPath      = "/webhooks/linkedin"
	linkedInEventType = "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS"
)

// batches is LinkedIn's bound of notifications in one body.
func (d *linkedIn) batches() int { return 10 }

func (d *linkedIn) body(_ *account, events []event) []byte {
	list := []any{}
	for _, e := range events {
		list = append(list, e.value)
	}
	return encode(object{"type": linkedInEventType, "notifications": list})
}

// target is where the page's subscription points; before there was one, {WebhookURL}/webhooks/linkedin.
func (d *linkedIn) target(a *account, body []byte) (target, bool) {
	p := d.pages[a.Account]
	address := p.webhook
	if !p.asked && d.sim.webhookURL != "" {
		address = d.sim.webhookURL + linkedInPath
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("X-LI-Signature", linkedInDigest(d.sim.config.LinkedInClientSecret, "hmacsha256="+string(body)))
	return target{url: address, header: header}, address != ""
}

// linkedInDigest proves with the client secret that a text is LinkedIn's, or ours.
func linkedInDigest(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// subscribed is the page a key of a subscription is for.
func subscribed(r *http.Request, mine []*linkedInPage) (*linkedInPage, map[string]string, error) {
	key, err := restliKey(r)
	if err != nil {
		return nil, nil, err
	}
	if key["eventType"] != linkedInEventType || !strings.HasPrefix(key["developerApplication"], "urn:li:developerApplication:") {
		return nil, nil, linkedInIllegal("The key names no application or no known eventType")
	}
	p, err := pageOf(mine, key["entity"])
	if err == nil && key["user"] != p.Member {
		err = linkedInDenied("The user is not the one who gave the token")
	}
	return p, key, err
}

// subscribe takes any address that can prove to know the client secret.
func (d *linkedIn) subscribe(w http.ResponseWriter, r *http.Request, mine []*linkedInPage) {
	p, key, err := subscribed(r, mine)
	var body struct {
		Webhook string `json:"webhook"`
	}
	if err == nil && json.NewDecoder(http.MaxBytesReader(w, r.Body, mostJSON)).Decode(&body) != nil {
		err = linkedInIllegal("Cannot parse the body")
	}
	if err == nil {
		err = d.challenge(r.Context(), body.Webhook, key["developerApplication"])
	}
	if err != nil {
		refuseLinkedIn(w, err)
		return
	}
	d.sim.mu.Lock()
	p.webhook, p.asked = body.Webhook, true
	d.sim.change()
	d.sim.mu.Unlock()
	d.sim.slow(r, p.account)
	w.WriteHeader(http.StatusNoContent)
}

// challenge asks an address to answer a code with what only the client secret makes of it.
func (d *linkedIn) challenge(ctx context.Context, address, application string) error {
	code := fmt.Sprintf("%s-%s-4%s-a%s-%s", digits(8), digits(4), digits(3), digits(3), digits(12))
	got, err := d.ask(ctx, address, url.Values{"challengeCode": {code}, "applicationId": {application}})
	if err != nil {
		return linkedInIllegal("Webhook validation: " + err.Error())
	}
	if got["challengeCode"] != code || !sameToken(got["challengeResponse"], linkedInDigest(d.sim.config.LinkedInClientSecret, code)) {
		return linkedInIllegal("Webhook validation: the challengeResponse is wrong")
	}
	return nil
}

func (d *linkedIn) ask(ctx context.Context, address string, query url.Values) (map[string]string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("the webhook is no address")
	}
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errors.New("the webhook is no address")
	}
	resp, err := d.sim.config.Client.Do(req)
	if err != nil {
		return nil, errors.New("no answer")
	}
	defer resp.Body.Close()
	var got map[string]string
	err = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&got)
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %d without a challengeResponse", resp.StatusCode)
	}
	return got, nil
}

func (d *linkedIn) subscription(w http.ResponseWriter, r *http.Request, mine []*linkedInPage) {
	p, key, err := subscribed(r, mine)
	if err != nil {
		refuseLinkedIn(w, err)
		return
	}
	d.sim.mu.Lock()
	webhook := p.webhook
	d.sim.mu.Unlock()
	if webhook == "" {
		refuseLinkedIn(w, linkedInMissing("Could not find the subscription"))
		return
	}
	answerJSON(w, http.StatusOK, object{
		"developerApplication": key["developerApplication"], "user": key["user"], "entity": key["entity"],
		"eventType": key["eventType"], "webhook": webhook,
	})
}

func (d *linkedIn) unsubscribe(w http.ResponseWriter, r *http.Request, mine []*linkedInPage) {
	p, _, err := subscribed(r, mine)
	if err != nil {
		refuseLinkedIn(w, err)
		return
	}
	d.sim.mu.Lock()
	known := p.webhook != ""
	p.webhook, p.asked = "", true
	d.sim.mu.Unlock()
	if !known {
		refuseLinkedIn(w, linkedInMissing("Could not find the subscription"))
		return
	}
	d.sim.slow(r, p.account)
	w.WriteHeader(http.StatusNoContent)
}
