package simulator

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
)

// telegramWebhook is what setWebhook said.
type telegramWebhook struct {
	url     string
	secret  string
	allowed []string
	most    int64
}

var (
	telegramSecret = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
	// These are delivered only to a bot that names them.
	telegramUnasked = []string{"chat_member", "message_reaction", "message_reaction_count"}
)

// setWebhook takes any http or https address: the platform's demand for TLS would serve nobody here.
func (d *telegram) setWebhook(w http.ResponseWriter, r *http.Request, b *telegramBot, p parameters) {
	hook := telegramWebhook{url: p.values["url"], secret: p.values["secret_token"], most: p.number("max_connections")}
	err := p.into("allowed_updates", &hook.allowed)
	if err == nil {
		err = hook.check()
	}
	if err != nil {
		refuseTelegram(w, err)
		return
	}
	d.sim.mu.Lock()
	if !p.has("allowed_updates") {
		hook.allowed = b.webhook.allowed // not said: as it was
	}
	d.changeWebhook(b, hook, p.isTrue("drop_pending_updates"))
	d.sim.mu.Unlock()
	d.sim.slow(r, b.account)
	answerJSON(w, http.StatusOK, object{"ok": true, "result": true, "description": "Webhook was set"})
}

func (h telegramWebhook) check() error {
	if h.secret != "" && !telegramSecret.MatchString(h.secret) {
		return badRequest("secret token contains unallowed characters")
	}
	if h.url == "" {
		return nil
	}
	u, err := url.Parse(h.url)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return badRequest("invalid webhook URL specified")
	}
	return nil
}

func (d *telegram) deleteWebhook(w http.ResponseWriter, r *http.Request, b *telegramBot, p parameters) {
	d.sim.mu.Lock()
	d.changeWebhook(b, telegramWebhook{allowed: b.webhook.allowed}, p.isTrue("drop_pending_updates"))
	d.sim.mu.Unlock()
	d.sim.slow(r, b.account)
	answerJSON(w, http.StatusOK, object{"ok": true, "result": true, "description": "Webhook was deleted"})
}

func (d *telegram) changeWebhook(b *telegramBot, hook telegramWebhook, drop bool) {
	if drop {
		b.account.drop(d.sim.life)
	}
	b.webhook = hook
	b.account.trouble = trouble{}
	d.sim.change()
}

func (d *telegram) webhookInfo(w http.ResponseWriter, r *http.Request, b *telegramBot, _ parameters) {
	d.sim.mu.Lock()
	info := object{
		"url": b.webhook.url, "has_custom_certificate": false, "pending_update_count": b.account.pending,
	}
	if b.webhook.most > 0 {
		info["max_connections"] = b.webhook.most
	}
	if b.webhook.allowed != nil {
		info["allowed_updates"] = b.webhook.allowed
	}
	if t := b.account.trouble; !t.at.IsZero() {
		info["last_error_date"], info["last_error_message"] = t.at.Unix(), t.reason
	}
	d.sim.mu.Unlock()
	d.sim.slow(r, b.account)
	answerTelegram(w, info)
}

// wants reports whether the bot asked to be told of such updates.
func (h telegramWebhook) wants(kind string) bool {
	if len(h.allowed) == 0 {
		return !slices.Contains(telegramUnasked, kind)
	}
	return slices.Contains(h.allowed, kind)
}

// batches: one update, one request.
func (d *telegram) batches() int { return 1 }

func (d *telegram) body(_ *account, events []event) []byte { return encode(events[0].value) }

func (d *telegram) target(a *account, _ []byte) (target, bool) {
	hook := d.bots[a.Account].webhook
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	if hook.secret != "" {
		header.Set("X-Telegram-Bot-Api-Secret-Token", hook.secret)
	}
	return target{url: hook.url, header: header, obeysRetryAfter: true}, hook.url != ""
}
