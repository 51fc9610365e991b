package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

const tikTokPath = "/webhooks/tiktok"

// tell turns what a customer did, or a moderator with a customer's comment, into an update of the comment.
func (d *tikTok) tell(a *account, c *customer, in Inbound) (*event, string, error) {
	b, now := d.accounts[a.Account], d.sim.config.Now()
	switch in.Kind {
	case Block, Unblock:
		return nil, "", nil
	case Text:
		return d.tellComment(b, c, in, now)
	case Revoke, Hide, Unhide:
	default:
		return nil, "", fmt.Errorf("customers on TikTok know no %q", in.Kind)
	}
	said := b.board.standing(in.Target)
	if said == nil || said.author != c.ID {
		return nil, "", fmt.Errorf("no comment %s of theirs to %s", in.Target, in.Kind)
	}
	said.changedAt = now
	switch in.Kind {
	case Hide:
		said.hidden = true
		return d.update(b, said, "set_to_hidden", now), said.id, nil
	case Unhide:
		said.hidden = false
		return d.update(b, said, "set_to_public", now), said.id, nil
	}
	b.takeDown(said, now)
	return d.update(b, said, "delete", now), said.id, nil
}

func (d *tikTok) tellComment(b *tikTokAccount, c *customer, in Inbound, now time.Time) (*event, string, error) {
	if in.Surface != Comment {
		return nil, "", errors.New("customers on TikTok comment, nothing else")
	}
	said := utterance{author: c.ID, post: in.Post, text: in.Text, at: now}
	if in.Target != "" {
		above := b.board.standing(in.Target)
		if above == nil || in.Post != "" && above.post != in.Post {
			return nil, "", fmt.Errorf("no comment %s to answer", in.Target)
		}
		said.post, said.parent = above.post, topmost(above)
	}
	if _, known := b.account.posts[said.post]; !known || !isNumber(said.post) {
		return nil, "", fmt.Errorf("no video %q to comment on", said.post)
	}
	said.id = d.ids.next(now)
	return d.update(b, b.board.add(said), "insert", now), said.id, nil
}

// update is what happened to a comment. It is told in a text of JSON whose ids are bare numbers of 64 bits.
func (d *tikTok) update(b *tikTokAccount, c *utterance, action string, now time.Time) *event {
	content := object{
		"comment_id": json.Number(c.id), "video_id": json.Number(c.post), "comment_type": "comment",
		"comment_action": action, "timestamp": now.Unix(), "unique_identifier": b.unique(c.author),
	}
	if c.parent != "" {
		content["comment_type"], content["parent_comment_id"] = "reply", json.Number(c.parent)
	}
	if action != "delete" {
		content["text"] = c.text
	}
	return &event{name: "comment " + action, value: object{
		"client_key": "awz1abc", "event": "comment.update", "create_time": now.Unix(),
		"user_openid": b.BusinessID, "content": string(encode(content)),
	}}
}

// batches: one update, one request.
func (d *tikTok) batches() int { return 1 }

func (d *tikTok) body(_ *account, events []event) []byte { return encode(events[0].value) }

// target signs every attempt anew: the signature holds the time.
func (d *tikTok) target(_ *account, body []byte) (target, bool) {
	address := d.webhook
	if address == "" && d.sim.webhookURL != "" {
		address = d.sim.webhookURL + tikTokPath
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("Tiktok-Signature", tikTokSignature(d.sim.config.TikTokAppSecret, seconds(d.sim.config.Now()), body))
	return target{url: address, header: header}, address != ""
}

// tikTokSignature proves with the app's secret that the body is TikTok's, and of when.
func tikTokSignature(secret, at string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(at + "."))
	mac.Write(body)
	return "t=" + at + ",s=" + hex.EncodeToString(mac.Sum(nil))
}

// setWebhook says where the app is told, of all its accounts: it has one address.
func (d *tikTok) setWebhook(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		App    string `json:"app_id"`
		Secret string `json:"secret"`
		Event  string `json:"event_type"`
		URL    string `json:"callback_url"`
	}
	err := readTikTok(w, r, &asked)
	if err == nil {
		err = d.proves(asked.App, asked.Secret)
	}
	u, invalid := url.Parse(asked.URL)
	if err == nil && (asked.Event != "COMMENT" || invalid != nil || u.Host == "") {
		err = tikTokInvalid("event_type must be COMMENT, and callback_url an address.")
	}
	if err != nil {
		refuseTikTok(w, err)
		return
	}
	d.sim.mu.Lock()
	d.webhook = asked.URL
	d.sim.change()
	d.sim.mu.Unlock()
	answerTikTok(w, object{"app_id": asked.App, "event_type": asked.Event, "callback_url": asked.URL})
}
