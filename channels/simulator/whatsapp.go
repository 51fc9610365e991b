package simulator

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// WhatsAppNumber is a business phone number on the Cloud API.
type WhatsAppNumber struct {
	PhoneNumberID string
	// DisplayNumber is the number as people dial it; VerifiedName what they see.
	DisplayNumber string
	VerifiedName  string
	// WABA is the id of the WhatsApp business account the number belongs to.
	WABA        string
	AccessToken string
	// Templates are those Meta approved. None means that every template is accepted.
	Templates []WhatsAppTemplate
}

// whatsApp is the Cloud API. Facts: Meta's WhatsApp Business Platform pages and its openapi v23.0.
type whatsApp struct {
	sim     *Simulator
	numbers map[string]*whatsAppNumber
}

type whatsAppNumber struct {
	WhatsAppNumber
	account *account
}

// AddWhatsAppNumber adds a number, or changes one that is there. It panics without an id or a token: such a
// number could not be called.
func (s *Simulator) AddWhatsAppNumber(n WhatsAppNumber) Account {
	if n.PhoneNumberID == "" || n.AccessToken == "" {
		panic("simulator: a WhatsApp number needs a PhoneNumberID and an AccessToken")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := Account{Platform: WhatsApp, ID: n.PhoneNumberID}
	s.whatsApp.numbers[n.PhoneNumberID] = &whatsAppNumber{n, s.add(id, n.VerifiedName, s.whatsApp)}
	return id
}

// VerifyWhatsAppWebhook asks our webhook to prove itself, as Meta does when an app is subscribed: it must
// answer the challenge if the verify token is the one it expects.
func (s *Simulator) VerifyWhatsAppWebhook(ctx context.Context, verifyToken string) error {
	s.mu.Lock()
	address := s.webhookURL + whatsAppPath
	s.mu.Unlock()
	challenge := digits(10)
	query := url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {challenge}, "hub.verify_token": {verifyToken}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"?"+query.Encode(), nil)
	if err != nil {
		return fmt.Errorf("verify webhook: %w", err)
	}
	resp, err := s.config.Client.Do(req)
	if err != nil {
		return errors.New("verify webhook: no answer") // the error itself would repeat the verify token
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

func (d *whatsApp) serve(mux *http.ServeMux) {
	mux.HandleFunc("POST /whatsapp/{version}/{id}/messages", d.trace(d.serveMessages))
	mux.HandleFunc("POST /whatsapp/{version}/{id}/media", d.trace(d.serveUpload))
	mux.HandleFunc("POST /whatsapp/{version}/{id}/subscribed_apps", d.trace(d.serveSubscribe))
	mux.HandleFunc("GET /whatsapp/{version}/{id}/message_templates", d.trace(d.serveTemplates))
	mux.HandleFunc("GET /whatsapp/{version}/{id}", d.trace(d.serveObject))
	mux.HandleFunc("GET /whatsapp/attachments/{id}", d.trace(d.serveDownload))
	mux.HandleFunc("/whatsapp/", d.trace(func(w http.ResponseWriter, r *http.Request) {
		refuseWhatsApp(w, graphMissing(r.URL.Path))
	}))
}

// trace gives every answer the ids Meta's support asks for.
func (d *whatsApp) trace(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Fb-Request-Id", rand.Text())
		w.Header().Set("X-Fb-Trace-Id", "A"+rand.Text()[:22])
		next(w, r)
	}
}

// caller finds whose token this is, or answers that it is nobody's. Bearer tokens count alone.
func (d *whatsApp) caller(w http.ResponseWriter, r *http.Request) (map[string]*whatsAppNumber, bool) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	d.sim.mu.Lock()
	mine, expired := map[string]*whatsAppNumber{}, false
	for id, n := range d.numbers {
		if subtle.ConstantTimeCompare([]byte(token), []byte(n.AccessToken)) == 1 {
			mine[id], expired = n, expired || n.account.faults.TokenExpired
		}
	}
	d.sim.mu.Unlock()
	if len(mine) == 0 {
		refuseWhatsApp(w, graphError{status: 401, code: 190, message: "Invalid OAuth access token - Cannot parse access token"})
		return nil, false
	}
	if expired {
		refuseWhatsApp(w, Failure{Class: AuthExpired})
		return nil, false
	}
	return mine, true
}

// number is the caller's own number named in the path.
func (d *whatsApp) number(w http.ResponseWriter, r *http.Request) (*whatsAppNumber, bool) {
	mine, ok := d.caller(w, r)
	if !ok {
		return nil, false
	}
	n, ok := mine[r.PathValue("id")]
	if !ok {
		refuseWhatsApp(w, graphMissing(r.PathValue("id")))
	}
	return n, ok
}

// serveObject answers for a phone number or for a file: the Graph API has one address for both.
func (d *whatsApp) serveObject(w http.ResponseWriter, r *http.Request) {
	mine, ok := d.caller(w, r)
	if !ok {
		return
	}
	if n, ok := mine[r.PathValue("id")]; ok {
		d.sim.slow(r, n.account)
		answerJSON(w, http.StatusOK, chosenFields(n.describe(), r.URL.Query().Get("fields")))
		return
	}
	d.serveMedia(w, r, mine)
}

func (n *whatsAppNumber) describe() object {
	return object{
		"id":                       n.PhoneNumberID,
		"verified_name":            n.VerifiedName,
		"display_phone_number":     n.DisplayNumber,
		"code_verification_status": "VERIFIED",
		"quality_rating":           "GREEN",
		"platform_type":            "CLOUD_API",
		"throughput":               object{"level": "STANDARD"},
	}
}

// chosenFields keeps what was asked for; the id always comes along.
func chosenFields(all object, fields string) object {
	if fields == "" {
		return all
	}
	chosen := object{"id": all["id"]}
	for _, field := range strings.Split(fields, ",") {
		if value, ok := all[strings.TrimSpace(field)]; ok {
			chosen[strings.TrimSpace(field)] = value
		}
	}
	return chosen
}

// serveSubscribe is how an app asks for the webhooks of a business account.
func (d *whatsApp) serveSubscribe(w http.ResponseWriter, r *http.Request) {
	mine, ok := d.caller(w, r)
	if !ok {
		return
	}
	for _, n := range mine {
		if n.WABA == r.PathValue("id") {
			d.sim.slow(r, n.account)
			answerJSON(w, http.StatusOK, object{"success": true})
			return
		}
	}
	refuseWhatsApp(w, graphMissing(r.PathValue("id")))
}
