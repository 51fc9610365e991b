package inbox

import (
	"context"

	"parley/models"
)

// TakeApart takes in deliveries for one channel each, one after the other, the general way.
func (b *Inbox) TakeApart(ctx context.Context, deliveries ...Delivered) error {
	for _, a := range arrivalsOf(deliveries) {
		if err := b.receiveAlone(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// TakeTogether takes the same in as one group, and returns what became of each.
func (b *Inbox) TakeTogether(ctx context.Context, deliveries ...Delivered) []error {
	group := arrivalsOf(deliveries)
	b.receiveGroup(ctx, group[0].route.OrganizationID, group)
	errs := make([]error, len(group))
	for i, a := range group {
		errs[i] = a.err
	}
	return errs
}

// Delivered is what one delivery says to a channel.
type Delivered struct {
	Channel  *models.Channel
	Elements []models.Inbound
}

func arrivalsOf(deliveries []Delivered) []*arrival {
	group := make([]*arrival, len(deliveries))
	for i, d := range deliveries {
		group[i] = &arrival{
			route: models.ChannelRoute{
				Platform: d.Channel.Platform, AccountID: d.Channel.AccountID, OrganizationID: d.Channel.OrganizationID, ChannelID: d.Channel.ID,
			},
			elements: d.Elements, load: load{elements: len(d.Elements)},
			decided: make(chan place, 1),
		}
	}
	return group
}
