package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MessengerWidget is a widget of our own Messenger on the pages of a site.
type MessengerWidget struct {
	// Key is the account id of the channel: wgt_ and letters or digits.
	Key string
	// Origin is the site the visitors are on, https://shop.example, one of the channel's allowed origins. Visitors
	// without one say no origin, like an app.
	Origin string
	// IdentitySecret is what the site vouches for its customers with, by their ids. Without one all are anonymous.
	IdentitySecret string
	// Name is what people see; the key when empty.
	Name string
}

// messenger is the visitors of our own Messenger. Nobody else's API stands between them and us: each is a browser
// that speaks the protocol of docs/messenger.md with our server.
type messenger struct {
	sim     *Simulator
	widgets map[Account]*messengerWidget
}

type messengerWidget struct {
	MessengerWidget
	visitors map[string]*visitor // by the id of the customer
}

var messengerKey = regexp.MustCompile(`^wgt_[A-Za-z0-9]{1,60}$`)

// AddMessengerWidget adds a widget, or changes one that is there. It panics on a key that is none: such a widget has
// no address.
func (s *Simulator) AddMessengerWidget(w MessengerWidget) Account {
	if !messengerKey.MatchString(w.Key) {
		panic("simulator: the key of a widget reads wgt_shop")
	}
	if w.Name == "" {
		w.Name = w.Key
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := Account{Platform: Messenger, ID: w.Key}
	widget, known := s.messenger.widgets[id]
	if !known {
		widget = &messengerWidget{visitors: map[string]*visitor{}}
		s.messenger.widgets[id] = widget
	}
	widget.MessengerWidget = w
	s.add(id, w.Name, s.messenger)
	return id
}

// serve adds nothing: we are the platform, and visitors call us.
func (*messenger) serve(*http.ServeMux) {}

// isPerson reports whether a site could call a customer so.
func (*messenger) isPerson(id string) bool {
	return id != "" && len(id) <= 200 && utf8.ValidString(id) && !strings.ContainsFunc(id, unicode.IsControl)
}

// tell refuses what the protocol has no words for. What it allows is visit's to do.
func (*messenger) tell(_ *account, c *customer, in Inbound) (*event, string, error) {
	switch {
	case in.Surface != Private:
		return nil, "", errors.New("visitors of a widget write in private only")
	case in.Kind == Seen:
		_, err := c.latest(in.Target)
		return nil, "", err
	case in.Target != "":
		return nil, "", errors.New("visitors of a widget point at no message")
	case in.Kind == Text, in.Kind == Typing, in.Kind.isMedia() && in.Kind != Sticker:
		return nil, "", nil
	}
	return nil, "", fmt.Errorf("visitors of a widget know no %q", in.Kind)
}

// latest is the message of ours with this id, or without one the newest.
func (c *customer) latest(id string) (string, error) {
	for i := len(c.messages) - 1; i >= 0; i-- {
		if m := c.messages[i]; m.ours && (id == "" || m.id == id) {
			return m.id, nil
		}
	}
	return "", fmt.Errorf("no message %q of ours that they could have read", id)
}

// body and target are never asked for: there are no webhooks.
func (*messenger) body(*account, []event) []byte                { return nil }
func (*messenger) target(*account, []byte) (to target, ok bool) { return target{}, false }
func (*messenger) batches() int                                 { return 1 }

// fails says that no send can fail: we hand nothing to a platform that could refuse it.
func (*messenger) fails(Class) bool { return false }

// suffers allows what a visitor can do badly: read late, or never.
func (*messenger) suffers(faults Faults) error {
	faults.ReceiptDelay, faults.DropReceipts = 0, false
	if faults != (Faults{}) {
		return errors.New("visitors of a widget can read late or never, and do nothing else wrong")
	}
	return nil
}

// forget closes the browsers: their streams end with the account's life.
func (d *messenger) forget(a *account) { clear(d.widgets[a.Account].visitors) }
