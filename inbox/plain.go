package inbox

import (
	"slices"

	"parley/models"
)

// Most of what platforms deliver is plain: people say something in private. That is taken in for all of them at once, with
// the same result as one after the other. Wherever something else is involved, the general way is taken.

// isPlain reports whether a delivery is such by what it says itself.
func isPlain(a *arrival) bool {
	return !slices.ContainsFunc(a.elements, func(in models.Inbound) bool {
		said := in.Kind == models.InboundUtterance || in.Kind == models.InboundPostback
		return !said || in.Surface != models.PrivateMessage || in.Direction != models.InboundMessage ||
			in.ExternalID == "" || in.Post != nil || in.Incomplete
	})
}

// plain takes in plain deliveries that follow each other.
type plain struct {
	in       *models.Intake
	scene    *models.Scene
	channels map[string]*models.Channel
	threads  map[string]*models.Conversation // by identity
	changed  map[string]bool                 // the conversations that will be written
}

// placed is an element with whom it is from: somebody known, or a newcomer.
type placed struct {
	models.Inbound
	channel  *models.Channel
	identity *models.ContactIdentity
	newcomer *newcomer
}

// newcomer is somebody who says something for the first time.
type newcomer struct {
	channelID string
	author    models.Author
	threadKey string
	identity  *models.ContactIdentity // once it is made
}

func takePlain(in *models.Intake, deliveries []*arrival) error {
	var arrivals []models.Arrival
	for _, a := range deliveries {
		for _, each := range a.elements {
			arrivals = append(arrivals, models.Arrival{
				ChannelID: a.route.ChannelID, ExternalID: each.ExternalID, Author: authorOf(each), ThreadKey: each.ThreadKey,
			})
		}
	}
	scene, err := in.Read(arrivals)
	if err != nil {
		return err
	}
	p := &plain{
		in: in, scene: scene, channels: make(map[string]*models.Channel),
		threads: make(map[string]*models.Conversation), changed: make(map[string]bool),
	}
	for _, c := range scene.Channels {
		p.channels[c.ID] = c
	}
	for _, c := range scene.Newest {
		p.threads[c.IdentityID] = c
	}
	all, isPlain, err := p.place(deliveries)
	if err != nil {
		return err
	}
	if !isPlain {
		return takeApart(in, deliveries)
	}
	for _, each := range all {
		if err := p.take(each); err != nil {
			return err
		}
	}
	return nil
}

// place finds out who says what, leaving out what is known already. It reports whether all of it is plain, also by what it
// meets here; nothing is changed before that is certain.
func (p *plain) place(deliveries []*arrival) (all []placed, isPlain bool, err error) {
	if !p.scene.IsActive || p.scene.EarlyNews {
		return nil, false, nil
	}
	var newcomers []*newcomer
	said, threads := make(map[[2]string]bool), make(map[string]string)
	for _, a := range deliveries {
		channel := p.channels[a.route.ChannelID]
		if channel == nil {
			return nil, false, errRerouted
		}
		if channel.Status == models.OnHold {
			return nil, false, nil
		}
		for _, in := range a.elements {
			if key := [2]string{channel.ID, in.ExternalID}; said[key] || p.scene.IsKnown(channel.ID, in.ExternalID) {
				continue
			} else {
				said[key] = true
			}
			each := placed{Inbound: in, channel: channel}
			if !p.findAuthor(&each, &newcomers) || each.identity != nil && !p.suits(each, threads) {
				return nil, false, nil
			}
			all = append(all, each)
		}
	}
	return all, true, nil
}

// findAuthor finds whom an element is from, and reports whether that is simple.
func (p *plain) findAuthor(e *placed, newcomers *[]*newcomer) bool {
	author := authorOf(e.Inbound)
	people := p.scene.People(e.channel.ID, author)
	for _, n := range *newcomers {
		if n.channelID == e.channel.ID && n.author.Meets(author) {
			e.newcomer = n
		}
	}
	switch {
	case len(people) == 1 && e.newcomer == nil:
		e.identity = people[0]
		return !e.identity.Rekeys(author)
	case len(people) > 0:
		return false
	case e.newcomer != nil:
		return e.newcomer.author == author && e.newcomer.threadKey == e.ThreadKey
	}
	e.newcomer = &newcomer{channelID: e.channel.ID, author: author, threadKey: e.ThreadKey}
	*newcomers = append(*newcomers, e.newcomer)
	return true
}

// suits reports whether the conversation an element goes on with needs nothing beside the message.
func (p *plain) suits(e placed, threads map[string]string) bool {
	if key, met := threads[e.identity.ID]; met && key != e.ThreadKey {
		return false
	}
	threads[e.identity.ID] = e.ThreadKey
	c := p.threads[e.identity.ID]
	if c == nil || !goesOn(c, e.channel) {
		return true
	}
	released := !c.IsOpen() && c.AssigneeUserID != nil
	return c.ThreadKey == e.ThreadKey && !released
}

// take is takeMessage for a plain element.
func (p *plain) take(e placed) error {
	identity, err := p.identity(e)
	if err != nil {
		return err
	}
	r := reception{tx: p.in.Tx, channel: e.channel}
	c := p.conversation(identity, e)
	m := r.message(c, models.InboundMessage, e.Inbound)
	m.AuthorIdentityID = &identity.ID
	p.in.AddLater(m, e.Attachments)
	recordMessage(p.in.Tx, models.MessageAdded, m, models.EventData{})
	r.turnToUs(c, m)
	r.openWindow(c, e.Inbound)
	c.LastInboundID = &m.ID
	c.Version++
	return nil
}

func (p *plain) identity(e placed) (*models.ContactIdentity, error) {
	author := authorOf(e.Inbound)
	if e.identity != nil {
		return e.identity, p.in.RefreshIdentity(e.identity, author)
	}
	if e.newcomer.identity == nil {
		e.newcomer.identity = p.in.NewIdentity(e.channel.ID, author)
	}
	return e.newcomer.identity, nil
}

// conversation finds the one an element belongs to, or begins it, and has it written.
func (p *plain) conversation(i *models.ContactIdentity, e placed) *models.Conversation {
	c := p.threads[i.ID]
	if c == nil || !goesOn(c, e.channel) {
		c = p.in.NewConversation(e.channel, i, e.Surface, e.ThreadKey)
		p.threads[i.ID], p.changed[c.ID] = c, true
		p.in.OpenLater(c)
		recordConversation(p.in.Tx, models.ConversationOpened, c, models.EventData{})
	}
	if !p.changed[c.ID] {
		p.changed[c.ID] = true
		p.in.SaveLater(c)
	}
	return c
}
