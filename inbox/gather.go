package inbox

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"parley/models"
	"parley/telemetry/span"
)

// errBusy tells a platform to come again: too much waits to be taken in already.
var errBusy = errors.New("too many deliveries wait already")

// gathering has deliveries for one organization that arrive while others are being taken in wait, and go together next: one
// transaction at a time for each organization, begun at once if there is none. The goroutines are the callers' own: of those
// who wait the first takes in the next group, for all of them.
type gathering struct {
	limits gatherLimits
	take   func(ctx context.Context, organizationID string, group []*arrival) // gives each its err; does not panic

	mu    sync.Mutex
	lines map[string]*line // of the organizations with a group under way
	load  load             // of all that waits
}

// gatherLimits bound what goes together, what waits, and for how long.
type gatherLimits struct {
	group, line, all load
	wait             time.Duration // in line
	work             time.Duration // of one group
	linger           time.Duration // see gathering.linger
	now              func() time.Time
}

func defaultGatherLimits() gatherLimits {
	return gatherLimits{
		group: load{128, 1 << 20}, line: load{4096, 16 << 20}, all: load{16384, 64 << 20},
		wait: 5 * time.Second, work: 10 * time.Second, linger: time.Millisecond, now: time.Now,
	}
}

// load is how much there is of something.
type load struct{ elements, bytes int }

func (l load) plus(o load) load { return load{l.elements + o.elements, l.bytes + o.bytes} }

func (l load) minus(o load) load { return load{l.elements - o.elements, l.bytes - o.bytes} }

func (l load) fits(o load) bool { return l.elements <= o.elements && l.bytes <= o.bytes }

// arrival is what one delivery says to one channel.
type arrival struct {
	route    models.ChannelRoute
	elements []models.Inbound
	load     load
	cause    string // what its delivery is a step of, if that is followed

	err     error
	place   place
	since   time.Time
	decided chan place // what happens next, for one who waits
}

// place is where an arrival is on its way through a line.
type place int

const (
	inLine  place = iota
	inFront       // its caller takes in the next group
	inGroup       // somebody takes it in
	done          // its err is what became of it
)

// line is what waits for an organization's group under way, oldest first.
type line struct {
	waiting []*arrival
	load    load

	last     int           // how many the last group had
	took     time.Duration // it
	awaited  int           // how many the next one lingers for
	complete chan struct{} // tells that they are here
}

// join takes an arrival in, alone or with others, and returns when that is committed. Whoever stops waiting earlier does not
// know whether it is.
func (g *gathering) join(ctx context.Context, a *arrival) error {
	a.cause = span.Parent(ctx)
	leads, err := g.enter(a)
	if err != nil {
		return err
	}
	if !leads {
		leads, err = g.wait(ctx, a)
	}
	if !leads {
		return err
	}
	g.lead(ctx, a.route.OrganizationID)
	return a.err
}

// enter gives an arrival its place; it leads if nobody else is there.
func (g *gathering) enter(a *arrival) (leads bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lines[a.route.OrganizationID]
	leads = l == nil
	if leads {
		l = &line{complete: make(chan struct{}, 1)}
		g.lines[a.route.OrganizationID] = l
		a.place = inFront
	} else if !l.load.plus(a.load).fits(g.limits.line) || !g.load.plus(a.load).fits(g.limits.all) {
		return false, errBusy
	}
	a.since, a.decided = g.limits.now(), make(chan place, 1)
	l.waiting = append(l.waiting, a)
	l.load, g.load = l.load.plus(a.load), g.load.plus(a.load)
	if l.awaited > 0 && len(l.waiting) >= l.awaited {
		l.awaited = 0
		l.complete <- struct{}{}
	}
	return leads, nil
}

func (g *gathering) wait(ctx context.Context, a *arrival) (leads bool, err error) {
	for {
		select {
		case now := <-a.decided:
			return now == inFront, a.err
		case <-ctx.Done():
		}
		g.mu.Lock()
		now := a.place
		if now == inLine {
			g.remove(a)
		}
		g.mu.Unlock()
		if now != inFront { // who was asked to lead has to: the others wait for that
			return false, ctx.Err()
		}
		ctx = context.WithoutCancel(ctx)
	}
}

// remove takes one who does not wait any longer out of the line.
func (g *gathering) remove(a *arrival) {
	l := g.lines[a.route.OrganizationID]
	l.waiting = slices.DeleteFunc(l.waiting, func(other *arrival) bool { return other == a })
	l.load, g.load = l.load.minus(a.load), g.load.minus(a.load)
}

// lead takes in the next group. It goes on when its caller has gone away: others may be in the group.
func (g *gathering) lead(ctx context.Context, organizationID string) {
	defer g.handOver(organizationID)
	g.linger(organizationID)
	group, late := g.nextGroup(organizationID)
	for _, a := range late {
		a.err = errBusy
		a.decided <- done
	}
	for _, a := range group {
		span.Link(ctx, a.cause)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.limits.work)
	defer cancel()
	began := g.limits.now()
	g.take(ctx, organizationID, group)
	g.finished(organizationID, len(group), g.limits.now().Sub(began))
	for _, a := range group {
		a.decided <- done
	}
}

// linger waits a moment for those to come back who were in the last group: they have just been answered, and whoever goes
// without them makes them wait for a whole transaction. It is a fraction of what a group takes, and nothing when it is quiet.
func (g *gathering) linger(organizationID string) {
	g.mu.Lock()
	l := g.lines[organizationID]
	moment := min(l.took/4, g.limits.linger)
	if moment == 0 || len(l.waiting) >= l.last {
		g.mu.Unlock()
		return
	}
	l.awaited = l.last
	g.mu.Unlock()
	enough := time.NewTimer(moment)
	defer enough.Stop()
	select {
	case <-l.complete:
		return
	case <-enough.C:
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if l.awaited == 0 { // they came at this moment
		<-l.complete
	}
	l.awaited = 0
}

func (g *gathering) finished(organizationID string, n int, took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lines[organizationID]
	l.last, l.took = n, took
}

// nextGroup takes out of the line what goes together: its first, who leads, and as many as fit. Those who have waited too
// long are sent away.
func (g *gathering) nextGroup(organizationID string) (group, late []*arrival) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l, now := g.lines[organizationID], g.limits.now()
	var taken, gone load
	for _, a := range l.waiting {
		if first := len(group) == 0; !first && now.Sub(a.since) > g.limits.wait {
			late = append(late, a)
		} else if !first && !taken.plus(a.load).fits(g.limits.group) {
			break
		} else {
			group, taken = append(group, a), taken.plus(a.load)
		}
		a.place, gone = inGroup, gone.plus(a.load)
	}
	l.waiting = slices.Clone(l.waiting[len(group)+len(late):])
	l.load, g.load = l.load.minus(gone), g.load.minus(gone)
	return group, late
}

// handOver has the first of those who wait lead the next group.
func (g *gathering) handOver(organizationID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lines[organizationID]
	if len(l.waiting) == 0 {
		delete(g.lines, organizationID)
		return
	}
	next := l.waiting[0]
	next.place = inFront
	next.decided <- inFront
}
