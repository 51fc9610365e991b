package models

import (
	"fmt"
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

// ListConversations reads a page of conversations.
func (tx *Tx) ListConversations(f ConversationFilter, sort ConversationSort, p Page) (*Connection[Conversation], error) {
	query, err := tx.filter(f)
	if err != nil {
		return nil, err
	}
	switch sort {
	case OldestWaiting:
		return page(tx, query.Where("waiting_since IS NOT NULL"), p, order[Conversation]{
			column: "waiting_since",
			key:    func(c *Conversation) (time.Time, string) { return *c.WaitingSince, c.ID },
		})
	case WindowExpiresIn:
		return page(tx, query.Where("window_expires_at >= ? AND window_messages_left IS DISTINCT FROM 0", tx.Now), p, order[Conversation]{
			column: "window_expires_at",
			key:    func(c *Conversation) (time.Time, string) { return *c.WindowExpiresAt, c.ID },
		})
	default:
		return page(tx, query, p, order[Conversation]{
			column: "last_activity_at", descending: true,
			key: func(c *Conversation) (time.Time, string) { return c.LastActivityAt, c.ID },
		})
	}
}

// MaxFilterValues is how many values one field of a filter may have.
const MaxFilterValues = 100

func (tx *Tx) filter(f ConversationFilter) (*gorm.DB, error) {
	for field, n := range map[string]int{"channelIds": len(f.ChannelIDs), "statuses": len(f.Statuses), "platforms": len(f.Platforms),
		"surfaces": len(f.Surfaces), "windowStates": len(f.WindowStates)} {
		if n > MaxFilterValues {
			return nil, Refuse(InvalidInput, "filter."+field, "A filter has at most 100 values.")
		}
	}
	query := tx.own()
	if len(f.Statuses) > 0 {
		query = query.Where("status IN ?", f.Statuses)
	}
	if len(f.ChannelIDs) > 0 {
		query = query.Where("channel_id IN ?", f.ChannelIDs)
	}
	if len(f.Platforms) > 0 {
		query = query.Where("platform IN ?", f.Platforms)
	}
	if len(f.Surfaces) > 0 {
		query = query.Where("surface IN ?", f.Surfaces)
	}
	if f.AssigneeUserID != nil {
		query = query.Where("assignee_user_id = ?", *f.AssigneeUserID)
	}
	if f.AssigneeTeamID != nil {
		query = query.Where("assignee_team_id = ?", *f.AssigneeTeamID)
	}
	if f.Unassigned != nil && *f.Unassigned {
		query = query.Where("assignee_user_id IS NULL AND assignee_team_id IS NULL")
	}
	if f.Unassigned != nil && !*f.Unassigned {
		query = query.Where("(assignee_user_id IS NOT NULL OR assignee_team_id IS NOT NULL)")
	}
	if len(f.WindowStates) > 0 {
		query = query.Where(tx.inWindowState(f.WindowStates))
	}
	if f.Text != nil && strings.TrimSpace(*f.Text) != "" {
		words, err := searchWords(*f.Text)
		if err != nil {
			return nil, err
		}
		query = query.Where("id IN (SELECT conversation_id FROM search_conversations(to_tsquery('simple', ?)))", words)
	}
	return query, nil
}

// inWindowState says in SQL what Conversation.Window says in Go; a test holds the two together.
func (tx *Tx) inWindowState(states []WindowState) *gorm.DB {
	unlimited := tx.db.Where("1 = 0")
	limited := tx.db.Where("1 = 0")
	for _, c := range capabilities {
		if !c.HasWindow() {
			unlimited = unlimited.Or("(platform = ? AND surface = ?)", c.Platform, c.Surface)
		} else {
			limited = limited.Or("(platform = ? AND surface = ?)", c.Platform, c.Surface)
		}
	}
	const some = "window_messages_left IS DISTINCT FROM 0"
	closing := tx.Now.Add(tx.Rules.WindowLead)
	any := tx.db.Where("1 = 0")
	for _, s := range states {
		switch s {
		case WindowUnlimited:
			any = any.Or(unlimited)
		case WindowOpen:
			any = any.Or(tx.db.Where(limited).Where("window_expires_at > ?", closing).Where(some))
		case WindowIsClosing:
			any = any.Or(tx.db.Where(limited).Where("window_expires_at >= ? AND window_expires_at <= ?", tx.Now, closing).Where(some))
		case WindowIsClosed:
			any = any.Or(tx.db.Where(limited).Where("window_expires_at IS NULL OR window_expires_at < ? OR window_messages_left = 0", tx.Now))
		}
	}
	return any
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
	return page(tx, tx.own().Where("conversation_id = ?", conversationID), p, order[Message]{
		column: "created_at",
		key:    func(m *Message) (time.Time, string) { return m.CreatedAt, m.ID },
	})
}

// ListChannels reads a page of the channels, oldest first.
func (tx *Tx) ListChannels(p Page) (*Connection[Channel], error) {
	return page(tx, tx.own(), p, order[Channel]{
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
	query, err := tx.filter(f)
	if err != nil {
		return false, err
	}
	var n int64
	if err := query.Model(&Conversation{}).Where("id = ?", conversationID).Count(&n).Error; err != nil {
		return false, fmt.Errorf("match conversation: %w", err)
	}
	return n > 0, nil
}
