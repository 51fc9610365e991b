package simulator

import "time"

// accept checks a message as Meta does and files it. With mu held.
func (g *graph) accept(p *graphAccount, call graphSend, now time.Time) (Sent, error) {
	if p.closed {
		return Sent{}, graphAccessClosed
	}
	if call.action != "" {
		return p.react(call, now)
	}
	sent, content, err := p.content(call)
	if err != nil {
		return Sent{}, err
	}
	c, answered, err := p.recipient(call, now)
	if err != nil {
		return Sent{}, err
	}
	if answered != nil {
		answered.answered, sent.Target = true, answered.id
	}
	sent.Recipient, sent.MessageID = c.ID, graphMID(p.account.Platform)
	content["mid"] = sent.MessageID
	c.remember(message{id: sent.MessageID, ours: true, at: now, content: content})
	return sent, nil
}

// recipient is whom a message may reach, and the comment or post it answers, if any. Until they answer a private
// reply, no second message reaches them: what they said in public opens no window.
func (p *graphAccount) recipient(call graphSend, now time.Time) (*customer, *graphRemark, error) {
	if said := call.recipient.CommentID + call.recipient.PostID; said != "" {
		return p.privateReply(said, now)
	}
	c, known := p.account.customers[call.recipient.ID]
	if !known {
		return nil, nil, graphNobody
	}
	return c, nil, p.reaches(c, call.tag, now)
}

func (p *graphAccount) reaches(c *customer, tag string, now time.Time) error {
	window := graphWindow
	if tag == "HUMAN_AGENT" {
		window = graphHumanWindow
	}
	switch {
	case c.blocked:
		return Failure{Class: RecipientBlocked}
	case !now.Before(c.WroteAt.Add(window)):
		return Failure{Class: OutsideWindow}
	}
	return nil
}

// privateReply is who said something in public, to be answered in private once.
func (p *graphAccount) privateReply(id string, now time.Time) (*customer, *graphRemark, error) {
	r, known := p.remarks.items[id]
	switch {
	case !known:
		return nil, nil, graphMissing(id)
	case r.author == nil || r.surface == Mention || !now.Before(r.at.Add(graphPrivateReply)):
		return nil, nil, graphNotEligible
	case r.answered:
		return nil, nil, graphReplied
	case r.author.blocked:
		return nil, nil, Failure{Class: RecipientBlocked}
	}
	return r.author, r, nil
}

// react puts our reaction under a message, or takes it away.
func (p *graphAccount) react(call graphSend, now time.Time) (Sent, error) {
	c, known := p.account.customers[call.recipient.ID]
	if !known {
		return Sent{}, graphNobody
	}
	if err := p.reaches(c, call.tag, now); err != nil {
		return Sent{}, err
	}
	if c.message(call.payload.MessageID) == nil {
		return Sent{}, graphInvalid("There is no such message to react to")
	}
	sent := Sent{Recipient: c.ID, Kind: Reaction, Target: call.payload.MessageID}
	if call.action == "react" {
		if sent.Text = call.payload.Reaction; sent.Text == "" {
			return Sent{}, graphInvalid("The parameter payload[reaction] is required")
		}
	}
	return sent, nil
}
