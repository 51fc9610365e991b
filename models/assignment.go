package models

import (
	"fmt"
	"time"
)

// Assignment says who is responsible for a conversation, since when, by whom and why. Ended ones are its history.
type Assignment struct {
	OrganizationID string `gorm:"primaryKey"`
	ID             string `gorm:"primaryKey"`
	ConversationID string
	UserID         *string
	TeamID         *string
	AssignedBy     *string // nil: the system
	Reason         string
	AssignedAt     time.Time
	EndedAt        *time.Time
}

// ReplaceAssignment ends the present assignment of a locked conversation and begins a new one; with neither user nor
// team the conversation is unassigned.
func (tx *Tx) ReplaceAssignment(c *Conversation, userID, teamID *string, reason string) error {
	err := tx.db.Exec(`UPDATE assignments SET ended_at = ? WHERE organization_id = ? AND conversation_id = ? AND ended_at IS NULL`,
		tx.Now, c.OrganizationID, c.ID).Error
	if err != nil {
		return fmt.Errorf("end assignment of %s: %w", c.ID, err)
	}
	c.AssigneeUserID, c.AssigneeTeamID = userID, teamID
	if err := tx.SaveConversation(c, "assignee_user_id", "assignee_team_id"); err != nil {
		return err
	}
	if userID == nil && teamID == nil {
		return nil
	}
	return tx.Create(&Assignment{
		OrganizationID: c.OrganizationID, ID: newID(AssignmentPrefix), ConversationID: c.ID, UserID: userID, TeamID: teamID,
		AssignedBy: optional(tx.Viewer.UserID), Reason: reason, AssignedAt: tx.Now,
	})
}

// AssignmentsOf reads the assignments of these conversations, newest first.
func (tx *Tx) AssignmentsOf(conversationIDs []string) ([]Assignment, error) {
	var assignments []Assignment
	if err := tx.own().Where("conversation_id IN ?", conversationIDs).Order("conversation_id, id DESC").Find(&assignments).Error; err != nil {
		return nil, fmt.Errorf("read assignments: %w", err)
	}
	return assignments, nil
}
