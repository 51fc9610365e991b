package models_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"parley/models"
)

// local gives every time of a row the same zone, as readers of both kinds mean the same instant.
func local(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			local(v.Elem())
		}
	case reflect.Struct:
		if at, ok := v.Addr().Interface().(*time.Time); ok {
			*at = at.UTC()
			return
		}
		for i := range v.NumField() {
			local(v.Field(i))
		}
	}
}

func TestReadingOfRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := w.clock.Now()
	c := w.conversation("1", func(c *models.Conversation) {
		c.StatusReason, c.StatusComment, c.AssigneeUserID = "asked", "twice", &w.agent.UserID
		c.WaitingSince, c.UnreadCount, c.WindowMessagesLeft, c.WindowExpiresAt = &now, 3, ptr(2), ptr(now.Add(day))
	})
	full := w.message(c, models.OutboundMessage, func(m *models.Message) {
		m.Text, m.Status, m.DueAt, m.AttemptCount = "ö \"x\"", ptr(models.Queued), &now, 2
		m.Template = &models.Template{Name: "welcome", Language: "de", Parameters: []string{"1"}}
		m.Details = models.MessageDetails{Forwarded: true, Referral: &models.Referral{Source: "ad"}}
	})
	w.message(c, models.InboundMessage, nil)
	w.system(func(tx *models.Tx) error {
		c.ShowLast(full)
		return tx.SaveConversation(c, models.LastMessageColumns...)
	})
	// A transaction that may change things reads through gorm, one that only looks by the columns named here.
	type both struct {
		Conversations *models.ConversationConnection
		Messages      *models.MessageConnection
	}
	read := func(into *both) func(*models.Tx) error {
		return func(tx *models.Tx) (err error) {
			if into.Conversations, err = tx.ListConversations(models.ConversationFilter{}, models.NewestActivity, models.Page{}); err != nil {
				return err
			}
			into.Messages, err = tx.ListMessages(c.ID, models.Page{})
			return err
		}
	}
	var plain, quick both
	w.system(read(&plain))
	must(t, w.store.Read(context.Background(), w.owner, models.ViewInbox, read(&quick)))
	for _, list := range []*both{&plain, &quick} {
		for i := range list.Conversations.Edges {
			local(reflect.ValueOf(list.Conversations.Edges[i].Node))
		}
		for i := range list.Messages.Edges {
			local(reflect.ValueOf(list.Messages.Edges[i].Node))
		}
	}
	for i, want := range plain.Conversations.Edges {
		if got := quick.Conversations.Edges[i]; !reflect.DeepEqual(got, want) {
			t.Errorf("a conversation is read as\n%+v\nand is\n%+v", got.Node, want.Node)
		}
	}
	for i, want := range plain.Messages.Edges {
		if got := quick.Messages.Edges[i]; !reflect.DeepEqual(got, want) {
			t.Errorf("a message is read as\n%+v\nand is\n%+v", got.Node, want.Node)
		}
	}
	if plain.Conversations.EventCursor != quick.Conversations.EventCursor || len(plain.Messages.Edges) != 2 {
		t.Errorf("the lists are %+v and %+v", plain, quick)
	}
}
