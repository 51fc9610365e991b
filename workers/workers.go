// Package workers is what happens by itself: one loop for each kind of due row, and small handlers.
package workers

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"parley/inbox"
	"parley/models"
)

// Handler does the work of one due row. The row was claimed for the length of its lease; a handler that fails leaves it,
// and it is due again when the lease is over.
type Handler func(ctx context.Context, job models.Job) error

// Kind is one sort of work.
type Kind struct {
	Due    models.JobKind
	Handle Handler
	Lease  time.Duration // how long a claimed row is nobody else's
	Slots  int           // how many rows are worked on at once
}

// Kinds are the works of an inbox.
func Kinds(b *inbox.Inbox) []Kind {
	return []Kind{
		{Due: models.DueMessages, Handle: b.Deliver, Lease: inbox.DeliveryLease, Slots: 16},
		{Due: models.DueWindows, Handle: b.AnnounceWindow, Lease: time.Minute, Slots: 4},
		{Due: models.DueInboxes, Handle: b.CheckActivity, Lease: time.Minute, Slots: 2},
		{Due: models.DueQuarantined, Handle: b.Import, Lease: time.Minute, Slots: 4},
		{Due: models.DueActions, Handle: b.Perform, Lease: inbox.ActionLease, Slots: 8},
		{Due: models.DuePosts, Handle: b.LookUp, Lease: inbox.LookupLease, Slots: 4},
		{Due: models.DuePolls, Handle: b.Poll, Lease: inbox.PollLease, Slots: 4},
		{Due: models.DueTokens, Handle: b.Renew, Lease: inbox.RenewLease, Slots: 2},
		{Due: models.DueMedia, Handle: b.FetchMedia, Lease: inbox.MediaLease, Slots: 8},
		{Due: models.DueLogs, Handle: b.ForgetLog, Lease: time.Minute, Slots: 1},
	}
}

// Crew runs the loops of a process. Several processes may work on one database: none does what another does.
type Crew struct {
	store *models.Store
	log   *slog.Logger
	poll  time.Duration
	kinds []Kind
	wake  map[models.JobKind]chan struct{}

	stop    context.CancelFunc // ends claiming
	abandon context.CancelFunc // ends handlers
	work    sync.WaitGroup
}

// New makes a crew that looks for due rows at every poll, and whenever it is woken.
func New(store *models.Store, log *slog.Logger, poll time.Duration, kinds []Kind) *Crew {
	c := &Crew{store: store, log: log, poll: poll, kinds: kinds, wake: make(map[models.JobKind]chan struct{})}
	for _, k := range kinds {
		c.wake[k.Due] = make(chan struct{}, 1)
	}
	return c
}

// Start begins the loops and returns.
func (c *Crew) Start() {
	claiming, stop := context.WithCancel(context.Background())
	handling, abandon := context.WithCancel(context.Background())
	c.stop, c.abandon = stop, abandon
	for _, k := range c.kinds {
		c.work.Go(func() { c.loop(claiming, handling, k) })
	}
}

// Stop stops claiming and waits for the handlers that run. When ctx ends first they are cancelled, and what they had
// claimed comes back when its lease is over.
func (c *Crew) Stop(ctx context.Context) error {
	c.stop()
	done := make(chan struct{})
	go func() { c.work.Wait(); close(done) }()
	select {
	case <-done:
		c.abandon()
		return nil
	case <-ctx.Done():
		c.abandon()
		<-done
		return fmt.Errorf("workers were cancelled: %w", ctx.Err())
	}
}

// Wake makes the crew look for due rows of a kind at once. It never waits.
func (c *Crew) Wake(kind models.JobKind) {
	select {
	case c.wake[kind] <- struct{}{}:
	default:
	}
}

func (c *Crew) loop(claiming, handling context.Context, k Kind) {
	ticker := time.NewTicker(c.poll)
	defer ticker.Stop()
	slots := make(chan struct{}, k.Slots)
	var running sync.WaitGroup
	defer running.Wait()
	for {
		c.claim(claiming, k, slots, func(job models.Job) {
			running.Go(func() {
				c.handle(handling, k, job)
				<-slots
				c.Wake(k.Due) // there may be more, and now there is room
			})
		})
		select {
		case <-claiming.Done():
			return
		case <-ticker.C:
		case <-c.wake[k.Due]:
		}
	}
}

// claim takes as many rows as there are free slots, and starts each.
func (c *Crew) claim(ctx context.Context, k Kind, slots chan struct{}, start func(models.Job)) {
	free := k.Slots - len(slots)
	if free == 0 || ctx.Err() != nil {
		return
	}
	jobs, err := c.store.Claim(ctx, k.Due, free, k.Lease)
	if err != nil {
		if ctx.Err() == nil {
			c.log.Warn("claim due rows", "kind", k.Due, "error", err)
		}
		return
	}
	for _, job := range jobs {
		slots <- struct{}{}
		start(job)
	}
}

// RunOnce does everything of a kind that is due now, one row after the other, and tells how many rows that were. It is
// what a loop does, for those who bring their own clock.
func (c *Crew) RunOnce(ctx context.Context, kind models.JobKind) (done int, err error) {
	for _, k := range c.kinds {
		for k.Due == kind {
			jobs, err := c.store.Claim(ctx, kind, 1, k.Lease)
			if err != nil || len(jobs) == 0 {
				return done, err
			}
			c.handle(ctx, k, jobs[0])
			done++
		}
	}
	return done, nil
}

func (c *Crew) handle(ctx context.Context, k Kind, job models.Job) {
	defer func() {
		if panicked := recover(); panicked != nil {
			c.log.Error("handler panicked", "kind", k.Due, "organization", job.OrganizationID, "id", job.ID,
				"panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
		}
	}()
	if err := k.Handle(ctx, job); err != nil {
		c.log.Error("handle due row", "kind", k.Due, "organization", job.OrganizationID, "id", job.ID, "error", err)
	}
}
