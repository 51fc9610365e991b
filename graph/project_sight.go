package graph

import "parley/models"

// sight is what a projection sees beside the rows of its list.
type sight struct {
	tx        *models.Tx
	directory *models.Directory
	message   map[string]*models.Message
	identity  map[string]*models.ContactIdentity
	contact   map[string]*models.Contact
	happened  happened
	last      models.Message // see lastMessage
	lost      bool           // a row refers to what is not there: that is for the executor to say
}

// look reads what the plan needs beside the rows: one statement for each kind, whatever the size of the page.
func (s *sight) look(p *plan, rows []*models.Conversation) (err error) {
	if p.refers {
		if s.directory, err = s.tx.Directory(); err != nil {
			return err
		}
	}
	s.message, err = read(s.tx, (*models.Tx).Messages, rows, func(m *models.Message) string { return m.ID }, func(c *models.Conversation) string {
		if c.LastMessageID != nil && (p.messages || p.shows && c.Last.Text == nil) {
			return *c.LastMessageID
		}
		return ""
	})
	if err != nil {
		return err
	}
	if p.identities {
		s.identity, err = read(s.tx, (*models.Tx).Identities, rows, func(i *models.ContactIdentity) string { return i.ID },
			func(c *models.Conversation) string { return c.IdentityID })
		if err != nil {
			return err
		}
	}
	if p.contacts {
		s.contact, err = read(s.tx, (*models.Tx).Contacts, rows, func(c *models.Contact) string { return c.ID },
			func(c *models.Conversation) string { return c.ContactID })
	}
	return err
}

// read finds what the rows refer to by ids; "" refers to nothing.
func read[T any](tx *models.Tx, find func(*models.Tx, []string) ([]T, error), rows []*models.Conversation,
	id func(*T) string, of func(*models.Conversation) string) (map[string]*T, error) {
	var ids []string
	for _, row := range rows {
		if ref := of(row); ref != "" {
			ids = append(ids, ref)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := find(tx, ids)
	all := make(map[string]*T, len(found))
	for i := range found {
		all[id(&found[i])] = &found[i]
	}
	return all, err
}

// must is what a row refers to by a key that is always good.
func must[T any](s *sight, all map[string]*T, id string) *T {
	found := all[id]
	if found == nil {
		s.lost = true
	}
	return found
}

// may is what an optional id refers to.
func may[T any](all map[string]*T, id *string) *T {
	if id == nil {
		return nil
	}
	return all[*id]
}

// lastMessage is the last message as far as the plan needs it, until the next one is asked for.
func (s *sight) lastMessage(c *models.Conversation) *models.Message {
	if c.LastMessageID == nil {
		return nil
	}
	if m, read := s.message[*c.LastMessageID]; read {
		return m
	}
	m := &s.last
	*m = models.Message{
		ID: *c.LastMessageID, ConversationID: c.ID, ChannelID: c.ChannelID, Direction: c.Last.Direction,
		Visibility: c.Surface.Visibility(), AuthorUserID: c.Last.AuthorID, Status: c.Last.Status,
		PlatformAt: c.Last.PlatformAt, EditedAt: c.Last.EditedAt, DeletedAt: c.Last.DeletedAt,
	}
	if c.Last.Text != nil {
		m.Text = *c.Last.Text
	}
	if c.Last.At == nil { // its columns say that there is none
		s.lost = true
		return m
	}
	m.CreatedAt = *c.Last.At
	return m
}

// cannotReply is Resolver.cannotReply.
func (s *sight) cannotReply(c *models.Conversation) []models.CannotReplyReason {
	rule := models.ReplyContext{
		Mode: models.FreeForm, ByPerson: true, Rules: s.tx.Rules, Organization: s.directory.Organization,
		Channel: must(s, s.directory.Channels, c.ChannelID), Identity: must(s, s.identity, c.IdentityID),
	}
	if s.lost {
		return nil
	}
	rule.Capabilities, _ = models.CapabilitiesOf(c.Platform, c.Surface)
	return withRole(s.tx, c.CannotReply(rule, s.tx.Now))
}
