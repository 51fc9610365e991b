package graph

import (
	"time"

	"github.com/99designs/gqlgen/graphql"

	"parley/models"
)

type (
	connection   = models.ConversationConnection
	edge         = models.ConversationEdge
	conversation = models.Conversation
)

var connectionFields = catalog[connection]{
	"edges": func(c *compiler, f graphql.CollectedField) writer[connection] {
		entry := selected(c, "ConversationEdge", f.Selections, edgeFields)
		return func(s *sight, json []byte, list *connection) []byte {
			json = append(json, '[')
			for i := range list.Edges {
				if i > 0 {
					json = append(json, ',')
				}
				json = entry.write(s, json, &list.Edges[i])
			}
			return append(json, ']')
		}
	},
	"pageInfo":    to("PageInfo", pageInfoFields, func(_ *sight, list *connection) *models.PageInfo { return &list.PageInfo }),
	"eventCursor": is(text(func(list *connection) string { return list.EventCursor })),
}

var pageInfoFields = catalog[models.PageInfo]{
	"hasNextPage":     is(truth(func(p *models.PageInfo) bool { return p.HasNextPage })),
	"hasPreviousPage": is(truth(func(p *models.PageInfo) bool { return p.HasPreviousPage })),
	"startCursor":     is(textOrNull(func(p *models.PageInfo) *string { return p.StartCursor })),
	"endCursor":       is(textOrNull(func(p *models.PageInfo) *string { return p.EndCursor })),
}

var edgeFields = catalog[edge]{
	"cursor": is(text(func(e *edge) string { return e.Cursor })),
	"node":   to("Conversation", conversationFields, func(_ *sight, e *edge) *conversation { return e.Node }),
}

var conversationFields = catalog[conversation]{
	"id":              is(text(func(c *conversation) string { return c.ID }), "id"),
	"platform":        is(text(func(c *conversation) models.Platform { return c.Platform }), "platform"),
	"surface":         is(text(func(c *conversation) models.Surface { return c.Surface }), "surface"),
	"status":          is(text(func(c *conversation) models.ConversationStatus { return c.Status }), "status"),
	"statusReason":    is(wordOrNull(func(c *conversation) string { return c.StatusReason }), "status_reason"),
	"statusComment":   is(wordOrNull(func(c *conversation) string { return c.StatusComment }), "status_comment"),
	"statusChangedAt": is(instant(func(c *conversation) time.Time { return c.StatusChangedAt }), "status_changed_at"),
	"lastActivityAt":  is(instant(func(c *conversation) time.Time { return c.LastActivityAt }), "last_activity_at"),
	"waitingSince":    is(instantOrNull(func(c *conversation) *time.Time { return c.WaitingSince }), "waiting_since"),
	"unreadCount":     is(number(func(c *conversation) int { return c.UnreadCount }), "unread_count"),
	"version":         is(number(func(c *conversation) int { return c.Version }), "version"),
	"createdAt":       is(instant(func(c *conversation) time.Time { return c.CreatedAt }), "created_at"),

	"channel":     needing(refers, to("Channel", channelFields, channelOf, "channel_id")),
	"contact":     to("Contact", contactFields, itself, "contact_id"),
	"identity":    to("ContactIdentity", identityFields, itself, "identity_id", "channel_id"),
	"assignment":  to("Assignment", assignmentFields, assigned, "assignee_user_id", "assignee_team_id"),
	"lastMessage": to("Message", messageFields, (*sight).lastMessage, lastMessageColumns...),
	"replyWindow": to("ReplyWindow", replyWindowFields, window, windowColumns...),

	"viewerCanReply": needing(refers, needing(identities, is(
		func(s *sight, json []byte, c *conversation) []byte {
			if len(s.cannotReply(c)) == 0 {
				return append(json, "true"...)
			}
			return append(json, "false"...)
		}, replyColumns...))),
	"viewerCannotReplyReasons": needing(refers, needing(identities, is(
		func(s *sight, json []byte, c *conversation) []byte { return words(json, s.cannotReply(c)) }, replyColumns...))),
}

var (
	windowColumns      = []string{"platform", "surface", "window_anchor_at", "window_expires_at", "window_messages_left"}
	replyColumns       = append([]string{"channel_id", "identity_id"}, windowColumns...)
	lastMessageColumns = []string{"last_message_id", "last_message_at"}
)

func itself(_ *sight, c *conversation) *conversation { return c }

func channelOf(s *sight, c *conversation) *models.Channel {
	return must(s, s.directory.Channels, c.ChannelID)
}

func window(s *sight, c *conversation) *models.ReplyWindow {
	caps, _ := models.CapabilitiesOf(c.Platform, c.Surface)
	w := c.Window(caps, s.tx.Rules, s.tx.Now)
	return &w
}

var replyWindowFields = catalog[models.ReplyWindow]{
	"state":           is(text(func(w *models.ReplyWindow) models.WindowState { return w.State })),
	"expiresAt":       is(instantOrNull(func(w *models.ReplyWindow) *time.Time { return w.ExpiresAt })),
	"messagesLeft":    is(numberOrNull(func(w *models.ReplyWindow) *int { return w.MessagesLeft })),
	"humanAgentUntil": is(instantOrNull(func(w *models.ReplyWindow) *time.Time { return w.HumanAgentUntil })),
	"allowedModes": is(func(_ *sight, json []byte, w *models.ReplyWindow) []byte {
		return words(json, w.AllowedModes)
	}),
}

// A conversation knows who is responsible for it; since when and why is in its history, which lists do not show.
func assigned(_ *sight, c *conversation) *conversation {
	if c.AssigneeUserID == nil && c.AssigneeTeamID == nil {
		return nil
	}
	return c
}

var assignmentFields = catalog[conversation]{
	"user": needing(refers, to("User", userFields, func(s *sight, c *conversation) *models.User {
		return may(s.directory.Users, c.AssigneeUserID)
	})),
	"team": needing(refers, to("Team", teamFields, func(s *sight, c *conversation) *models.Team {
		return may(s.directory.Teams, c.AssigneeTeamID)
	})),
}

var contactFields = catalog[conversation]{
	"id":   is(text(func(c *conversation) string { return c.ContactID })),
	"name": is(wordOrNull(func(c *conversation) string { return c.ContactName }), "contact_name"),
	"createdAt": needing(contacts, is(func(s *sight, json []byte, c *conversation) []byte {
		contact := must(s, s.contact, c.ContactID)
		if contact == nil {
			return json
		}
		return moment(json, contact.CreatedAt)
	})),
}

var identityFields = catalog[conversation]{
	"channel":    needing(refers, to("Channel", channelFields, channelOf)),
	"externalId": is(text(func(c *conversation) string { return c.IdentityExternalID }), "identity_external_id"),
	"name":       is(wordOrNull(func(c *conversation) string { return c.IdentityName }), "identity_name"),
	"handle":     is(wordOrNull(func(c *conversation) string { return c.IdentityHandle }), "identity_handle"),
	"language":   needing(identities, ofIdentity(wordOrNull(func(i *models.ContactIdentity) string { return i.Language }))),
	"optedOutAt": needing(identities, ofIdentity(instantOrNull(func(i *models.ContactIdentity) *time.Time { return i.OptedOutAt }))),
}

func ofIdentity(write writer[models.ContactIdentity]) func(*compiler, graphql.CollectedField) writer[conversation] {
	return is(func(s *sight, json []byte, c *conversation) []byte {
		if i := must(s, s.identity, c.IdentityID); i != nil {
			return write(s, json, i)
		}
		return json
	})
}
