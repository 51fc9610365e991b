package graph

import (
	"context"

	"parley/graph/view"
	"parley/models"
)

// seenChannels are the channels a member is limited to, as far as the viewer sees them; nil: there is no limit.
func seenChannels(ctx context.Context, m *models.Membership) ([]*models.Channel, error) {
	if m.ChannelIDs == nil {
		return nil, nil
	}
	channels, err := view.From(ctx).Channel.LoadAll(ctx, m.ChannelIDs)
	if err != nil {
		return nil, err
	}
	seen := []*models.Channel{}
	for _, c := range channels {
		if c != nil {
			seen = append(seen, c)
		}
	}
	return seen, nil
}
