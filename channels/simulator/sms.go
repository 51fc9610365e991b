package simulator

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// SMSNumber is a phone number at Twilio.
type SMSNumber struct {
	// Number is the phone number as +493023125000.
	Number string
	Name   string
	// AccountSID is the Twilio account, AC…; AuthToken its secret, which also signs the webhooks.
	AccountSID, AuthToken string
	// MessagingServiceSID is the service the number belongs to, MG…, whose webhooks say when somebody opts out.
	MessagingServiceSID string
}

// sms is Twilio's messaging API. Facts: Twilio's pages on messaging, webhooks and their security.
type sms struct {
	sim     *Simulator
	numbers map[Account]*smsNumber
}

type smsNumber struct {
	SMSNumber
	account *account
	url     string // the SmsUrl that was set
	records []*smsRecord
	stopped map[string]bool // by the customer's number
}

var phoneNumber = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// AddSMSNumber adds a number, or changes one that is there. It panics on a number that is none, and without an account
// or a token: such a number could not be called.
func (s *Simulator) AddSMSNumber(n SMSNumber) Account {
	if !phoneNumber.MatchString(n.Number) || n.AccountSID == "" || n.AuthToken == "" {
		panic("simulator: an SMS number reads +493023125000 and needs an AccountSID and an AuthToken")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := Account{Platform: SMS, ID: n.Number}
	known, ok := s.sms.numbers[id]
	if !ok {
		known = &smsNumber{stopped: map[string]bool{}}
		s.sms.numbers[id] = known
	}
	known.SMSNumber = n
	known.account = s.add(id, n.Name, s.sms)
	return id
}

const twilioAccount = "/2010-04-01/Accounts/"

func (d *sms) serve(mux *http.ServeMux) {
	const path = "/sms" + twilioAccount + "{account}"
	mux.HandleFunc("GET "+path, d.called(d.serveAccount))
	mux.HandleFunc("GET "+path+"/IncomingPhoneNumbers.json", d.called(d.serveNumbers))
	mux.HandleFunc("POST "+path+"/IncomingPhoneNumbers/{number}", d.called(d.serveUpdate))
	mux.HandleFunc("POST "+path+"/Messages.json", d.called(d.serveSend))
	mux.HandleFunc("GET "+path+"/Messages.json", d.called(d.serveMessages))
	mux.HandleFunc("GET "+path+"/Messages/{message}", d.called(d.serveMessage))
	mux.HandleFunc("GET "+path+"/Messages/{message}/Media.json", d.called(d.serveMediaList))
	mux.HandleFunc("GET "+path+"/Messages/{message}/Media/{media}", d.called(d.serveMedia))
	mux.HandleFunc("/sms/", func(w http.ResponseWriter, r *http.Request) {
		refuseTwilio(w, twilioMissing(r.URL.Path))
	})
}

// called finds the numbers of the account that calls, or answers that it is nobody.
func (d *sms) called(next func(http.ResponseWriter, *http.Request, []*smsNumber)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Twilio-Request-Id", newTwilioID("RQ"))
		user, token, _ := r.BasicAuth()
		sid := strings.TrimSuffix(r.PathValue("account"), ".json")
		d.sim.mu.Lock()
		var mine []*smsNumber
		expired := false
		for _, n := range d.numbers {
			matches := subtle.ConstantTimeCompare([]byte(token), []byte(n.AuthToken)) == 1
			if matches && n.AccountSID == user && n.AccountSID == sid {
				mine, expired = append(mine, n), expired || n.account.faults.TokenExpired
			}
		}
		d.sim.mu.Unlock()
		if len(mine) == 0 || expired {
			refuseTwilio(w, Failure{Class: AuthExpired})
			return
		}
		slices.SortFunc(mine, func(a, b *smsNumber) int { return cmp.Compare(a.Number, b.Number) })
		next(w, r, mine)
	}
}

func (d *sms) serveAccount(w http.ResponseWriter, r *http.Request, mine []*smsNumber) {
	d.sim.slow(r, mine[0].account)
	answerJSON(w, http.StatusOK, object{
		"sid": mine[0].AccountSID, "friendly_name": mine[0].Name, "status": "active", "type": "Full",
		"owner_account_sid": mine[0].AccountSID, "uri": twilioAccount + mine[0].AccountSID + ".json",
	})
}

func (d *sms) serveNumbers(w http.ResponseWriter, r *http.Request, mine []*smsNumber) {
	d.sim.slow(r, mine[0].account)
	asked := r.URL.Query().Get("PhoneNumber")
	list := []object{}
	d.sim.mu.Lock()
	for _, n := range mine {
		if asked == "" || asked == n.Number {
			list = append(list, n.describe())
		}
	}
	d.sim.mu.Unlock()
	answerJSON(w, http.StatusOK, object{
		"incoming_phone_numbers": list, "page": 0, "page_size": 50, "start": 0, "end": max(len(list)-1, 0),
		"uri": r.URL.RequestURI(), "next_page_uri": nil, "previous_page_uri": nil,
	})
}

// serveUpdate takes the address inbound messages are delivered to.
func (d *sms) serveUpdate(w http.ResponseWriter, r *http.Request, mine []*smsNumber) {
	form, err := readTwilioForm(w, r)
	if err != nil {
		refuseTwilio(w, err)
		return
	}
	sid := strings.TrimSuffix(r.PathValue("number"), ".json")
	i := slices.IndexFunc(mine, func(n *smsNumber) bool { return n.sid() == sid })
	if i < 0 {
		refuseTwilio(w, twilioMissing(r.URL.Path))
		return
	}
	if form.Has("SmsUrl") && form.Get("SmsUrl") != "" && !isWebAddress(form.Get("SmsUrl")) {
		refuseTwilio(w, twilioError{400, 21502, "SmsUrl is not a valid URL"})
		return
	}
	d.sim.mu.Lock()
	if form.Has("SmsUrl") {
		mine[i].url = form.Get("SmsUrl")
		d.sim.change()
	}
	answer := mine[i].describe()
	d.sim.mu.Unlock()
	d.sim.slow(r, mine[i].account)
	answerJSON(w, http.StatusOK, answer)
}

func readTwilioForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, mostJSON)
	if err := r.ParseForm(); err != nil {
		return nil, twilioError{400, 20001, "The form cannot be read"}
	}
	return r.PostForm, nil
}

func isWebAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// sid is the number's own, the same after a restart.
func (n *smsNumber) sid() string {
	sum := sha256.Sum256([]byte(n.AccountSID + n.Number))
	return "PN" + hex.EncodeToString(sum[:16])
}

func (n *smsNumber) describe() object {
	return object{
		"sid": n.sid(), "account_sid": n.AccountSID, "phone_number": n.Number, "friendly_name": n.Name,
		"sms_url": n.url, "sms_method": "POST", "capabilities": object{"sms": true, "mms": true, "voice": false},
		"status": "in-use", "uri": twilioAccount + n.AccountSID + "/IncomingPhoneNumbers/" + n.sid() + ".json",
	}
}

func (d *sms) isPerson(id string) bool { return phoneNumber.MatchString(id) }

func (d *sms) forget(a *account) {
	n := d.numbers[a.Account]
	n.records, n.stopped = nil, map[string]bool{}
}
