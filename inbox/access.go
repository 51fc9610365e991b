package inbox

import (
	"context"
	"fmt"
	"slices"

	"parley/models"
)

// maxAccess is to how many channels a member can be limited.
const maxAccess = 200

// ChangeAccess limits a member to some channels; nil lifts the limit. From the next door on all that is not on these channels
// is not there for them, streams they have go on with what is, and open conversations on other channels lose them as assignee.
func (b *Inbox) ChangeAccess(ctx context.Context, viewer models.Viewer, userID string, channelIDs []string, key string) (*models.Membership, error) {
	if len(channelIDs) > maxAccess {
		return nil, models.Refuse(models.InvalidInput, "channelIds", fmt.Sprintf("A member is limited to at most %d channels.", maxAccess))
	}
	if channelIDs != nil {
		channelIDs = slices.Compact(slices.Sorted(slices.Values(channelIDs)))
		channelIDs = append([]string{}, channelIDs...) // none is not the same as no limit
	}
	return b.changeMember(ctx, viewer, userID, key, []any{"access", userID, channelIDs}, func(tx *models.Tx, m *models.Membership) error {
		return limit(tx, m, channelIDs)
	})
}

func limit(tx *models.Tx, m *models.Membership, channelIDs []string) error {
	if channelIDs == nil && m.ChannelIDs == nil || channelIDs != nil && m.ChannelIDs != nil && slices.Equal(channelIDs, m.ChannelIDs) {
		return nil
	}
	if channelIDs != nil && !m.Role.CanBeLimited() {
		return models.Refuse(models.InvalidInput, "userId", "Owners and admins see every channel. Give the member another role first.")
	}
	found, err := tx.Channels(channelIDs)
	if err != nil {
		return err
	}
	if len(found) < len(channelIDs) {
		return models.Refuse(models.NotFound, "channelIds", "There is no such channel here.")
	}
	m.ChannelIDs = channelIDs
	if err := tx.Update(m, "channel_ids"); err != nil {
		return fmt.Errorf("limit member %s: %w", m.UserID, err)
	}
	recordMember(tx, m)
	return releaseUnseen(tx, m)
}

// releaseUnseen takes from a member the open conversations they do not see any more.
func releaseUnseen(tx *models.Tx, m *models.Membership) error {
	unseen, err := tx.LockUnseen(m)
	if err != nil {
		return err
	}
	for i := range unseen {
		if err := assign(tx, &unseen[i], nil, unseen[i].AssigneeTeamID, "ACCESS_CHANGED"); err != nil {
			return err
		}
	}
	return nil
}
