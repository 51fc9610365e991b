package inbox

import (
	"context"

	"parley/models"
)

// StreamRequest takes a post somebody saw in a stream of the publishing product into the inbox.
type StreamRequest struct {
	ChannelID string
	Surface   models.Surface
	Post      models.PostFacts
	Author    models.Author
	UserID    *string
	TeamID    *string
	Reason    string
	Key       string `json:"-"`
}

// AssignFromStream finds the conversation of a post, or begins it with the post as its first message, and makes someone
// responsible. A deactivated inbox refuses it.
func (b *Inbox) AssignFromStream(ctx context.Context, viewer models.Viewer, r StreamRequest) (*models.Conversation, error) {
	if r.Post.ExternalID == "" || len(r.Post.ExternalID) > 500 || r.Author.ID == "" || len(r.Author.ID) > 500 {
		return nil, models.Refuse(models.InvalidInput, "post", "A post and its author are named by the platform's ids, of at most 500 bytes.")
	}
	if len(r.Post.Text) > 20000 || len(r.Post.Permalink) > 2000 || len(r.Post.AuthorName) > 500 {
		return nil, models.Refuse(models.InvalidInput, "post", "The text of a post has at most 20,000 bytes, its permalink 2,000, its author's name 500.")
	}
	return once[models.Conversation](ctx, b, viewer, models.AssignFromStream, r.Key, r, func(tx *models.Tx) (string, error) {
		return assignFromStream(tx, r)
	})
}

func assignFromStream(tx *models.Tx, r StreamRequest) (conversationID string, err error) {
	o, err := tx.Organization()
	if err != nil {
		return "", err
	}
	if !o.IsActive() {
		return "", models.Refuse(models.InboxDeactivated, "", "The inbox is deactivated. Activate it to assign from a stream.")
	}
	var channel models.Channel
	if err := tx.Find(&channel, r.ChannelID); err != nil {
		return "", err
	}
	if channel.Status == models.Disconnected {
		return "", errDisconnected
	}
	caps, ok := models.CapabilitiesOf(channel.Platform, r.Surface)
	if !ok || !caps.AssignFromStream {
		return "", models.Refuse(models.UnsupportedByChannel, "surface", "Nothing of this kind can be assigned from a stream on this channel.")
	}
	c, err := postConversation(tx, &channel, r)
	if err != nil {
		return "", err
	}
	return c.ID, assign(tx, c, r.UserID, r.TeamID, r.Reason)
}

func postConversation(tx *models.Tx, channel *models.Channel, r StreamRequest) (*models.Conversation, error) {
	if _, err := tx.TakeIdentity(channel.ID, r.Author); err != nil {
		return nil, err
	}
	known, err := tx.MessageByExternalID(channel.ID, r.Post.ExternalID, "")
	if err != nil {
		return nil, err
	}
	if known != nil {
		c, _, err := tx.LockMessage(known.ID)
		return c, err
	}
	in := models.Inbound{
		Kind: models.InboundUtterance, ExternalID: r.Post.ExternalID, ThreadKey: r.Post.ExternalID, Surface: r.Surface,
		Author: r.Author, Text: r.Post.Text, Post: &r.Post, At: r.Post.PublishedAt,
	}
	if err := (reception{tx: tx, channel: channel}).takeMessage(in); err != nil {
		return nil, err
	}
	return tx.LockPublicThread(channel.ID, r.Surface, in.ThreadKey)
}
