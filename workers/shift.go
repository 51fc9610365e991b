package workers

import (
	"context"
	"time"

	"parley/models"
)

const (
	batch = 500 // rows claimed at once by a kind that handles many together

	// breath is the shortest time between looks for what is not due yet, and for how long a kind that handles many rows
	// together lets them gather. It is the most that is added to a row's lateness.
	breath = 50 * time.Millisecond

	longest = time.Hour // between two looks of a loop nobody wakes
)

// shift is what one handler gets: rows of one organization.
type shift struct {
	organizationID string
	ids            []string
}

// room is how many rows may be claimed for free slots.
func (k Kind) room(free int) int {
	if k.HandleBatch != nil {
		return batch
	}
	return free
}

// shifts divides claimed rows among handlers.
func (k Kind) shifts(jobs []models.Job) (all []shift) {
	at := make(map[string]int, len(jobs)) // of an organization's shift
	for _, job := range jobs {
		i, begun := at[job.OrganizationID]
		if !begun || k.HandleBatch == nil {
			i = len(all)
			at[job.OrganizationID] = i
			all = append(all, shift{organizationID: job.OrganizationID})
		}
		all[i].ids = append(all[i].ids, job.ID)
	}
	return all
}

func (k Kind) do(ctx context.Context, s shift) error {
	if k.HandleBatch != nil {
		return k.HandleBatch(ctx, s.organizationID, s.ids)
	}
	return k.Handle(ctx, models.Job{OrganizationID: s.organizationID, ID: s.ids[0]})
}

// gather waits until more rows have become due.
func gather(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(breath):
	}
}
