package simulator

import (
	"fmt"
	"time"
)

// graphMostEdits is how often a person may correct a message.
const graphMostEdits = 5

// tell: on both networks a person who blocks us does so in silence.
func (g *graph) tell(a *account, c *customer, in Inbound) (*event, string, error) {
	p, now := g.of(a), g.sim.config.Now()
	if in.Kind == Block || in.Kind == Unblock {
		return nil, "", nil
	}
	if in.Surface != Private {
		return g.tellPublicly(p, c, in, now)
	}
	if in.Kind == Text || in.Kind.isMedia() {
		n, mid := g.say(p, c, in, now)
		return p.event(n), mid, nil
	}
	n, mid, err := g.do(p, c, in, now)
	if err != nil || n == nil {
		return nil, mid, err
	}
	return p.event(*n), mid, nil
}

// say files a new message of the customer.
func (g *graph) say(p *graphAccount, c *customer, in Inbound, now time.Time) (news, string) {
	mid := graphMID(p.account.Platform)
	content := object{"mid": mid}
	if in.Text != "" {
		content["text"] = in.Text
	}
	if in.Kind.isMedia() {
		content["attachments"] = p.network.attachments(in.Kind, g.keep(p, in.file(), now))
	}
	if in.Target != "" {
		content["reply_to"] = p.network.replyTo(in.Target)
	}
	if in.Post != "" { // a story of ours they answer
		content["reply_to"] = object{"story": object{"id": in.Post, "url": g.storyLink(p, in.Post, now)}}
	}
	c.remember(message{id: mid, at: now, content: content})
	return c.messaging("message "+string(in.Kind), "messages", p.account, now, object{"message": content}), mid
}

// do is what a customer does without new words. No news means that the network keeps it to itself.
func (g *graph) do(p *graphAccount, c *customer, in Inbound, now time.Time) (*news, string, error) {
	mid, edits := in.Target, 0
	switch in.Kind {
	case Button:
		mid = graphMID(p.account.Platform)
	case Edit, Revoke:
		m := c.message(in.Target)
		if m == nil || m.ours {
			return nil, "", fmt.Errorf("no message %s of theirs to %s", in.Target, in.Kind)
		}
		if in.Kind == Revoke {
			c.forget(in.Target)
			break
		}
		before, _ := m.content["edits"].(int)
		if edits = before + 1; edits > graphMostEdits {
			return nil, "", fmt.Errorf("message %s was edited %d times already", in.Target, graphMostEdits)
		}
		m.content = object{"text": in.Text, "edits": edits}
	case Seen:
		if mid == "" {
			mid = c.newest(true)
		}
		if mid == "" {
			return nil, "", fmt.Errorf("nothing of ours that they could have seen")
		}
	case Reaction:
	default:
		return nil, "", fmt.Errorf("customers on %s know no %q", p.account.Platform, in.Kind)
	}
	n, told := p.network.told(c, in, mid, edits, now)
	if !told {
		return nil, mid, nil
	}
	return new(c.messaging(n.name, n.field, p.account, now, n.messaging)), mid, nil
}

// reaction is a reaction to a message; the network's word for it comes beside the emoji.
func reactionTo(mid, emoji string) object {
	if emoji == "" {
		return object{"mid": mid, "action": "unreact"}
	}
	name, known := map[string]string{"❤": "love", "❤️": "love", "😍": "love", "😆": "smile", "😮": "wow", "😢": "sad",
		"😠": "angry", "👍": "like", "👎": "dislike"}[emoji]
	if !known {
		name = "other"
	}
	return object{"mid": mid, "action": "react", "emoji": emoji, "reaction": name}
}

// newest is the id of the newest message, of ours or of theirs; empty when there is none.
func (c *customer) newest(ours bool) string {
	for i := len(c.messages) - 1; i >= 0; i-- {
		if c.messages[i].ours == ours {
			return c.messages[i].id
		}
	}
	return ""
}
