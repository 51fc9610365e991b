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
	Inbox *inbox.Inbox
	Feed  *inbox.Feed
}

func organization(ctx context.Context) (*models.Organization, error) {
	return view.From(ctx).Organization(ctx)
}

// cannotReply says why the viewer may not send free text to a conversation now.
func (r *Resolver) cannotReply(ctx context.Context, c *models.Conversation) ([]models.CannotReplyReason, error) {
	scope := view.From(ctx)
	tx, err := scope.Tx(ctx)
	if err != nil {
		return nil, err
	}
	rule := models.ReplyContext{Rules: tx.Rules, Mode: models.FreeForm}
	rule.Capabilities, _ = models.CapabilitiesOf(c.Platform, c.Surface)
	if rule.Organization, err = scope.Organization(ctx); err != nil {
		return nil, err
	}
	if rule.Channel, err = there(scope.Channel.Load(ctx, c.ChannelID)); err != nil {
		return nil, err
	}
	if rule.Identity, err = there(scope.Identity.Load(ctx, c.IdentityID)); err != nil {
		return nil, err
	}
	reasons := c.CannotReply(rule, tx.Now)
	if !tx.Role.May(models.Reply) {
		reasons = append([]models.CannotReplyReason{models.CannotByRole}, reasons...)
	}
	return list(reasons), nil
}

func draft(input generated.ReplyToConversationInput) models.Draft {
	d := models.Draft{Text: value(input.Text), ReplyToMessageID: value(input.ReplyToMessageID)}
	for _, a := range input.Attachments {
		d.Attachments = append(d.Attachments, models.Attachment{
			Kind: a.Kind, URL: a.URL, MIMEType: value(a.Mime), Filename: value(a.Filename),
		})
	}
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
