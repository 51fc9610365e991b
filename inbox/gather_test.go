package inbox

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"parley/models"
)

// desk takes in groups when it is told to.
type desk struct {
	*gathering
	t      *testing.T
	groups chan []*arrival // begun
	finish chan struct{}
}

func newDesk(t *testing.T, limits gatherLimits) *desk {
	d := &desk{t: t, groups: make(chan []*arrival, 10), finish: make(chan struct{})}
	d.gathering = newGathering(func(_ context.Context, _ string, group []*arrival) {
		d.groups <- group
		<-d.finish
	})
	d.limits = limits
	return d
}

// arrive has somebody join and waits until they are in line, or lead.
func (d *desk) arrive(ctx context.Context, l load) (answer chan error) {
	d.t.Helper()
	answer = make(chan error, 1)
	a := &arrival{route: models.ChannelRoute{OrganizationID: "org"}, load: l}
	go func() { answer <- d.join(ctx, a) }()
	d.await(func() bool { return !a.since.IsZero() || len(answer) > 0 })
	return answer
}

func (d *desk) await(holds func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		d.mu.Lock()
		done := holds()
		d.mu.Unlock()
		if done {
			return
		}
	}
	d.t.Fatal("it did not happen")
}

// goes finishes the group that is under way and returns how much was in it.
func (d *desk) goes() int {
	group := <-d.groups
	d.finish <- struct{}{}
	return len(group)
}

// ends fails the test unless nothing is left of anybody.
func (d *desk) ends() {
	d.t.Helper()
	d.await(func() bool { return len(d.lines) == 0 })
	if d.load != (load{}) {
		d.t.Errorf("%+v is left in line", d.load)
	}
}

func TestGathering(t *testing.T) {
	t.Parallel()
	one := load{1, 100}
	t.Run("has those wait who come while others are taken in, and go together in their order", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, defaultGatherLimits())
		answers := []chan error{d.arrive(t.Context(), one)}
		first := <-d.groups
		for n := range 3 {
			answers = append(answers, d.arrive(t.Context(), load{n + 2, 100}))
		}

		d.finish <- struct{}{}
		second := <-d.groups
		d.finish <- struct{}{}

		var order []int
		for _, a := range second {
			order = append(order, a.load.elements)
		}
		if len(first) != 1 || !slices.Equal(order, []int{2, 3, 4}) {
			t.Errorf("%d went first, then %v", len(first), order)
		}
		for _, answer := range answers {
			if err := <-answer; err != nil {
				t.Error(err)
			}
		}
		d.ends()
	})
	t.Run("lets organizations go side by side", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, defaultGatherLimits())
		d.arrive(t.Context(), one)
		other := &arrival{route: models.ChannelRoute{OrganizationID: "other"}, load: one}
		go d.join(t.Context(), other) //nolint:errcheck // it is the group that counts

		<-d.groups
		<-d.groups

		close(d.finish)
		d.ends()
	})
	t.Run("bounds what goes together", func(t *testing.T) {
		t.Parallel()
		limits := defaultGatherLimits()
		limits.group = load{3, 1000}
		d := newDesk(t, limits)
		d.limits.linger = 0
		for _, l := range []load{one, {2, 100}, {1, 100}, {1, 100}, {1, 950}, {50, 5000}} {
			d.arrive(t.Context(), l)
		}

		var sizes []int
		for range 5 {
			sizes = append(sizes, d.goes())
		}

		if want := []int{1, 2, 1, 1, 1}; !slices.Equal(sizes, want) {
			t.Errorf("groups of %v, want %v", sizes, want)
		}
		d.ends()
	})
	t.Run("lingers for those who were in the last group", func(t *testing.T) {
		t.Parallel()
		limits := defaultGatherLimits()
		var hours atomic.Int64
		limits.linger, limits.now = time.Hour, func() time.Time { return time.Unix(hours.Add(1)*3600, 0) }
		limits.wait = 1000 * time.Hour
		d := newDesk(t, limits)
		d.arrive(t.Context(), one)
		<-d.groups
		d.arrive(t.Context(), one)
		d.arrive(t.Context(), one)
		d.finish <- struct{}{}
		<-d.groups
		d.arrive(t.Context(), one)
		d.finish <- struct{}{}
		d.await(func() bool { return d.lines["org"].awaited > 0 })

		d.arrive(t.Context(), one)

		if n := d.goes(); n != 2 {
			t.Errorf("%d went", n)
		}
		d.ends()
	})
	t.Run("sends away what does not fit into the line", func(t *testing.T) {
		t.Parallel()
		limits := defaultGatherLimits()
		limits.line, limits.all = load{2, 1000}, load{3, 1000}
		d := newDesk(t, limits)
		d.arrive(t.Context(), one)
		<-d.groups
		d.arrive(t.Context(), load{2, 100})

		refused := d.arrive(t.Context(), one)

		if err := <-refused; !errors.Is(err, errBusy) {
			t.Errorf("got %v", err)
		}
		d.finish <- struct{}{}
		if n := d.goes(); n != 1 {
			t.Errorf("%d went", n)
		}
		d.ends()
	})
	t.Run("sends away who waited too long", func(t *testing.T) {
		t.Parallel()
		limits := defaultGatherLimits()
		var now atomic.Int64
		limits.now = func() time.Time { return time.Unix(0, now.Load()) }
		d := newDesk(t, limits)
		d.arrive(t.Context(), one)
		<-d.groups
		leads, late := d.arrive(t.Context(), one), d.arrive(t.Context(), one)
		now.Add(int64(limits.wait + time.Second))

		d.finish <- struct{}{}

		if err := <-late; !errors.Is(err, errBusy) {
			t.Errorf("got %v", err)
		}
		if n := d.goes(); n != 1 || <-leads != nil {
			t.Errorf("%d went", n)
		}
		d.ends()
	})
	t.Run("goes on without those who went away", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, defaultGatherLimits())
		ctx, leave := context.WithCancel(t.Context())
		first := d.arrive(ctx, one)
		<-d.groups
		gone, stays := d.arrive(ctx, one), d.arrive(t.Context(), one)

		leave()

		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		d.finish <- struct{}{}
		if err := <-first; err != nil {
			t.Errorf("what is under way was cut short: %v", err)
		}
		if n := d.goes(); n != 1 || <-stays != nil {
			t.Errorf("%d went", n)
		}
		d.ends()
	})
	t.Run("does not wait for the end of what it cannot stop", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, defaultGatherLimits())
		d.arrive(t.Context(), one)
		<-d.groups
		ctx, leave := context.WithCancel(t.Context())
		d.arrive(t.Context(), one)
		inGroup := d.arrive(ctx, one)
		d.finish <- struct{}{}
		<-d.groups

		leave()

		if err := <-inGroup; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		d.finish <- struct{}{}
		d.ends()
	})
}
