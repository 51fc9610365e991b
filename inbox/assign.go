package inbox

import (
	"context"

	"parley/models"
)

// AssignRequest makes a user, a team, or both responsible; with neither, nobody.
type AssignRequest struct {
	ConversationID string
	UserID         *string
	TeamID         *string
	Reason         string
	Key            string `json:"-"`
}

// Assign makes someone responsible for a conversation. The former assignment stays in its history.
func (b *Inbox) Assign(ctx context.Context, viewer models.Viewer, r AssignRequest) (*models.Conversation, error) {
	return b.change(ctx, viewer, models.Assign, r.ConversationID, r.Key, r, func(tx *models.Tx, c *models.Conversation) error {
		return assign(tx, c, r.UserID, r.TeamID, r.Reason)
	})
}

func assign(tx *models.Tx, c *models.Conversation, userID, teamID *string, reason string) error {
	if err := checkAssignee(tx, c, userID, teamID); err != nil {
		return err
	}
	if len(reason) > 500 {
		return models.Refuse(models.InvalidInput, "reason", "A reason has at most 500 bytes.")
	}
	if equal(c.AssigneeUserID, userID) && equal(c.AssigneeTeamID, teamID) {
		return nil
	}
	if err := tx.ReplaceAssignment(c, userID, teamID, reason); err != nil {
		return err
	}
	data := models.EventData{Reason: reason}
	if userID != nil {
		data.UserID = *userID
	}
	if teamID != nil {
		data.TeamID = *teamID
	}
	recordConversation(tx, models.ConversationAssigned, c, data)
	return nil
}

func checkAssignee(tx *models.Tx, c *models.Conversation, userID, teamID *string) error {
	if userID != nil {
		// Held, as whoever removes them meanwhile would not see what they are given here.
		member, err := tx.HoldMembership(*userID)
		if models.CodeOf(err) == models.NotFound {
			return models.Refuse(models.NotFound, "userId", "There is no such member here.")
		}
		if err != nil {
			return err
		}
		if !member.Role.May(models.Reply) {
			return models.Refuse(models.InvalidInput, "userId", "This member only looks on and cannot be responsible.")
		}
		if !member.Sees(c.ChannelID) {
			return models.Refuse(models.InvalidInput, "userId", "This member does not see the conversation's channel.")
		}
	}
	if teamID != nil {
		teams, err := tx.Teams([]string{*teamID})
		if err != nil {
			return err
		}
		if len(teams) == 0 {
			return models.Refuse(models.NotFound, "teamId", "There is no such team here.")
		}
	}
	return nil
}

func equal(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// change does work on one locked conversation, at most once for a key, and returns what the conversation then is.
func (b *Inbox) change(ctx context.Context, viewer models.Viewer, action models.Action, conversationID, key string, input any,
	work func(*models.Tx, *models.Conversation) error) (*models.Conversation, error) {
	return once[models.Conversation](ctx, b, viewer, action, key, input, func(tx *models.Tx) (string, error) {
		var c models.Conversation
		if err := tx.Lock(&c, conversationID); err != nil {
			return "", err
		}
		return c.ID, work(tx, &c)
	})
}
