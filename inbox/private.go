package inbox

import (
	"context"

	"parley/models"
)

// PrivateReplyRequest asks to answer a public comment in private.
type PrivateReplyRequest struct {
	MessageID string // the comment
	Draft     models.Draft
	Key       string `json:"-"`
}

var errAnsweredPrivately = models.Refuse(models.AnsweredPrivately, "messageId",
	"This comment has been answered in private already; the platform takes one such answer. Wait for the contact to write.")

// ReplyPrivately queues the one private answer a platform lets us give to a public comment. It begins a private
// conversation, or goes on with the one there is with this person, linked to the comment.
func (b *Inbox) ReplyPrivately(ctx context.Context, viewer models.Viewer, r PrivateReplyRequest) (*models.Message, error) {
	message, err := once[models.Message](ctx, b, viewer, models.Reply, r.Key, []any{"private", r}, func(tx *models.Tx) (string, error) {
		return queuePrivate(tx, r)
	})
	if err != nil {
		return nil, err
	}
	b.wake(models.DueMessages)
	return message, nil
}

// privateReplyContext reads a comment and what decides whether it may be answered in private.
func privateReplyContext(tx *models.Tx, messageID string) (*models.Message, models.ReplyContext, error) {
	var comment models.Message
	if err := tx.Find(&comment, messageID); err != nil {
		return nil, models.ReplyContext{}, err
	}
	var public models.Conversation
	if err := tx.Find(&public, comment.ConversationID); err != nil {
		return nil, models.ReplyContext{}, err
	}
	r, err := tx.ReplyContext(&public, models.PrivateReply)
	if err != nil || comment.AuthorIdentityID == nil {
		return &comment, r, err
	}
	r.Identity = &models.ContactIdentity{}
	return &comment, r, tx.Find(r.Identity, *comment.AuthorIdentityID)
}

func queuePrivate(tx *models.Tx, r PrivateReplyRequest) (messageID string, err error) {
	comment, context, err := privateReplyContext(tx, r.MessageID)
	if err != nil {
		return "", err
	}
	if reasons := comment.CannotReplyPrivately(context, tx.Now); len(reasons) > 0 {
		return "", refusePrivate(reasons[0])
	}
	private, _ := models.CapabilitiesOf(context.Capabilities.Platform, models.PrivateMessage)
	if r.Draft.Template != nil {
		return "", models.Refuse(models.UnsupportedByChannel, "template", "A comment is answered in private without a template.")
	}
	if r.Draft.Attachments, err = tx.Uploads(r.Draft.Attachments); err != nil {
		return "", err
	}
	if err := private.Check(r.Draft); err != nil {
		return "", err
	}
	c, err := privateConversation(tx, context, comment)
	if err != nil {
		return "", err
	}
	r.Draft.ReplyToMessageID = nil
	m, err := compose(tx, c, r.Draft, models.PrivateReply)
	if err != nil {
		return "", err
	}
	m.PrivateReplyTo = &comment.ID
	added, err := tx.AddMessage(m, r.Draft.Attachments)
	if err != nil {
		return "", err
	}
	if !added { // somebody was faster
		return "", errAnsweredPrivately
	}
	if err := answered(tx, c, m, context.Organization); err != nil {
		return "", err
	}
	return m.ID, answeredInPrivate(tx, comment)
}

// answeredInPrivate lets the public conversation wait for the contact, unless something else was said there meanwhile.
func answeredInPrivate(tx *models.Tx, comment *models.Message) error {
	var public models.Conversation
	if err := tx.Lock(&public, comment.ConversationID); err != nil {
		return err
	}
	if public.LastInboundID == nil || *public.LastInboundID != comment.ID || public.Status != models.New {
		return nil
	}
	setStatus(tx, &public, models.Pending, "REPLIED_PRIVATELY", "")
	public.WaitingSince = nil
	return tx.SaveConversation(&public, "status", "status_reason", "status_comment", "status_changed_at", "waiting_since")
}

func refusePrivate(reason models.CannotReplyReason) error {
	switch reason {
	case models.CannotWindow:
		return models.Refuse(models.ReplyWindowClosed, "messageId", "A comment can be answered in private within seven days only.")
	case models.CannotMode:
		return models.Refuse(models.UnsupportedByChannel, "messageId", "This message cannot be answered in private.")
	default:
		return refuseReply(reason)
	}
}

// privateConversation finds or begins the private conversation with the author of a comment. Until the platform has told
// how it calls them in private, its thread goes by the id they comment with.
func privateConversation(tx *models.Tx, r models.ReplyContext, comment *models.Message) (*models.Conversation, error) {
	identity, err := tx.TakeIdentity(r.Channel.ID, models.Author{ID: r.Identity.ExternalID})
	if err != nil {
		return nil, err
	}
	c, err := tx.LockThread(identity, models.PrivateMessage, identity.ExternalID)
	if err != nil || c != nil {
		return c, err
	}
	c = tx.NewConversation(r.Channel, identity, models.PrivateMessage, identity.ExternalID)
	c.Status, c.StatusReason, c.OriginMessageID = models.Pending, "REPLIED", &comment.ID
	if err := tx.OpenConversation(c); err != nil {
		return nil, overtaken(err)
	}
	recordConversation(tx, models.ConversationOpened, c, models.EventData{})
	return c, nil
}
