package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"time"
)

// patience is how long POST /simulator/messages and the autopilot wait for our webhook to answer.
const patience = 10 * time.Second

// serveControls adds what Handler promises below /simulator/.
func (s *Simulator) serveControls(mux *http.ServeMux) {
	mux.HandleFunc("GET /simulator/accounts", s.listAccounts)
	mux.HandleFunc("GET /simulator/sent", s.listSent)
	mux.HandleFunc("GET /simulator/deliveries", s.listDeliveries)
	mux.HandleFunc("POST /simulator/customers", s.postCustomer)
	mux.HandleFunc("POST /simulator/posts", s.postPost)
	mux.HandleFunc("POST /simulator/messages", s.postMessage)
	mux.HandleFunc("POST /simulator/faults", s.postFaults)
	mux.HandleFunc("POST /simulator/reset", s.postReset)
	mux.HandleFunc("GET /simulator/clock", s.showClock)
	mux.HandleFunc("POST /simulator/clock", s.moveClock)
	mux.HandleFunc("GET /simulator/scenarios", s.listScenarios)
	mux.HandleFunc("GET /simulator/scenarios/{name}", s.showScenario)
	mux.HandleFunc("POST /simulator/scenarios", s.postScenario)
	mux.HandleFunc("POST /simulator/scenarios/{name}", s.postShipped)
}

// accountName is an account as a request names it; the platform may be left out where the id is enough.
type accountName struct {
	Platform Platform `json:"platform"`
	Account  string   `json:"account"`
}

func (s *Simulator) resolve(name accountName) (Account, error) {
	var found []Account
	for _, a := range s.Accounts() {
		if a.ID == name.Account && (name.Platform == "" || name.Platform == a.Platform) {
			found = append(found, a)
		}
	}
	switch len(found) {
	case 0:
		return Account{}, fmt.Errorf("no account %q", name.Account)
	case 1:
		return found[0], nil
	}
	return Account{}, fmt.Errorf("several accounts %q: say the platform too", name.Account)
}

func (s *Simulator) listAccounts(w http.ResponseWriter, _ *http.Request) {
	type known struct {
		Account
		Name      string     `json:"name"`
		Customers []Customer `json:"customers"`
	}
	list := []known{}
	for _, a := range s.Accounts() {
		s.mu.Lock()
		name := s.accounts[a].name
		s.mu.Unlock()
		list = append(list, known{a, name, s.Customers(a)})
	}
	answerJSON(w, http.StatusOK, object{"accounts": list})
}

// listOf answers a GET that names its account in the query.
func (s *Simulator) listOf(w http.ResponseWriter, r *http.Request, answer func(Account) object) {
	query := r.URL.Query()
	a, err := s.resolve(accountName{Platform(query.Get("platform")), query.Get("account")})
	if err != nil {
		refuseControl(w, http.StatusNotFound, err)
		return
	}
	answerJSON(w, http.StatusOK, answer(a))
}

func (s *Simulator) listSent(w http.ResponseWriter, r *http.Request) {
	s.listOf(w, r, func(a Account) object { return object{"sent": s.Sent(a), "actions": s.Actions(a)} })
}

func (s *Simulator) listDeliveries(w http.ResponseWriter, r *http.Request) {
	s.listOf(w, r, func(a Account) object { return object{"deliveries": s.Deliveries(a)} })
}

func (s *Simulator) postCustomer(w http.ResponseWriter, r *http.Request) {
	var body struct {
		accountName
		Customer Customer `json:"customer"`
	}
	a, ok := s.readControl(w, r, &body, &body.accountName)
	if !ok {
		return
	}
	if err := s.AddCustomer(a, body.Customer); err != nil {
		refuseControl(w, http.StatusBadRequest, err)
		return
	}
	answerJSON(w, http.StatusOK, object{"ok": true})
}

func (s *Simulator) postMessage(w http.ResponseWriter, r *http.Request) {
	var body struct {
		accountName
		Customer Customer `json:"customer"`
		Kind     Kind     `json:"kind"`
		Surface  Surface  `json:"surface"`
		Post     string   `json:"post"`
		Text     string   `json:"text"`
		Media    *Media   `json:"media"`
		Target   string   `json:"target"`
		Emoji    string   `json:"emoji"`
		Payload  string   `json:"payload"`
	}
	a, ok := s.readControl(w, r, &body, &body.accountName)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	id, err := s.CustomerWrites(ctx, Inbound{
		Account: a, Customer: body.Customer, Kind: body.Kind, Surface: body.Surface, Post: body.Post, Text: body.Text, Media: body.Media,
		Target: body.Target, Emoji: body.Emoji, Payload: body.Payload,
	})
	switch {
	case err == nil:
		answerJSON(w, http.StatusOK, object{"messageId": id})
	case errors.Is(err, context.DeadlineExceeded):
		refuseControl(w, http.StatusGatewayTimeout, errors.New("the webhook has not accepted it yet; the delivery goes on"))
	case errors.Is(err, errAbandoned), errors.Is(err, errLost):
		refuseControl(w, http.StatusConflict, err)
	default:
		refuseControl(w, http.StatusBadRequest, err)
	}
}

func (s *Simulator) postFaults(w http.ResponseWriter, r *http.Request) {
	var body struct {
		accountName
		faultWords
	}
	a, ok := s.readControl(w, r, &body, &body.accountName)
	if !ok {
		return
	}
	if err := s.misbehave(a, body.faultWords); err != nil {
		refuseControl(w, http.StatusBadRequest, err)
		return
	}
	answerJSON(w, http.StatusOK, object{"ok": true})
}

func (s *Simulator) postReset(w http.ResponseWriter, r *http.Request) {
	if !readStrictly(w, r, &struct{}{}) {
		return
	}
	s.Reset()
	answerJSON(w, http.StatusOK, object{"ok": true})
}

// readControl reads a body and finds the account it names.
func (s *Simulator) readControl(w http.ResponseWriter, r *http.Request, body any, name *accountName) (Account, bool) {
	if !readStrictly(w, r, body) {
		return Account{}, false
	}
	a, err := s.resolve(*name)
	if err != nil {
		refuseControl(w, http.StatusNotFound, err)
		return Account{}, false
	}
	return a, true
}

// readStrictly refuses misspelled fields, which would otherwise be faults that silently do nothing. Asking
// for JSON by its name keeps pages of other origins from posting here through somebody's browser.
func readStrictly(w http.ResponseWriter, r *http.Request, body any) bool {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		refuseControl(w, http.StatusUnsupportedMediaType, errors.New("the body must be application/json"))
		return false
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostUpload))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(body)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		refuseControl(w, http.StatusRequestEntityTooLarge, fmt.Errorf("at most %d bytes", tooLarge.Limit))
		return false
	}
	if err != nil {
		refuseControl(w, http.StatusBadRequest, fmt.Errorf("read the body: %w", err))
		return false
	}
	return true
}

func refuseControl(w http.ResponseWriter, status int, err error) {
	answerJSON(w, status, object{"error": err.Error()})
}
