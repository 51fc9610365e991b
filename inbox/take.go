package inbox

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"parley/models"
)

// errDuplicate says that an element was taken in before.
var errDuplicate = errors.New("duplicate")

// reception takes elements of one channel into the inbox.
type reception struct {
	tx      *models.Tx
	channel *models.Channel
}

func (r reception) take(in models.Inbound) error {
	switch in.Kind {
	case models.InboundUtterance, models.InboundPostback:
		if in.Direction == models.OutboundMessage {
			return r.takeEcho(in)
		}
		return r.takeMessage(in)
	case models.InboundReceipt:
		if in.ExternalID == "" {
			return r.takeWatermark(in)
		}
		return r.takeNews(in, in.ExternalID)
	case models.InboundEdit, models.InboundDeletion, models.InboundHidden, models.InboundShown:
		return r.takeNews(in, in.ExternalID)
	case models.InboundTyping:
		return nil // of a moment that is over
	case models.InboundReaction:
		return r.takeNews(in, in.TargetExternalID)
	case models.InboundOptOut, models.InboundOptIn:
		return r.takeOpt(in)
	case models.InboundRekey:
		return r.takeRekey(in)
	case models.InboundNotice:
		return r.takeNotice(in)
	default:
		return fmt.Errorf("unknown kind of inbound element %q", in.Kind)
	}
}

func (r reception) at(in models.Inbound) time.Time {
	if in.At.IsZero() {
		return r.tx.Now
	}
	return in.At
}

// takeMessage adds what a contact said to its conversation.
func (r reception) takeMessage(in models.Inbound) error {
	// The author first: whoever else brings something of the same person waits here.
	identity, err := r.tx.TakeIdentity(r.channel.ID, authorOf(in))
	if err != nil {
		return err
	}
	known, err := r.tx.MessageByExternalID(r.channel.ID, in.ExternalID, "")
	if err != nil {
		return err
	}
	if known != nil {
		return errDuplicate
	}
	post, err := r.takePost(&in)
	if err != nil {
		return err
	}
	conversation, err := r.openThread(identity, in)
	if err != nil {
		return err
	}
	if post != nil {
		conversation.PostID = &post.ID
	}
	message := r.message(conversation, models.InboundMessage, in)
	message.AuthorIdentityID = &identity.ID
	if err := r.add(message, in); err != nil {
		return err
	}
	r.turnToUs(conversation, message)
	r.openWindow(conversation, in)
	conversation.LastInboundID = &message.ID
	columns := slices.Concat([]string{
		"thread_key", "post_id", "status", "status_reason", "status_comment", "status_changed_at",
		"last_inbound_id", "last_activity_at", "waiting_since", "unread_count",
	}, models.LastMessageColumns, models.WindowColumns)
	if err := r.tx.SaveConversation(conversation, columns...); err != nil {
		return overtaken(err)
	}
	return r.applyEarlyNews(in.ExternalID)
}

// authorOf is who said it. In public some platforms keep that to themselves: then each thread has a stranger of its own.
func authorOf(in models.Inbound) models.Author {
	if in.Author.ID == "" {
		return models.Author{ID: "unknown author of " + in.ThreadKey}
	}
	return in.Author
}

// takePost makes known what an element is about. A comment on an ad is one even if this element does not say so.
func (r reception) takePost(in *models.Inbound) (*models.Post, error) {
	if in.Post == nil {
		return nil, nil
	}
	post, err := r.tx.TakePost(r.channel.ID, *in.Post)
	if err != nil {
		return nil, err
	}
	if post.Promotion == models.Dark && in.Surface == models.Comment {
		in.Surface = models.AdComment
	}
	if !post.Learned {
		return post, nil
	}
	return post, tellOfPost(r.tx, post)
}

// lockThread finds the newest conversation of a thread; in public that is whoever's thread it is.
func (r reception) lockThread(identity *models.ContactIdentity, in models.Inbound) (*models.Conversation, error) {
	if in.Surface.Visibility() == models.Public {
		return r.tx.LockPublicThread(r.channel.ID, in.Surface, in.ThreadKey)
	}
	return r.tx.LockThread(identity, in.Surface, in.ThreadKey)
}

// openThread finds the conversation an inbound message belongs to, or begins one.
func (r reception) openThread(identity *models.ContactIdentity, in models.Inbound) (*models.Conversation, error) {
	c, err := r.lockThread(identity, in)
	if err != nil {
		return nil, err
	}
	if c != nil && goesOn(c, r.channel) {
		c.ThreadKey = in.ThreadKey
		return c, r.releaseGone(c)
	}
	c = r.tx.NewConversation(r.channel, identity, in.Surface, in.ThreadKey)
	if err := r.tx.OpenConversation(c); err != nil {
		return nil, overtaken(err)
	}
	r.tx.Record(models.Event{Type: models.ConversationOpened, ConversationID: c.ID, ChannelID: c.ChannelID})
	return c, nil
}

// goesOn reports whether a conversation goes on with the next message, or is over.
func goesOn(c *models.Conversation, channel *models.Channel) bool {
	return c.IsOpen() || channel.WhenResolved == models.Reopen
}

// releaseGone takes a conversation that is about to reopen from a member who has left since it was resolved.
func (r reception) releaseGone(c *models.Conversation) error {
	if c.IsOpen() || c.AssigneeUserID == nil {
		return nil
	}
	present, err := r.tx.Memberships([]string{*c.AssigneeUserID})
	if err != nil || len(present) > 0 {
		return err
	}
	return assign(r.tx, c, nil, c.AssigneeTeamID, "MEMBER_REMOVED")
}

// overtaken says what a superseded conversation means here: somebody opened another one of the thread at this moment.
func overtaken(err error) error {
	if models.CodeOf(err) == models.Superseded {
		return models.ErrOvertaken
	}
	return err
}

func (r reception) message(c *models.Conversation, d models.Direction, in models.Inbound) *models.Message {
	m := r.tx.NewMessage(c, d)
	m.Text, m.Details, m.ReplyToExternalID = in.Text, in.Details, in.ReplyToExternalID
	if in.ExternalID != "" {
		m.ExternalID = &in.ExternalID
	}
	if !in.At.IsZero() {
		m.PlatformAt = &in.At
	}
	return m
}

func (r reception) add(m *models.Message, in models.Inbound) error {
	added, err := r.tx.AddMessage(m, in.Attachments)
	if err != nil {
		return err
	}
	if !added {
		return errDuplicate
	}
	recordMessage(r.tx, models.MessageAdded, m, models.EventData{})
	return nil
}

// turnToUs makes a conversation need us after an inbound message.
func (r reception) turnToUs(c *models.Conversation, m *models.Message) {
	setStatus(r.tx, c, models.New, "CONTACT_WROTE", "")
	at := m.At()
	if at.After(r.tx.Now) { // their clock runs ahead of ours
		at = r.tx.Now
	}
	if c.WaitingSince == nil || at.Before(*c.WaitingSince) {
		c.WaitingSince = &at
	}
	c.ShowLast(m)
	c.LastActivityAt = r.tx.Now
	c.UnreadCount++
}

// openWindow lets what a contact did open the reply window, or keep it open longer. It reports whether there is something
// to save.
func (r reception) openWindow(c *models.Conversation, in models.Inbound) (moved bool) {
	caps, ok := models.CapabilitiesOf(c.Platform, c.Surface)
	if !ok {
		return false
	}
	anchor := c.WindowAnchorAt
	for _, deed := range deedsOf(in, c.LastInboundID == nil) {
		moved = c.MoveWindow(caps, r.tx.Rules, deed, r.at(in), r.tx.Now) || moved
	}
	return moved || c.WindowAnchorAt != anchor
}

// deedsOf says what an element is worth for the reply window. An ad counts with the first message it brings.
func deedsOf(in models.Inbound, first bool) []models.Deed {
	switch in.Kind {
	case models.InboundUtterance:
		if ad := in.Details.Referral; ad != nil && ad.Source == "ad" && first {
			return []models.Deed{models.Writes, models.ClickAd}
		}
		return []models.Deed{models.Writes}
	case models.InboundPostback:
		return []models.Deed{models.Taps}
	case models.InboundReaction:
		return []models.Deed{models.Reacts}
	case models.InboundOptIn:
		return []models.Deed{models.Follows}
	default:
		return nil
	}
}

// takeEcho matches our own words coming back with the message we sent. If another app of the account wrote them, they
// are added as an answer; they never make work for anyone.
func (r reception) takeEcho(in models.Inbound) error {
	if in.Surface.Visibility() == models.Public {
		return r.takePublicEcho(in)
	}
	identity, err := r.tx.TakeIdentity(r.channel.ID, models.Author{ID: cmp.Or(in.Recipient, in.ThreadKey)})
	if err != nil {
		return err
	}
	known, err := r.tx.MessageByExternalID(r.channel.ID, in.ExternalID, in.Reference)
	if err != nil {
		return err
	}
	if known != nil {
		return r.applyNews(known, sentBy(in))
	}
	c, err := r.tx.LockThread(identity, in.Surface, in.ThreadKey)
	if err != nil {
		return err
	}
	if c == nil {
		if c, err = r.record(identity, in); err != nil {
			return err
		}
	}
	return r.addEcho(c, in)
}

// takePublicEcho is takeEcho for what everyone can read. What we publish by ourselves is nobody's conversation: only the
// post is made known.
func (r reception) takePublicEcho(in models.Inbound) error {
	known, err := r.tx.MessageByExternalID(r.channel.ID, in.ExternalID, in.Reference)
	if err != nil {
		return err
	}
	if known != nil {
		return r.applyNews(known, sentBy(in))
	}
	if _, err := r.takePost(&in); err != nil {
		return err
	}
	c, err := r.tx.LockPublicThread(r.channel.ID, in.Surface, in.ThreadKey)
	if err != nil || c == nil {
		return err
	}
	return r.addEcho(c, in)
}

// sentBy is what an echo proves of the message it is of.
func sentBy(in models.Inbound) models.Inbound {
	return models.Inbound{Kind: models.InboundReceipt, ExternalID: in.ExternalID, Status: models.Sent, At: in.At}
}

// addEcho adds what another app of the account said to a locked conversation. It may be our own message, whose id the
// platform has not told us yet.
func (r reception) addEcho(c *models.Conversation, in models.Inbound) error {
	awaited, err := r.tx.AwaitedEcho(c, in.Text, in.At)
	if err != nil {
		return err
	}
	if awaited != nil {
		return r.applyReceipt(awaited, sentBy(in))
	}
	sent, at := models.Sent, r.at(in)
	message := r.message(c, models.OutboundMessage, in)
	message.Status, message.SentAt = &sent, &at
	if err := r.add(message, in); err != nil {
		return err
	}
	if c.Status == models.New {
		setStatus(r.tx, c, models.Pending, "ANSWERED_ELSEWHERE", "")
	}
	c.WaitingSince, c.LastActivityAt = nil, r.tx.Now
	c.ShowLast(message)
	if err := r.tx.SaveConversation(c, append([]string{"status", "status_reason", "status_comment", "status_changed_at",
		"waiting_since", "last_activity_at"}, models.LastMessageColumns...)...); err != nil {
		return err
	}
	return r.applyEarlyNews(in.ExternalID)
}

// record begins a conversation that is nobody's work: the contact's answer will reopen it.
func (r reception) record(identity *models.ContactIdentity, in models.Inbound) (*models.Conversation, error) {
	c := r.tx.NewConversation(r.channel, identity, in.Surface, in.ThreadKey)
	c.Status, c.StatusReason = models.Resolved, "ANSWERED_ELSEWHERE"
	return c, r.tx.OpenConversation(c)
}

func (r reception) takeOpt(in models.Inbound) error {
	identity, err := r.tx.TakeIdentity(r.channel.ID, in.Author)
	if err != nil {
		return err
	}
	at := r.at(in)
	if isKnown(identity, in.Kind, at) {
		return r.sayOpt(in)
	}
	identity.OptChangedAt, identity.OptedOutAt = &at, nil
	change := "OPTED_IN"
	if in.Kind == models.InboundOptOut {
		identity.OptedOutAt, change = &at, "OPTED_OUT"
	}
	if err := r.tx.Update(identity, "opted_out_at", "opt_changed_at"); err != nil {
		return fmt.Errorf("record opt of %s: %w", identity.ID, err)
	}
	r.recordContact(identity, change)
	if in.Kind == models.InboundOptIn {
		if err := r.followed(identity, in); err != nil {
			return err
		}
	}
	return r.sayOpt(in)
}

// isKnown reports whether an opt-out or opt-in is a duplicate, or older than what we know. Some platforms tell whole seconds:
// of two in one second the opt-out holds.
func isKnown(i *models.ContactIdentity, kind models.InboundKind, at time.Time) bool {
	switch {
	case i.OptChangedAt == nil || at.After(*i.OptChangedAt):
		return false
	case at.Equal(*i.OptChangedAt):
		return kind != models.InboundOptOut || i.OptedOutAt != nil
	default:
		return true
	}
}

// sayOpt adds the words a contact opted out or in with, where they used words.
func (r reception) sayOpt(in models.Inbound) error {
	if in.ExternalID == "" {
		return nil
	}
	if err := r.takeMessage(in); !errors.Is(err, errDuplicate) { // known words do not undo what they decide
		return err
	}
	return nil
}

// followed lets a contact who came back be answered, where the platform counts that.
func (r reception) followed(identity *models.ContactIdentity, in models.Inbound) error {
	c, err := r.tx.LockThread(identity, models.PrivateMessage, in.ThreadKey)
	if err != nil || c == nil || !r.openWindow(c, in) {
		return err
	}
	return r.tx.SaveConversation(c, models.WindowColumns...)
}

func (r reception) takeRekey(in models.Inbound) error {
	identity, err := r.tx.Rekey(r.channel.ID, in.Author.ID, in.NewAuthorID)
	if err != nil || identity == nil {
		return err
	}
	r.recordContact(identity, "CHANGED_ID")
	return nil
}

func (r reception) recordContact(i *models.ContactIdentity, change string) {
	r.tx.Record(models.Event{
		Type: models.ContactChanged, ChannelID: r.channel.ID, Data: models.EventData{ContactID: i.ContactID, Change: change},
	})
}
