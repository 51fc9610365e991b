package models_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"parley/models"
)

func TestOpenReadAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := w.furnish(), w.neighbour().furnish()
	full := w.message(mine.conversation, models.InboundMessage, func(m *models.Message) {
		at := m.CreatedAt.Add(-time.Minute)
		m.Text, m.PlatformAt, m.EditedAt, m.Details = "wörter \"", &at, &at, models.MessageDetails{Payload: "p", Story: &models.Story{ID: "s"}}
		m.Template = &models.Template{Name: "hello", Parameters: []string{"a"}}
	})
	w.system(func(tx *models.Tx) error {
		width := 3.5
		return tx.Create(&models.Attachment{OrganizationID: w.org.ID, MessageID: full.ID, Kind: models.Image, Latitude: &width, Phones: []string{"+1"}})
	})
	about := models.About{
		Conversations: []string{mine.conversation.ID, theirs.conversation.ID, "cnv_none"},
		Messages:      []string{mine.message.ID, theirs.message.ID, full.ID}, Identities: true, Attachments: true,
	}
	open := func(v models.Viewer, a models.About) (*models.Tx, *models.Facts, error) {
		return w.store.OpenReadAbout(context.Background(), v, models.ViewInbox, a)
	}

	t.Run("brings what the loaders would read, of one's own organization", func(t *testing.T) {
		tx, facts, err := open(w.agent, about)
		must(t, err)
		defer tx.Close()
		conversations, err := tx.Conversations(about.Conversations)
		must(t, err)
		messages, err := tx.Messages(about.Messages)
		must(t, err)
		identities, err := tx.Identities([]string{mine.conversation.IdentityID})
		must(t, err)
		attachments, err := tx.AttachmentsOf(about.Messages)
		must(t, err)
		same(t, "conversations", facts.Conversations, conversations)
		same(t, "messages", byID(facts.Messages), byID(messages))
		same(t, "identities", *facts.Identities[0], identities[0])
		same(t, "attachments", []models.Attachment{*facts.Attachments[0], *facts.Attachments[1]}, attachments)
		if len(messages) != 2 || len(conversations) != 1 || len(facts.Identities) != 1 || len(attachments) != 2 {
			t.Errorf("%d messages, %d conversations, %d identities, %d attachments", len(messages), len(conversations), len(facts.Identities), len(attachments))
		}
	})
	t.Run("brings nothing that was not asked for", func(t *testing.T) {
		tx, facts, err := open(w.agent, models.About{Messages: about.Messages})
		must(t, err)
		defer tx.Close()
		if len(facts.Messages) != 2 || len(facts.Conversations)+len(facts.Identities)+len(facts.Attachments) != 0 {
			t.Errorf("got %+v", facts)
		}
	})
	t.Run("brings nothing to those whom the door refuses", func(t *testing.T) {
		stranger := models.Viewer{Kind: models.ActorUser, OrganizationID: w.org.ID, UserID: "usr_stranger"}
		tx, facts, err := open(stranger, about)
		if tx != nil || facts != nil || models.CodeOf(err) != models.Unauthenticated {
			t.Errorf("got %v, %v, %v", tx, facts, err)
		}
	})
}

// same compares rows by what they say: times that are the same need not be equal.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	said, err := json.Marshal(got)
	must(t, err)
	meant, err := json.Marshal(want)
	must(t, err)
	if string(said) != string(meant) {
		t.Errorf("%s: got %s, want %s", what, said, meant)
	}
}

func byID(messages []models.Message) map[string]models.Message {
	all := make(map[string]models.Message)
	for _, m := range messages {
		all[m.ID] = m
	}
	return all
}
