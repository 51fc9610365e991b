package simulator

import (
	"net/http"
	"slices"
	"time"
)

// xSubscription is the wish to hear of one kind of event of one account.
type xSubscription struct {
	id      string
	kind    string
	user    string
	tag     string
	webhook string // without one the events go to a stream, which is not played here
	at      time.Time
	changed time.Time
}

func (s *xSubscription) describe() object {
	said := object{
		"subscription_id": s.id, "event_type": s.kind, "filter": object{"user_id": s.user},
		"created_at": xTime(s.at), "updated_at": xTime(s.changed),
	}
	if s.tag != "" {
		said["tag"] = s.tag
	}
	if s.webhook != "" {
		said["webhook_id"] = s.webhook
	}
	return said
}

// xKinds are the events that can be subscribed for, as far as they are played or left out on purpose.
var xKinds = []string{
	"dm.received", "dm.sent", "dm.read", "dm.indicate_typing", "chat.received", "chat.sent",
	"post.create", "post.delete", "post.mention.create", "post.reply.create", "post.quote.create", "post.repost.create",
	"like.create", "oauth.revoke",
}

// hears reports whether events of a kind are told: all of them until somebody subscribes for the account.
func (d *xNetwork) hears(u *xAccount, kind string) bool {
	return !u.asked || d.subscription(u, kind) != nil
}

// subscription is the one that leads to a webhook.
func (d *xNetwork) subscription(u *xAccount, kind string) *xSubscription {
	for _, s := range d.subscriptions {
		if s.user == u.UserID && s.kind == kind && d.webhook(s.webhook) != nil {
			return s
		}
	}
	return nil
}

func (d *xNetwork) subscribe(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Kind   string `json:"event_type"`
		Filter struct {
			User string `json:"user_id"`
		} `json:"filter"`
		Tag     string `json:"tag"`
		Webhook string `json:"webhook_id"`
	}
	if err := readX(w, r, &body); err != nil {
		d.refuse(w, err)
		return
	}
	d.sim.mu.Lock()
	now := d.sim.config.Now()
	wish := &xSubscription{
		kind: body.Kind, user: body.Filter.User, tag: body.Tag, webhook: body.Webhook, at: now, changed: now,
	}
	err := d.accept(wish, now)
	said, total := wish.describe(), len(d.subscriptions)
	d.sim.mu.Unlock()
	if err != nil {
		d.refuse(w, err)
		return
	}
	answerJSON(w, http.StatusOK, object{"data": said, "meta": object{"total_subscriptions": total}})
}

// accept takes a wish: private events need the account's leave, which the simulator has of its own accounts.
func (d *xNetwork) accept(wish *xSubscription, now time.Time) error {
	u, known := d.accounts[Account{Platform: X, ID: wish.user}]
	if !known {
		return xForbidden("The user has not authorized this app.")
	}
	if !slices.Contains(xKinds, wish.kind) {
		return xInvalid("event_type is none of the known ones.")
	}
	if wish.webhook != "" && d.webhook(wish.webhook) == nil {
		return xInvalid("webhook_id is none of this app's.")
	}
	twice := func(s *xSubscription) bool { return s.user == wish.user && s.kind == wish.kind }
	if slices.ContainsFunc(d.subscriptions, twice) {
		return xInvalid("DuplicateSubscriptionFailed: there is such a subscription.")
	}
	wish.id = d.ids.next(now)
	d.subscriptions = append(d.subscriptions, wish)
	u.asked = true
	return nil
}

func (d *xNetwork) listSubscriptions(w http.ResponseWriter, _ *http.Request) {
	d.sim.mu.Lock()
	list := []object{}
	for _, s := range d.subscriptions {
		list = append(list, s.describe())
	}
	d.sim.mu.Unlock()
	answerJSON(w, http.StatusOK, object{"data": list, "meta": object{"total_subscriptions": len(list)}})
}

// changeSubscription changes the tag and the webhook; anything else needs a new one.
func (d *xNetwork) changeSubscription(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Tag     *string `json:"tag"`
		Webhook *string `json:"webhook_id"`
	}
	if err := readX(w, r, &body); err != nil {
		d.refuse(w, err)
		return
	}
	d.sim.mu.Lock()
	var said object
	for _, s := range d.subscriptions {
		if s.id != r.PathValue("id") {
			continue
		}
		if body.Tag != nil {
			s.tag = *body.Tag
		}
		if body.Webhook != nil {
			s.webhook = *body.Webhook
		}
		s.changed = d.sim.config.Now()
		said = s.describe()
	}
	total := len(d.subscriptions)
	d.sim.change()
	d.sim.mu.Unlock()
	if said == nil {
		d.refuse(w, xMissing("No such subscription."))
		return
	}
	answerJSON(w, http.StatusOK, object{"data": said, "meta": object{"total_subscriptions": total}})
}

func (d *xNetwork) unsubscribe(w http.ResponseWriter, r *http.Request) {
	d.sim.mu.Lock()
	before := len(d.subscriptions)
	d.subscriptions = slices.DeleteFunc(d.subscriptions, func(s *xSubscription) bool { return s.id == r.PathValue("id") })
	left := len(d.subscriptions)
	d.sim.mu.Unlock()
	if left == before {
		d.refuse(w, xMissing("No such subscription."))
		return
	}
	answerJSON(w, http.StatusOK, object{"data": object{"deleted": true}, "meta": object{"total_subscriptions": left}})
}
