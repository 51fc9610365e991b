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

// BatchHandler does the work of due rows of one organization in few transactions. A row that cannot be worked on must not
// keep the others from it.
type BatchHandler func(ctx context.Context, organizationID string, ids []string) error

// Kind is one sort of work. It has one of the two handlers.
type Kind struct {
	Due         models.JobKind
	Handle      Handler
	HandleBatch BatchHandler
	Lease       time.Duration // how long a claimed row is nobody else's
	Slots       int           // how many handlers run at once
}

// Kinds are the works of an inbox.
func Kinds(b *inbox.Inbox) []Kind {
	return []Kind{
		{Due: models.DueMessages, Handle: b.Deliver, Lease: inbox.DeliveryLease, Slots: 16},
		{Due: models.DueWindows, HandleBatch: b.AnnounceWindows, Lease: time.Minute, Slots: 4},
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
	count func(models.JobKind, int)

	stop    context.CancelFunc // ends claiming
	abandon context.CancelFunc // ends handlers
	work    sync.WaitGroup
}

// New makes a crew that looks for due rows whenever it is woken, when the next row it knows of is due, and for those others
// have left at every poll.
func New(store *models.Store, log *slog.Logger, poll time.Duration, kinds []Kind) *Crew {
	c := &Crew{store: store, log: log, poll: poll, kinds: kinds, wake: make(map[models.JobKind]chan struct{})}
	c.count = func(models.JobKind, int) {}
	for _, k := range kinds {
		c.wake[k.Due] = make(chan struct{}, 1)
	}
	return c
}

// OnClaim has count called whenever the loops took rows. To be set before Start.
func (c *Crew) OnClaim(count func(kind models.JobKind, rows int)) { c.count = count }

// Start begins the loops and returns.
func (c *Crew) Start() {
	claiming, stop := context.WithCancel(context.Background())
	handling, abandon := context.WithCancel(context.Background())
	c.stop, c.abandon = stop, abandon
	for _, k := range c.kinds {
		c.work.Go(func() { c.loop(claiming, handling, k) })
	}
	c.work.Go(func() { c.watch(claiming) })
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
	again := time.NewTimer(0)
	defer again.Stop()
	slots := make(chan struct{}, k.Slots)
	var running sync.WaitGroup
	defer running.Wait()
	more := false
	for {
		select {
		case <-claiming.Done():
			return
		case <-again.C:
		case <-c.wake[k.Due]:
		}
		if k.HandleBatch != nil && !more {
			gather(claiming)
		}
		var wait time.Duration
		wait, more = c.claim(claiming, k, slots, func(s shift) {
			running.Go(func() {
				defer c.Wake(k.Due) // there may be more, and now there is room
				defer func() { <-slots }()
				c.handle(handling, k, s)
			})
		})
		again.Reset(wait)
	}
}

// watch looks at every poll whether anything is due that nobody was woken for: rows of a process that died, or has no room.
func (c *Crew) watch(ctx context.Context) {
	again := time.NewTicker(c.poll)
	defer again.Stop()
	kinds := make([]models.JobKind, len(c.kinds))
	for i, k := range c.kinds {
		kinds[i] = k.Due
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
		due, err := c.store.DueBy(ctx, c.store.Now().Add(c.poll), kinds)
		if err != nil && ctx.Err() == nil {
			c.log.Warn("look for due rows", "error", err)
		}
		for _, kind := range due {
			c.Wake(kind)
		}
	}
}

// claim takes as many rows as there is room for and starts work on them. It tells when to look again, and whether there
// may be more than fitted.
func (c *Crew) claim(ctx context.Context, k Kind, slots chan struct{}, start func(shift)) (wait time.Duration, more bool) {
	free := k.Slots - len(slots)
	if free == 0 {
		return c.poll, true // whoever makes room wakes us
	}
	limit := k.room(free)
	jobs, err := c.store.Claim(ctx, k.Due, limit, k.Lease)
	if err != nil {
		if ctx.Err() == nil {
			c.log.Warn("claim due rows", "kind", k.Due, "error", err)
		}
		return c.poll, false
	}
	if len(jobs) > 0 {
		c.count(k.Due, len(jobs))
	}
	for _, s := range k.shifts(jobs) {
		slots <- struct{}{} // what was claimed is worked on, also when we are being stopped
		start(s)
	}
	if len(jobs) == limit {
		return 0, true
	}
	return c.idle(ctx, k.Due), false
}

// idle is for how long nothing becomes due of what there is of a kind.
func (c *Crew) idle(ctx context.Context, kind models.JobKind) time.Duration {
	next, err := c.store.NextDue(ctx, kind)
	if err != nil && ctx.Err() == nil {
		c.log.Warn("look for the next due row", "kind", kind, "error", err)
	}
	switch {
	case err != nil:
		return c.poll
	case next == nil:
		return longest
	default:
		return min(max(next.Sub(c.store.Now()), breath), longest)
	}
}

// RunOnce does everything of a kind that is due now, one handler after the other, and tells how many rows that were. It is
// what a loop does, for those who bring their own clock.
func (c *Crew) RunOnce(ctx context.Context, kind models.JobKind) (done int, err error) {
	for _, k := range c.kinds {
		for k.Due == kind {
			jobs, err := c.store.Claim(ctx, kind, k.room(1), k.Lease)
			if err != nil || len(jobs) == 0 {
				return done, err
			}
			for _, s := range k.shifts(jobs) {
				c.handle(ctx, k, s)
			}
			done += len(jobs)
		}
	}
	return done, nil
}

func (c *Crew) handle(ctx context.Context, k Kind, s shift) {
	log := c.log.With("kind", k.Due, "organization", s.organizationID, "id", s.ids[0], "rows", len(s.ids))
	defer func() {
		if panicked := recover(); panicked != nil {
			log.Error("handler panicked", "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
		}
	}()
	if err := k.do(ctx, s); err != nil {
		log.Error("handle due rows", "error", err)
	}
}
