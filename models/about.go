package models

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// About is what a reader will ask of some conversations and messages.
type About struct {
	Conversations []string // ids
	Messages      []string // ids
	Identities    bool     // those of the conversations' contacts, too
	Attachments   bool     // those of the messages, too
}

// Facts are the rows About asks for, as far as they are there.
type Facts struct {
	Conversations []Conversation
	Messages      []Message
	Identities    []*ContactIdentity
	Attachments   []*Attachment // in order
}

var (
	readAttachments = wholeRows[Attachment]()

	selectConversationsAbout = `SELECT ` + names(conversationColumns) + ` FROM conversations WHERE organization_id = $1 AND id = ANY($2::text[])`
	selectMessagesAbout      = `SELECT ` + allOfMessages + ` FROM messages WHERE organization_id = $1 AND id = ANY($2::text[])`
	selectIdentitiesAbout    = `
		SELECT ` + readIdentities.of("i") + ` FROM contact_identities i WHERE i.organization_id = $1 AND i.id = ANY(ARRAY(
			SELECT c.identity_id FROM conversations c WHERE c.organization_id = $1 AND c.id = ANY($2::text[])))`
	selectAttachmentsAbout = `
		SELECT ` + readAttachments.names() + ` FROM attachments WHERE organization_id = $1 AND message_id = ANY($2::text[])
		ORDER BY message_id, position`
)

// OpenReadAbout is OpenRead that brings along what will be asked for, in the same snapshot. The Tx must be closed.
func (s *Store) OpenReadAbout(ctx context.Context, viewer Viewer, action Action, about About) (*Tx, *Facts, error) {
	facts, along := &Facts{}, &pgx.Batch{}
	facts.queue(along, viewer.OrganizationID, about)
	tx, err := s.openRead(ctx, viewer, action, along)
	if err != nil {
		return nil, nil, err
	}
	return tx, facts, nil
}

func (f *Facts) queue(batch *pgx.Batch, organizationID string, about About) {
	if ids := about.Messages; len(ids) > 0 {
		batch.Queue(selectMessagesAbout, organizationID, ids).Query(func(rows pgx.Rows) (err error) {
			f.Messages, err = collect(rows, messageColumns, len(ids))
			return err
		})
		if about.Attachments {
			batch.Queue(selectAttachmentsAbout, organizationID, ids).Query(func(rows pgx.Rows) (err error) {
				f.Attachments, err = readAttachments.read(rows)
				return err
			})
		}
	}
	if ids := about.Conversations; len(ids) > 0 {
		batch.Queue(selectConversationsAbout, organizationID, ids).Query(func(rows pgx.Rows) (err error) {
			f.Conversations, err = collect(rows, conversationColumns, len(ids))
			return err
		})
		if about.Identities {
			batch.Queue(selectIdentitiesAbout, organizationID, ids).Query(func(rows pgx.Rows) (err error) {
				f.Identities, err = readIdentities.read(rows)
				return err
			})
		}
	}
}
