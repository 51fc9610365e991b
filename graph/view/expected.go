package view

import (
	"slices"
	"sync"

	"github.com/vikstrous/dataloadgen"

	"parley/models"
)

// expected is what the responses of a scope will ask for, if they ask for such things at all: with the first of a kind the
// rest is read along.
type expected struct {
	conversations, messages, attachments expectation
	contacts, identities                 expectation
}

// of expects what events are about. Of a single one there is nothing to be read along.
func (x *expected) of(events []models.Event) {
	if len(events) < 2 {
		return
	}
	for _, e := range events {
		x.conversations.add(e.ConversationID)
		x.messages.add(e.MessageID)
		x.attachments.add(e.MessageID)
	}
}

func (x *expected) fromConversation(c *models.Conversation) {
	x.contacts.add(c.ContactID)
	x.identities.add(c.IdentityID)
}

func (x *expected) fromMessage(m *models.Message) {
	if m.AuthorIdentityID != nil {
		x.identities.add(*m.AuthorIdentityID)
	}
}

// expectation is a number of ids, each once.
type expectation struct {
	mu  sync.Mutex
	ids []string
}

func (x *expectation) add(id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if id != "" && !slices.Contains(x.ids, id) {
		x.ids = append(x.ids, id)
	}
}

// along returns what was asked for, and then all that is expected, which is so no more.
func (x *expectation) along(asked []string) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	all := asked
	for _, id := range x.ids {
		if !slices.Contains(asked, id) {
			all = append(slices.Clip(all), id)
		}
	}
	x.ids = nil
	return all
}

// expecting is one that reads along what is expected, and lets seen look at it.
func expecting[T any](s *Scope, settings []dataloadgen.Option, x *expectation,
	read func(*models.Tx, []string) ([]T, error), id func(*T) string, seen func(*T)) *One[T] {
	var loader *One[T]
	loader = one(s, settings, func(tx *models.Tx, asked []string) ([]T, error) {
		rows, err := read(tx, x.along(asked))
		for i := range rows {
			if seen != nil {
				seen(&rows[i])
			}
			if !slices.Contains(asked, id(&rows[i])) {
				loader.Prime(id(&rows[i]), &rows[i])
			}
		}
		return rows, err
	}, id)
	return loader
}

// expectingMany is many that reads along what is expected.
func expectingMany[T any](s *Scope, settings []dataloadgen.Option, x *expectation,
	read func(*models.Tx, []string) ([]T, error), of func(*T) string) *Many[T] {
	var loader *Many[T]
	loader = many(s, settings, func(tx *models.Tx, asked []string) ([]T, error) {
		all := x.along(asked)
		rows, err := read(tx, all)
		if err != nil {
			return nil, err
		}
		for _, id := range all[len(asked):] {
			loader.Prime(id, belonging(rows, id, of))
		}
		return rows, nil
	}, of)
	return loader
}

func belonging[T any](rows []T, id string, of func(*T) string) (all []*T) {
	for i := range rows {
		if of(&rows[i]) == id {
			all = append(all, &rows[i])
		}
	}
	return all
}
