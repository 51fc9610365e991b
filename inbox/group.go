package inbox

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"

	"parley/models"
)

func newGathering(take func(ctx context.Context, organizationID string, group []*arrival)) *gathering {
	return &gathering{limits: defaultGatherLimits(), take: take, lines: make(map[string]*line)}
}

// receiveGroup takes in a group of deliveries for one organization in one transaction. If that fails for one of them, each
// half goes by itself, and so on: what the others say lands, and who is at fault is alone in the end.
func (b *Inbox) receiveGroup(ctx context.Context, organizationID string, group []*arrival) {
	var err error
	switch {
	case len(group) > 1 || isPlain(group[0]):
		err = b.guarded(ctx, func() error { return b.receiveTogether(ctx, organizationID, group) })
	default:
		err = b.guarded(ctx, func() error { return b.receiveAlone(ctx, group[0]) })
	}
	switch half := len(group) / 2; {
	case err == nil || !models.IsOwnFault(err):
		for _, a := range group {
			a.err = err
		}
	case len(group) > 1:
		b.receiveGroup(ctx, organizationID, group[:half])
		b.receiveGroup(ctx, organizationID, group[half:])
	case isPlain(group[0]):
		group[0].err = b.guarded(ctx, func() error { return b.receiveAlone(ctx, group[0]) })
	default:
		group[0].err = err
	}
}

// guarded makes an error of a panic, so that it costs the deliveries beside it nothing.
func (b *Inbox) guarded(ctx context.Context, take func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			// The fault itself may quote what a customer wrote; the stack shows where it happened.
			b.log.ErrorContext(ctx, "taking in panicked", "fault", fmt.Sprintf("%T", fault), "stack", string(debug.Stack()))
			err = fmt.Errorf("taking in panicked with %T", fault)
		}
	}()
	return take()
}

// receiveAlone takes in one delivery, one element after the other.
func (b *Inbox) receiveAlone(ctx context.Context, a *arrival) error {
	viewer := models.FromPlatform(a.route.OrganizationID)
	return b.store.Do(ctx, viewer, models.ReceiveFromPlatform, func(tx *models.Tx) error {
		routed, err := tx.IsRouted(a.route.ChannelID)
		if err != nil {
			return err
		}
		if !routed {
			return errRerouted
		}
		return receiveAll(tx, a.route.ChannelID, a.elements)
	})
}

// receiveTogether takes in deliveries in their order: plain ones that follow each other at once, others one by one.
func (b *Inbox) receiveTogether(ctx context.Context, organizationID string, group []*arrival) error {
	return b.store.TakeIn(ctx, organizationID, channelsOf(group), func(in *models.Intake) error {
		for rest := group; len(rest) > 0; {
			n := plainAhead(rest)
			if n == 0 {
				n = 1
				if err := takeApart(in, rest[:n]); err != nil {
					return err
				}
			} else if err := takePlain(in, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	})
}

func channelsOf(group []*arrival) (ids []string) {
	for _, a := range group {
		ids = append(ids, a.route.ChannelID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func plainAhead(group []*arrival) int {
	n := slices.IndexFunc(group, func(a *arrival) bool { return !isPlain(a) })
	if n < 0 {
		return len(group)
	}
	return n
}

// takeApart takes in deliveries the general way.
func takeApart(in *models.Intake, deliveries []*arrival) error {
	if err := in.Flush(); err != nil {
		return err
	}
	for _, a := range deliveries {
		routed, err := in.IsRouted(a.route.ChannelID)
		if err != nil {
			return err
		}
		if !routed {
			return errRerouted
		}
		if err := receiveAll(in.Tx, a.route.ChannelID, a.elements); err != nil {
			return err
		}
	}
	return nil
}
