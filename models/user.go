package models

import (
	"fmt"
	"slices"
	"time"
)

// User is a person who works with inboxes.
type User struct {
	ID        string `gorm:"primaryKey"`
	Email     string // lower case
	Name      string
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
}

// Membership is a person's role in one organization.
type Membership struct {
	OrganizationID string `gorm:"primaryKey"`
	UserID         string `gorm:"primaryKey"`
	Role           Role
	ChannelIDs     Array[string] `gorm:"type:text[]"` // what the person sees, sorted; nil: every channel
	CreatedAt      time.Time     `gorm:"autoCreateTime:false"`
	RemovedAt      *time.Time
}

// CanBeLimited reports whether a member with the role can be limited to some channels.
func (r Role) CanBeLimited() bool { return r == Supervisor || r == Agent || r == ViewerRole }

// SeesEveryChannel reports whether the member is not limited.
func (m Membership) SeesEveryChannel() bool { return m.ChannelIDs == nil }

// Sees reports whether what is on a channel is there for the member.
func (m Membership) Sees(channelID string) bool {
	return m.SeesEveryChannel() || slices.Contains(m.ChannelIDs, channelID)
}

// Users reads the users with these ids who are, or were, members here.
func (tx *Tx) Users(ids []string) ([]User, error) {
	var users []User
	if err := tx.db.Where("id IN ?", ids).Find(&users).Error; err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	return users, nil
}

// Memberships reads the present members among these users; nil asks for all, oldest first.
func (tx *Tx) Memberships(userIDs []string) ([]Membership, error) {
	query := tx.own().Where("removed_at IS NULL").Order("created_at, user_id")
	if userIDs != nil {
		query = query.Where("user_id IN ?", userIDs)
	}
	var members []Membership
	if err := query.Find(&members).Error; err != nil {
		return nil, fmt.Errorf("read memberships: %w", err)
	}
	return members, nil
}

// LockMembership reads a present member for change.
func (tx *Tx) LockMembership(userID string) (*Membership, error) {
	return tx.presentMember(userID, "UPDATE")
}

// HoldMembership reads a present member, who stays one, in the same role, until the transaction ends.
func (tx *Tx) HoldMembership(userID string) (*Membership, error) {
	return tx.presentMember(userID, "SHARE")
}

func (tx *Tx) presentMember(userID, lock string) (*Membership, error) {
	var m Membership
	err := tx.db.Raw(`SELECT * FROM memberships WHERE organization_id = ? AND user_id = ? AND removed_at IS NULL FOR `+lock,
		tx.Viewer.OrganizationID, userID).Scan(&m).Error
	if err != nil {
		return nil, fmt.Errorf("lock membership: %w", err)
	}
	if m.UserID == "" {
		return nil, errNotFound
	}
	return &m, nil
}

// LockOwners reads all present owners for change, so that the last one cannot leave twice at once.
func (tx *Tx) LockOwners() ([]Membership, error) {
	var owners []Membership
	err := tx.db.Raw(`SELECT * FROM memberships WHERE organization_id = ? AND role = 'OWNER' AND removed_at IS NULL
		ORDER BY user_id FOR UPDATE`, tx.Viewer.OrganizationID).Scan(&owners).Error
	if err != nil {
		return nil, fmt.Errorf("lock owners: %w", err)
	}
	return owners, nil
}

// ReleaseMember takes a removed member's tokens, teams and open assignments away and returns the conversations that
// lost their assignee.
func (tx *Tx) ReleaseMember(userID string) ([]Conversation, error) {
	org := tx.Viewer.OrganizationID
	var theirs []Conversation
	err := tx.db.Raw(`SELECT * FROM conversations WHERE organization_id = ? AND assignee_user_id = ? AND status <> 'RESOLVED'
		ORDER BY id FOR UPDATE`, org, userID).Scan(&theirs).Error
	if err != nil {
		return nil, fmt.Errorf("lock conversations of member: %w", err)
	}
	if err := tx.db.Exec(`UPDATE tokens SET revoked_at = ? WHERE organization_id = ? AND user_id = ? AND revoked_at IS NULL`,
		tx.Now, org, userID).Error; err != nil {
		return nil, fmt.Errorf("revoke tokens of member: %w", err)
	}
	if err := tx.db.Exec(`DELETE FROM team_members WHERE organization_id = ? AND user_id = ?`, org, userID).Error; err != nil {
		return nil, fmt.Errorf("leave teams: %w", err)
	}
	return theirs, nil
}

// LockUnseen reads, for change, the open conversations a member is responsible for and does not see.
func (tx *Tx) LockUnseen(m *Membership) ([]Conversation, error) {
	if m.ChannelIDs == nil {
		return nil, nil
	}
	var unseen []Conversation
	err := tx.db.Raw(`SELECT * FROM conversations WHERE organization_id = ? AND assignee_user_id = ? AND status <> 'RESOLVED'
		AND channel_id <> ALL (?::TEXT[]) ORDER BY id FOR UPDATE`, m.OrganizationID, m.UserID, m.ChannelIDs).Scan(&unseen).Error
	if err != nil {
		return nil, fmt.Errorf("lock conversations out of sight of member: %w", err)
	}
	return unseen, nil
}

// Membership reads a membership, present or ended.
func (tx *Tx) Membership(userID string) (*Membership, error) {
	var m Membership
	if err := tx.take(tx.db, &m, "user_id = ?", userID); err != nil {
		return nil, err
	}
	return &m, nil
}
