package simulator

import "time"

// receipts: X tells us what our account did, whoever did it.
func (d *xNetwork) receipts(sent Sent) []string {
	u := d.accounts[sent.Account]
	kind := ""
	switch {
	case sent.Kind == Delete && u.board.find(sent.Target) != nil:
		kind = "post.delete"
	case sent.Kind.isAction():
		return nil
	case u.find(sent.MessageID) != nil:
		kind = "post.create"
	default:
		kind = "dm.sent"
	}
	if !d.hears(u, kind) {
		return nil
	}
	return []string{kind}
}

// receipt tells it as it was: meanwhile the post may be gone.
func (d *xNetwork) receipt(a *account, sent Sent, kind string, _ *Failure, _ time.Time) event {
	u := d.accounts[a.Account]
	var payload, includes object
	switch kind {
	case "post.delete":
		payload, includes = object{"id": sent.Target, "author_id": u.UserID}, u.wrapped(u.UserID)
	case "post.create":
		said := u.board.find(sent.MessageID)
		if said == nil {
			said = u.find(sent.MessageID)
		}
		if said == nil {
			said = &utterance{id: sent.MessageID, author: u.UserID, post: sent.MessageID, parent: sent.Target, text: sent.Text, at: sent.At}
		}
		payload, includes = u.tweet(said), d.around(u, said)
	default:
		c := a.customers[sent.Recipient]
		said := object{
			"id": sent.MessageID, "text": sent.Text, "sender_id": u.UserID, "created_at": xTime(sent.At),
		}
		if sent.Media != "" {
			said["attachments"] = object{"media_keys": []string{"3_" + sent.Media}}
		}
		payload = d.legacy(u, c, said)
	}
	return d.activity(u, kind, payload, includes) // also if somebody unsubscribed meanwhile
}
