package view

import (
	"context"
	"time"

	"github.com/vikstrous/dataloadgen"

	"parley/models"
)

// One loads one thing by its id, Many all that belong to an id. What is not there is nil.
type (
	One[T any]  = dataloadgen.Loader[string, *T]
	Many[T any] = dataloadgen.Loader[string, []*T]
)

// loaders collect the ids a response asks for and read them together.
type loaders struct {
	Conversation *One[models.Conversation]
	Message      *One[models.Message]
	Contact      *One[models.Contact]
	Identity     *One[models.ContactIdentity]
	Channel      *One[models.Channel]
	User         *One[models.User]
	Team         *One[models.Team]
	Post         *One[models.Post]
	Member       *One[models.Membership]

	Identities  *Many[models.ContactIdentity] // of a contact
	Attachments *Many[models.Attachment]      // of a message
	Reactions   *Many[models.Reaction]        // to a message
	Attempts    *Many[models.DeliveryAttempt] // of a message
	Media       *One[models.Media]
	Actions     *Many[models.MessageAction] // not done, of a message
	Assignments *Many[models.Assignment]    // of a conversation
	TeamMembers *Many[models.TeamMember]    // of a team
	Said        *dataloadgen.Loader[Said, *models.Message]
}

// Said names a message as the platform does.
type Said struct{ ChannelID, ExternalID string }

func newLoaders(s *Scope, wait time.Duration) loaders {
	settings := []dataloadgen.Option{dataloadgen.WithWait(wait), dataloadgen.WithBatchCapacity(500)}
	return loaders{
		Conversation: expecting(s, settings, &s.expected.conversations, (*models.Tx).Conversations, func(c *models.Conversation) string { return c.ID }, s.expected.fromConversation),
		Message:      expecting(s, settings, &s.expected.messages, (*models.Tx).Messages, func(m *models.Message) string { return m.ID }, s.expected.fromMessage),
		Contact:      expecting(s, settings, &s.expected.contacts, (*models.Tx).Contacts, func(c *models.Contact) string { return c.ID }, nil),
		Identity:     expecting(s, settings, &s.expected.identities, (*models.Tx).Identities, func(i *models.ContactIdentity) string { return i.ID }, nil),
		Channel:      one(s, settings, listed((*models.Tx).Channels, func(d *models.Directory) map[string]*models.Channel { return d.Channels }), func(c *models.Channel) string { return c.ID }),
		User:         one(s, settings, listed((*models.Tx).Users, func(d *models.Directory) map[string]*models.User { return d.Users }), func(u *models.User) string { return u.ID }),
		Team:         one(s, settings, listed((*models.Tx).Teams, func(d *models.Directory) map[string]*models.Team { return d.Teams }), func(t *models.Team) string { return t.ID }),
		Post:         one(s, settings, (*models.Tx).Posts, func(p *models.Post) string { return p.ID }),
		Member:       one(s, settings, (*models.Tx).Memberships, func(m *models.Membership) string { return m.UserID }),
		Identities:   many(s, settings, (*models.Tx).IdentitiesOf, func(i *models.ContactIdentity) string { return i.ContactID }),
		Attachments:  expectingMany(s, settings, &s.expected.attachments, (*models.Tx).AttachmentsOf, func(a *models.Attachment) string { return a.MessageID }),
		Reactions:    many(s, settings, (*models.Tx).ReactionsOf, func(r *models.Reaction) string { return r.MessageID }),
		Attempts:     many(s, settings, (*models.Tx).AttemptsOf, func(a *models.DeliveryAttempt) string { return a.MessageID }),
		Media:        one(s, settings, (*models.Tx).Media, func(m *models.Media) string { return m.ID }),
		Actions:      many(s, settings, (*models.Tx).OpenActionsOf, func(a *models.MessageAction) string { return a.MessageID }),
		Assignments:  many(s, settings, (*models.Tx).AssignmentsOf, func(a *models.Assignment) string { return a.ConversationID }),
		TeamMembers:  many(s, settings, (*models.Tx).TeamMembers, func(m *models.TeamMember) string { return m.TeamID }),
		Said:         dataloadgen.NewLoader(s.readSaid, settings...),
	}
}

// listed reads from the organization's directory what is in it, and only the rest from the database.
func listed[T any](read func(*models.Tx, []string) ([]T, error), list func(*models.Directory) map[string]*T) func(*models.Tx, []string) ([]T, error) {
	return func(tx *models.Tx, ids []string) (rows []T, err error) {
		directory, err := tx.Directory()
		if directory == nil || err != nil {
			return read(tx, ids)
		}
		known := list(directory)
		var rest []string
		for _, id := range ids {
			if row, ok := known[id]; ok {
				rows = append(rows, *row)
			} else {
				rest = append(rest, id)
			}
		}
		if len(rest) == 0 {
			return rows, nil
		}
		unlisted, err := read(tx, rest)
		return append(rows, unlisted...), err
	}
}

func one[T any](s *Scope, settings []dataloadgen.Option, read func(*models.Tx, []string) ([]T, error), id func(*T) string) *One[T] {
	return dataloadgen.NewLoader(func(ctx context.Context, ids []string) ([]*T, []error) {
		found := make(map[string]*T, len(ids))
		err := s.read(ctx, func(tx *models.Tx) error {
			rows, err := read(tx, ids)
			for i := range rows {
				found[id(&rows[i])] = &rows[i]
			}
			return err
		})
		return inOrder(ids, found, err)
	}, settings...)
}

func many[T any](s *Scope, settings []dataloadgen.Option, read func(*models.Tx, []string) ([]T, error), of func(*T) string) *Many[T] {
	return dataloadgen.NewLoader(func(ctx context.Context, ids []string) ([][]*T, []error) {
		found := make(map[string][]*T, len(ids))
		err := s.read(ctx, func(tx *models.Tx) error {
			rows, err := read(tx, ids)
			for i := range rows {
				found[of(&rows[i])] = append(found[of(&rows[i])], &rows[i])
			}
			return err
		})
		return inOrder(ids, found, err)
	}, settings...)
}

func (s *Scope) readSaid(ctx context.Context, keys []Said) ([]*models.Message, []error) {
	wanted := make(map[string][]string)
	for _, k := range keys {
		wanted[k.ChannelID] = append(wanted[k.ChannelID], k.ExternalID)
	}
	found := make(map[Said]*models.Message, len(keys))
	err := s.read(ctx, func(tx *models.Tx) error {
		for channelID, externalIDs := range wanted {
			messages, err := tx.MessagesByExternalIDs(channelID, externalIDs)
			if err != nil {
				return err
			}
			for i := range messages {
				found[Said{channelID, *messages[i].ExternalID}] = &messages[i]
			}
		}
		return nil
	})
	return inOrder(keys, found, err)
}

func (s *Scope) read(ctx context.Context, fn func(*models.Tx) error) error {
	tx, err := s.Tx(ctx)
	if err != nil {
		return err
	}
	if err = fn(tx); err != nil {
		s.Blame(err)
	}
	return err
}

func inOrder[K comparable, V any](keys []K, found map[K]V, err error) ([]V, []error) {
	if err != nil {
		return nil, []error{err} // for every key
	}
	values := make([]V, len(keys))
	for i, k := range keys {
		values[i] = found[k]
	}
	return values, nil
}
