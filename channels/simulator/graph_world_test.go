package simulator_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"parley/channels/simulator"
)

const (
	pageID    = "102030405060708"
	pageToken = "EAAB-page"
	igID      = "17841405726653026"
	igToken   = "IGAA-account"
)

var (
	maxB  = simulator.Customer{ID: "6780462125370001", Name: "Max Beispiel", Username: "max_b"}
	frida = simulator.Customer{ID: "7689966077680002", Name: "Frida Muster", Username: "frida.m"}
)

// metaWorld is a world with a page, an Instagram account of Facebook Login linked to it, a post on each, and their
// dark sisters.
type metaWorld struct {
	*world
	page, insta simulator.Account
}

const (
	pagePost = pageID + "_690891113000877"
	pageAd   = pageID + "_122100000000777"
	igMedia  = "17918195224117851"
	igAd     = "17950000000000001"
)

func newMetaWorld(t *testing.T) *metaWorld {
	t.Helper()
	w := &metaWorld{world: &world{t: t, clock: newClock(), hook: newHook(t)}}
	w.Simulator = simulator.New(simulator.Config{
		WebhookURL: w.hook.URL, MetaAppSecret: appSecret, Now: w.clock.Now, After: w.clock.After,
	})
	w.api = httptest.NewServer(w.Handler())
	t.Cleanup(func() {
		if err := w.Close(soon(t)); err != nil {
			t.Error(err)
		}
		w.api.Close()
	})
	w.page = w.AddFacebookPage(simulator.FacebookPage{ID: pageID, Name: "Unsere Seite", AccessToken: pageToken})
	w.insta = w.AddInstagramAccount(simulator.InstagramAccount{
		ID: igID, Username: "unsere.marke", PageID: pageID, AccessToken: igToken,
	})
	w.publish(w.page, simulator.Post{ID: pagePost, Text: "Neu im Laden"})
	w.publish(w.page, simulator.Post{ID: pageAd, Text: "Sommer Sale", Dark: true})
	w.publish(w.insta, simulator.Post{ID: igMedia, Text: "Neu im Laden"})
	w.publish(w.insta, simulator.Post{ID: igAd, Text: "Sommer Sale", Dark: true})
	w.graph("GET", w.page, "me", nil) // from here on it knows its address
	return w
}

func (w *metaWorld) publish(a simulator.Account, p simulator.Post) {
	w.t.Helper()
	if err := w.AddPost(a, p); err != nil {
		w.t.Fatal(err)
	}
}

// graph calls an account's API with the account's token.
func (w *metaWorld) graph(method string, a simulator.Account, path string, body any) answered {
	w.t.Helper()
	if a.Platform == simulator.Instagram {
		return w.call(method, "/instagram/v25.0/"+path, igToken, body)
	}
	return w.call(method, "/facebook/v25.0/"+path, pageToken, body)
}

// says is a text from an account to a person.
func (w *metaWorld) says(a simulator.Account, to, text string) answered {
	w.t.Helper()
	return w.graph("POST", a, a.ID+"/messages", map[string]any{
		"recipient": map[string]any{"id": to}, "messaging_type": "RESPONSE",
		"message": map[string]any{"text": text, "metadata": "msg:01J9ZK7"},
	})
}

// quietly turns off echoes and receipts, which the test is not about.
func (w *metaWorld) quietly() *metaWorld {
	w.faults(w.page, simulator.Faults{DropReceipts: true})
	w.faults(w.insta, simulator.Faults{DropReceipts: true})
	return w
}

func (w *metaWorld) comments(a simulator.Account, who simulator.Customer, post, under, text string) (string, delivered) {
	w.t.Helper()
	return w.inbound(simulator.Inbound{
		Account: a, Customer: who, Surface: simulator.Comment, Post: post, Target: under, Text: text,
	})
}

// change is the one change a webhook tells.
func (d delivered) change(t *testing.T) map[string]any {
	t.Helper()
	return at(t, d.json, "entry", 0, "changes", 0, "value").(map[string]any)
}

// messaging is the one thing in a thread a webhook tells.
func (d delivered) messaging(t *testing.T) map[string]any {
	t.Helper()
	return at(t, d.json, "entry", 0, "messaging", 0).(map[string]any)
}

func refused(t *testing.T, what string, got answered, code, subcode float64) {
	t.Helper()
	if got.status < 400 || got.json["error"] == nil {
		t.Errorf("%s: not refused but answered %d %s", what, got.status, got.body)
		return
	}
	same(t, what, at(t, got.json, "error", "code"), any(code))
	if subcode != 0 {
		same(t, what+", subcode", at(t, got.json, "error", "error_subcode"), any(subcode))
	}
}

func accepted(t *testing.T, what string, got answered) {
	t.Helper()
	if got.status != http.StatusOK {
		t.Errorf("%s: answered %d %s", what, got.status, got.body)
	}
}
