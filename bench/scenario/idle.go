package scenario

import (
	"context"
	"time"

	"parley/bench/load"
	"parley/bench/report"
	"parley/bench/rig"
)

// Idle measures what subscribers cost that hear nothing.
func (l *Lab) Idle(ctx context.Context) error {
	if err := l.pin(rig.Rest); err != nil {
		return err
	}
	defer func() { _ = l.pin(nil) }()
	for run := range l.Runs {
		for _, s := range l.subjects() {
			m, err := l.idle(ctx, s)
			m.Scenario, m.Case, m.Server, m.Run = "idle", "subscribed", s.name, run
			if err := l.note(ctx, m, err); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Lab) idle(ctx context.Context, s subject) (m report.Measurement, err error) {
	sockets, rest := 10_000, 20*time.Second
	if l.Small {
		sockets, rest = 1000, 3*time.Second
	}
	stage, err := s.start(ctx, 1)
	if err != nil {
		return m, err
	}
	defer stage.stop()
	server := stage.measured.ID()
	empty := load.Resident(server)
	swarm, err := load.Open(ctx, load.Plan{
		Address: stage.measured.Address, Path: stage.path, Dialect: stage.dialect, Entrance: stage.entrance, Sockets: sockets, Topics: 1,
	})
	if err != nil {
		return m, err
	}
	defer swarm.Close()
	if err := swarm.Await(ctx); err != nil {
		return m, err
	}
	each := func() float64 { return float64(load.Resident(server)-empty) / 1024 / float64(sockets) }
	m.Figures = map[string]float64{"KiB after connecting": each(), "connections/s": float64(sockets) / swarm.Opening.Seconds()}
	used := load.CPU(server)
	select {
	case <-time.After(rest):
	case <-ctx.Done():
		return m, ctx.Err()
	}
	m.Figures["cores"] = (load.CPU(server) - used).Seconds() / rest.Seconds()
	if stage.collect {
		if err := stage.measured.Collect(ctx); err != nil {
			return m, err
		}
	}
	m.Figures["KiB per connection"] = each()
	return m, nil
}
