package graph

import (
	"time"

	"parley/models"
)

var channelFields = catalog[models.Channel]{
	"id":              is(text(func(c *models.Channel) string { return c.ID })),
	"name":            is(text(func(c *models.Channel) string { return c.Name })),
	"platform":        is(text(func(c *models.Channel) models.Platform { return c.Platform })),
	"accountId":       is(text(func(c *models.Channel) string { return c.AccountID })),
	"status":          is(text(func(c *models.Channel) models.ChannelStatus { return c.Status })),
	"attentionReason": is(wordOrNull(func(c *models.Channel) models.FailureReason { return c.StatusReason })),
	"whenResolved":    is(text(func(c *models.Channel) models.WhenResolved { return c.WhenResolved })),
	"version":         is(number(func(c *models.Channel) int { return c.Version })),
	"createdAt":       is(instant(func(c *models.Channel) time.Time { return c.CreatedAt })),
	"disconnectedAt":  is(instantOrNull(func(c *models.Channel) *time.Time { return c.DisconnectedAt })),
}

var userFields = catalog[models.User]{
	"id":    is(text(func(u *models.User) string { return u.ID })),
	"name":  is(text(func(u *models.User) string { return u.Name })),
	"email": is(text(func(u *models.User) string { return u.Email })),
}

var teamFields = catalog[models.Team]{
	"id":   is(text(func(t *models.Team) string { return t.ID })),
	"name": is(text(func(t *models.Team) string { return t.Name })),
}

// messageFields are what a list shows of a last message. What its copy beside the conversation does not have makes the plan
// read the messages themselves.
var messageFields = catalog[models.Message]{
	"id":         is(text(func(m *models.Message) string { return m.ID })),
	"text":       needing(shows, is(text(func(m *models.Message) string { return m.Text }), "last_message_text")),
	"direction":  is(text(func(m *models.Message) models.Direction { return m.Direction }), "last_message_direction"),
	"visibility": is(text(func(m *models.Message) models.Visibility { return m.Visibility }), "surface"),
	"createdAt":  is(instant(func(m *models.Message) time.Time { return m.CreatedAt })),
	"platformAt": is(instantOrNull(func(m *models.Message) *time.Time { return m.PlatformAt }), "last_message_platform_at"),
	"editedAt":   is(instantOrNull(func(m *models.Message) *time.Time { return m.EditedAt }), "last_message_edited_at"),
	"deletedAt":  is(instantOrNull(func(m *models.Message) *time.Time { return m.DeletedAt }), "last_message_deleted_at"),
	"authorUser": needing(refers, to("User", userFields, func(s *sight, m *models.Message) *models.User {
		return may(s.directory.Users, m.AuthorUserID)
	}, "last_message_author_id")),
	"delivery": to("Delivery", deliveryFields, func(_ *sight, m *models.Message) *models.Message {
		if m.IsInbound() {
			return nil
		}
		return m
	}, "last_message_direction"),

	"externalId":  needing(messages, is(textOrNull(func(m *models.Message) *string { return m.ExternalID }))),
	"hiddenAt":    needing(messages, is(instantOrNull(func(m *models.Message) *time.Time { return m.HiddenAt }))),
	"likedAt":     needing(messages, is(instantOrNull(func(m *models.Message) *time.Time { return m.LikedAt }))),
	"ownReaction": needing(messages, is(wordOrNull(func(m *models.Message) string { return m.OwnReaction }))),
	"forwarded":   needing(messages, is(truth(func(m *models.Message) bool { return m.Details.Forwarded }))),
	"unsupported": needing(messages, is(truth(func(m *models.Message) bool { return m.Details.Unsupported }))),
}

var deliveryFields = catalog[models.Message]{
	"status": is(textOrNull(func(m *models.Message) *models.DeliveryStatus { return m.Status }), "last_message_status"),

	"sentAt":        needing(messages, is(instantOrNull(func(m *models.Message) *time.Time { return m.SentAt }))),
	"deliveredAt":   needing(messages, is(instantOrNull(func(m *models.Message) *time.Time { return m.DeliveredAt }))),
	"readAt":        needing(messages, is(instantOrNull(func(m *models.Message) *time.Time { return m.ReadAt }))),
	"failedAt":      needing(messages, is(instantOrNull(func(m *models.Message) *time.Time { return m.FailedAt }))),
	"failureReason": needing(messages, is(wordOrNull(func(m *models.Message) models.FailureReason { return m.FailureReason }))),
	"failureCode":   needing(messages, is(wordOrNull(func(m *models.Message) string { return m.FailureCode }))),
	"nextAttemptAt": needing(messages, is(instantOrNull(func(m *models.Message) *time.Time {
		if *m.Status != models.Queued {
			return nil
		}
		return m.DueAt
	}))),
}
