package models

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"gorm.io/gorm"
)

// ConversationSort is an order of conversations.
type ConversationSort string

// The orders. The last two list only conversations that wait, or whose window is still open.
const (
	NewestActivity  ConversationSort = "NEWEST_ACTIVITY"
	OldestWaiting   ConversationSort = "OLDEST_WAITING"
	WindowExpiresIn ConversationSort = "WINDOW_EXPIRING_SOONEST"
)

// ConversationFilter narrows a list of conversations; what is empty does not narrow.
type ConversationFilter struct {
	Statuses       []ConversationStatus
	ChannelIDs     []string
	Platforms      []Platform
	Surfaces       []Surface
	AssigneeUserID *string
	AssigneeTeamID *string
	Unassigned     *bool
	WindowStates   []WindowState
	Text           *string
}

// ConversationColumns are what a reader wants to know of conversations. The zero value is everything.
type ConversationColumns struct {
	columns []attribute[Conversation]
	names   string
}

var allOfConversations = ConversationColumns{conversationColumns, names(conversationColumns)}

// PickConversationColumns are these columns, and those a list needs by itself. A column that does not exist panics.
func PickConversationColumns(wanted ...string) ConversationColumns {
	wanted = append(wanted, "id", "last_activity_at", "waiting_since", "window_expires_at")
	var picked []attribute[Conversation]
	for _, c := range conversationColumns {
		if slices.Contains(wanted, c.name) {
			picked = append(picked, c)
			wanted = slices.DeleteFunc(wanted, func(name string) bool { return name == c.name })
		}
	}
	if len(wanted) > 0 {
		panic(fmt.Sprintf("conversations have no %v", wanted))
	}
	return ConversationColumns{picked, names(picked)}
}

// ListConversations reads a page of conversations.
func (tx *Tx) ListConversations(f ConversationFilter, sort ConversationSort, p Page) (*Connection[Conversation], error) {
	return tx.ListConversationColumns(allOfConversations, f, sort, p)
}

// ListConversationColumns is ListConversations for readers who need not know everything: the rest of each row is empty.
func (tx *Tx) ListConversationColumns(wanted ConversationColumns, f ConversationFilter, sort ConversationSort, p Page) (*Connection[Conversation], error) {
	l, err := tx.conversations(wanted, f, sort, p)
	if err != nil {
		return nil, err
	}
	return l.read(tx)
}

// conversations is a page of conversations to be read.
func (tx *Tx) conversations(wanted ConversationColumns, f ConversationFilter, sort ConversationSort, p Page) (*leaf[Conversation], error) {
	if wanted.columns == nil {
		wanted = allOfConversations
	}
	s, err := tx.filter(f, sort != OldestWaiting && sort != WindowExpiresIn)
	if err != nil {
		return nil, err
	}
	s.columns = wanted.names
	switch sort {
	case OldestWaiting:
		s.and("waiting_since IS NOT NULL")
		return leafOf(s, wanted.columns, p, order[Conversation]{
			column: "waiting_since",
			key:    func(c *Conversation) (time.Time, string) { return *c.WaitingSince, c.ID },
		})
	case WindowExpiresIn:
		s.and("window_expires_at >= " + s.arg(tx.Now) + " AND window_messages_left IS DISTINCT FROM 0")
		return leafOf(s, wanted.columns, p, order[Conversation]{
			column: "window_expires_at",
			key:    func(c *Conversation) (time.Time, string) { return *c.WindowExpiresAt, c.ID },
		})
	default:
		return leafOf(s, wanted.columns, p, order[Conversation]{
			column: "last_activity_at", descending: true,
			key: func(c *Conversation) (time.Time, string) { return c.LastActivityAt, c.ID },
		})
	}
}

// searchWords turns what a person typed into a query: every word must occur, or be the beginning of one that does.
func searchWords(text string) (string, error) {
	if len(text) > 200 {
		return "", Refuse(InvalidInput, "filter.text", "Search for at most 200 bytes.")
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.Nd) })
	if len(words) == 0 {
		return "", Refuse(InvalidInput, "filter.text", "Search for letters or digits.")
	}
	return strings.Join(words, ":* & ") + ":*", nil
}

// ListMessages reads a page of a conversation's timeline, oldest first.
func (tx *Tx) ListMessages(conversationID string, p Page) (*Connection[Message], error) {
	s := &selection{table: "messages", columns: allOfMessages}
	s.and("organization_id = " + s.arg(tx.Viewer.OrganizationID))
	s.and("conversation_id = " + s.arg(conversationID))
	l, err := leafOf(s, messageColumns, p, order[Message]{
		column: "created_at",
		key:    func(m *Message) (time.Time, string) { return m.CreatedAt, m.ID },
	})
	if err != nil {
		return nil, err
	}
	return l.read(tx)
}

var allOfMessages = names(messageColumns)

// ListChannels reads a page of the channels, oldest first.
func (tx *Tx) ListChannels(p Page) (*Connection[Channel], error) { return tx.listChannels(tx.own(), p) }

// ListChannelsOf reads a page of the channels a member sees, oldest first.
func (tx *Tx) ListChannelsOf(m *Membership, p Page) (*Connection[Channel], error) {
	if m.SeesEveryChannel() {
		return tx.ListChannels(p)
	}
	return tx.listChannels(tx.own().Where("id IN ?", []string(m.ChannelIDs)), p)
}

func (tx *Tx) listChannels(among *gorm.DB, p Page) (*Connection[Channel], error) {
	return page(tx, among, p, order[Channel]{
		column: "id",
		key:    func(c *Channel) (time.Time, string) { return time.Time{}, c.ID },
	})
}

// The pages and entries of each list.
type (
	ConversationConnection = Connection[Conversation]
	ConversationEdge       = Edge[Conversation]
	MessageConnection      = Connection[Message]
	MessageEdge            = Edge[Message]
	QuarantineConnection   = Connection[Quarantined]
	QuarantineEdge         = Edge[Quarantined]
	ChannelConnection      = Connection[Channel]
	ChannelEdge            = Edge[Channel]
	TeamConnection         = Connection[Team]
	TeamEdge               = Edge[Team]
	ApiTokenConnection     = Connection[Token]
	ApiTokenEdge           = Edge[Token]
)

// ListTeams reads a page of the teams, oldest first.
func (tx *Tx) ListTeams(p Page) (*Connection[Team], error) {
	return page(tx, tx.own(), p, order[Team]{
		column: "id",
		key:    func(t *Team) (time.Time, string) { return time.Time{}, t.ID },
	})
}

// ListTokens reads a page of a user's API tokens that can be used, oldest first.
func (tx *Tx) ListTokens(userID string, p Page) (*Connection[Token], error) {
	query := tx.own().Where("user_id = ? AND kind = 'API' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)", userID, tx.Now)
	return page(tx, query, p, order[Token]{
		column: "id",
		key:    func(t *Token) (time.Time, string) { return time.Time{}, t.ID },
	})
}

// Matches reports whether a conversation matches a filter now.
func (tx *Tx) Matches(conversationID string, f ConversationFilter) (bool, error) {
	s, err := tx.filter(f, false)
	if err != nil {
		return false, err
	}
	s.and("id = " + s.arg(conversationID))
	s.columns = "id"
	found, err := find(tx, s, conversationColumns[1:2], "id", 1)
	if err != nil {
		return false, fmt.Errorf("match conversation: %w", err)
	}
	return len(found) > 0, nil
}
