package inbox

import (
	"context"

	"parley/models"
)

// ChangeRole gives a member another role. Only an owner makes or unmakes owners, and the last one stays. Owners and admins see
// every channel.
func (b *Inbox) ChangeRole(ctx context.Context, viewer models.Viewer, userID string, role models.Role, key string) (*models.Membership, error) {
	return b.changeMember(ctx, viewer, userID, key, []any{"role", userID, role}, func(tx *models.Tx, m *models.Membership) error {
		if m.Role == role {
			return nil
		}
		if err := guardOwners(tx, m, role); err != nil {
			return err
		}
		m.Role = role
		if !role.CanBeLimited() {
			m.ChannelIDs = nil
		}
		recordMember(tx, m)
		return tx.Update(m, "role", "channel_ids")
	})
}

// RemoveMember ends a membership: tokens and streams end at once, open conversations lose their assignee, and what the
// person wrote keeps its author.
func (b *Inbox) RemoveMember(ctx context.Context, viewer models.Viewer, userID, key string) (*models.Membership, error) {
	return b.changeMember(ctx, viewer, userID, key, []any{"remove", userID}, func(tx *models.Tx, m *models.Membership) error {
		if err := guardOwners(tx, m, ""); err != nil {
			return err
		}
		m.RemovedAt, m.ChannelIDs = &tx.Now, nil
		if err := tx.Update(m, "removed_at", "channel_ids"); err != nil {
			return err
		}
		theirs, err := tx.ReleaseMember(userID)
		if err != nil {
			return err
		}
		for i := range theirs {
			if err := assign(tx, &theirs[i], nil, theirs[i].AssigneeTeamID, "MEMBER_REMOVED"); err != nil {
				return err
			}
		}
		recordMember(tx, m)
		return nil
	})
}

func (b *Inbox) changeMember(ctx context.Context, viewer models.Viewer, userID, key string, input any,
	work func(*models.Tx, *models.Membership) error) (*models.Membership, error) {
	var changed *models.Membership
	err := b.store.Do(ctx, viewer, models.ManageMembers, func(tx *models.Tx) error {
		_, err := tx.Once(models.ManageMembers, key, input, func() (string, error) {
			m, err := tx.LockMembership(userID)
			if err != nil {
				return "", err
			}
			return userID, work(tx, m)
		})
		if err != nil {
			return err
		}
		changed, err = tx.Membership(userID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

func guardOwners(tx *models.Tx, m *models.Membership, to models.Role) error {
	if m.Role != models.Owner && to != models.Owner {
		return nil
	}
	if tx.Role != models.Owner {
		return models.Refuse(models.Forbidden, "", "Only an owner can do this to an owner.")
	}
	owners, err := tx.LockOwners()
	if err != nil {
		return err
	}
	if m.Role == models.Owner && len(owners) == 1 {
		return models.Refuse(models.LastOwner, "userId", "An organization keeps at least one owner.")
	}
	return nil
}

func recordMember(tx *models.Tx, m *models.Membership) {
	data := models.EventData{UserID: m.UserID, To: string(m.Role)}
	if m.RemovedAt != nil {
		data.To = ""
	}
	tx.Record(models.Event{Type: models.MembershipChanged, Data: data})
}
