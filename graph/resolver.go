// Package graph is what a client may ask. Its resolvers translate: input to verb, result to payload.
package graph

import (
	"context"

	"parley/graph/generated"
	"parley/graph/view"
	"parley/inbox"
	"parley/models"
)

// Resolver is what every resolver can reach.
type Resolver struct {
	Inbox    *inbox.Inbox
	Whispers *inbox.Whispers
	Limits   Limits
	Plain    bool // has the executor write all there is to write: see projecting
}

func organization(ctx context.Context) (*models.Organization, error) {
	return view.From(ctx).Organization(ctx)
}

// cannotReply says why the viewer may not send free text to a conversation now.
func (r *Resolver) cannotReply(ctx context.Context, c *models.Conversation) ([]models.CannotReplyReason, error) {
	tx, rule, err := replyContext(ctx, c)
	if err != nil {
		return nil, err
	}
	return withRole(tx, c.CannotReply(rule, tx.Now)), nil
}

// replyContext collects, through the loaders, what decides whether a member may answer a conversation with free text.
func replyContext(ctx context.Context, c *models.Conversation) (*models.Tx, models.ReplyContext, error) {
	scope := view.From(ctx)
	rule := models.ReplyContext{Mode: models.FreeForm, ByPerson: true}
	tx, err := scope.Tx(ctx)
	if err != nil {
		return nil, rule, err
	}
	rule.Rules = tx.Rules
	rule.Capabilities, _ = models.CapabilitiesOf(c.Platform, c.Surface)
	if rule.Organization, err = standing(ctx, tx); err != nil {
		return nil, rule, err
	}
	if rule.Channel, err = there(scope.Channel.Load(ctx, c.ChannelID)); err != nil {
		return nil, rule, err
	}
	rule.Identity, err = there(scope.Identity.Load(ctx, c.IdentityID))
	return tx, rule, err
}

// standing is the organization as far as it decides what is allowed.
func standing(ctx context.Context, tx *models.Tx) (*models.Organization, error) {
	directory, err := tx.Directory()
	if err != nil || directory == nil {
		return view.From(ctx).Organization(ctx)
	}
	return directory.Organization, nil
}

// withRole adds that the viewer's role, or token, forbids it.
func withRole(tx *models.Tx, reasons []models.CannotReplyReason) []models.CannotReplyReason {
	if !tx.May(models.Reply) {
		reasons = append([]models.CannotReplyReason{models.CannotByRole}, reasons...)
	}
	return list(reasons)
}

func draft(input generated.ReplyToConversationInput) models.Draft {
	d := models.Draft{Text: value(input.Text), ReplyToMessageID: input.ReplyToMessageID}
	d.Attachments = attached(input.Attachments)
	if t := input.Template; t != nil {
		d.Template = &models.Template{Name: t.Name, Language: t.Language, Parameters: t.Parameters}
	}
	return d
}

func choices(organizations []models.Organization) []*generated.OrganizationChoice {
	choices := make([]*generated.OrganizationChoice, len(organizations))
	for i, o := range organizations {
		choices[i] = &generated.OrganizationChoice{OrganizationID: o.ID, Name: o.Name}
	}
	return choices
}

func attached(input []*generated.AttachmentInput) (attachments []models.Attachment) {
	for _, a := range input {
		attachments = append(attachments, models.Attachment{
			Kind: value(a.Kind), URL: value(a.URL), MediaRef: a.UploadID, MIMEType: value(a.Mime), Filename: value(a.Filename),
		})
	}
	return attachments
}

// cannotReplyPrivately says why the viewer may not answer a public message in private now.
func (r *Resolver) cannotReplyPrivately(ctx context.Context, m *models.Message) ([]models.CannotReplyReason, error) {
	c, err := there(view.From(ctx).Conversation.Load(ctx, m.ConversationID))
	if err != nil {
		return nil, err
	}
	tx, rule, err := replyContext(ctx, c)
	if err != nil {
		return nil, err
	}
	return withRole(tx, m.CannotReplyPrivately(rule, tx.Now)), nil
}

// act queues an action on a message.
func (r *Resolver) act(ctx context.Context, request inbox.ActRequest) (*models.Message, []*generated.UserError, error) {
	message, err := r.Inbox.Act(ctx, view.ViewerFrom(ctx), request)
	errs, err := refusals(err)
	return message, errs, err
}
