package scenario

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parley/bench/load"
	"parley/bench/report"
	"parley/bench/rig"
)

// crowd is one case of the fan-out.
type crowd struct {
	name            string
	sockets, topics int
	stalled         int
	load            load.Load
	without         []string // peers that have no business here
}

func (l *Lab) crowds() []crowd {
	few, many, groups, span := 1000, 10_000, 500, 10*time.Second
	if l.Small {
		few, many, groups, span = 200, 1000, 50, 3*time.Second
	}
	rate := func(r float64) load.Load {
		return load.Load{Rate: r, Warm: time.Second, For: span, Drain: 30 * time.Second}
	}
	window := load.Load{Window: 16, Warm: time.Second, For: span, Drain: 30 * time.Second}
	return []crowd{
		{name: "few", sockets: few, topics: 1, load: rate(5)},
		{name: "many", sockets: many, topics: 1, load: rate(5)},
		{name: "saturated", sockets: many, topics: 1, load: window},
		{name: "groups", sockets: groups * 10, topics: groups, load: rate(float64(groups))},
		{name: "stalled", sockets: few, topics: 1, stalled: few / 100, load: window, without: []string{"rawfd", "gorilla"}},
	}
}

// Fanout measures how messages reach many subscribers.
func (l *Lab) Fanout(ctx context.Context) error {
	if err := l.pin(rig.Rest); err != nil {
		return err
	}
	defer func() { _ = l.pin(nil) }()
	for run := range l.Runs {
		for _, c := range l.crowds() {
			for _, s := range l.subjects() {
				if slices.Contains(c.without, s.name) {
					continue
				}
				m, err := l.crowd(ctx, s, c)
				m.Scenario, m.Case, m.Server, m.Run = "fanout", c.name, s.name, run
				if err := l.note(ctx, m, err); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (l *Lab) crowd(ctx context.Context, s subject, c crowd) (m report.Measurement, err error) {
	stage, err := s.start(ctx, c.topics)
	if err != nil {
		return m, err
	}
	defer stage.stop()
	if s.name == "stock" && c.load.Window > 0 {
		c.load.Window = 2 // with more it only queues
	}
	server := stage.measured.ID()
	empty, idle := load.Resident(server), load.CPU(server)
	swarm, err := load.Open(ctx, load.Plan{
		Address: stage.measured.Address, Path: stage.path, Dialect: stage.dialect, Entrance: stage.entrance,
		Sockets: c.sockets, Topics: c.topics, Stalled: c.stalled,
	})
	if err != nil {
		return m, err
	}
	defer swarm.Close()
	connecting := load.CPU(server) - idle
	if err := swarm.Await(ctx); err != nil {
		return m, err
	}
	if stage.collect {
		if err := stage.measured.Collect(ctx); err != nil {
			return m, err
		}
	}
	resident := load.Resident(server) - empty
	r, err := swarm.Measure(ctx, server, c.load)
	if err != nil {
		return m, err
	}
	m.Figures = figures(r)
	m.Figures["KiB per connection"] = float64(resident) / 1024 / float64(c.sockets)
	m.Figures["connections/s"] = float64(c.sockets) / swarm.Opening.Seconds()
	m.Figures["CPU ms per connection"] = milliseconds(connecting) / float64(c.sockets)
	m.Remarks = remarks(r)
	if busy := r.Server.Seconds() / r.Elapsed.Seconds(); c.load.Window > 0 && busy < .8 {
		m.Remarks = append(m.Remarks, fmt.Sprintf("the measured server was not the limit: it used %.1f of its core", busy))
	}
	return m, nil
}

func figures(r load.Report) map[string]float64 {
	deliveries := max(float64(r.Deliveries), 1)
	return map[string]float64{
		"CPU s per 1M":        r.PerMillion().Seconds(),
		"deliveries/s":        r.PerSecond(),
		"messages/s":          float64(r.Messages) / r.Elapsed.Seconds(),
		"p50 ms":              milliseconds(r.Latency.Quantile(.5)),
		"p99 ms":              milliseconds(r.Latency.Quantile(.99)),
		"lost":                float64(r.Lost),
		"doubled":             float64(r.Repeated) + float64(r.Backwards),
		"reordered":           float64(r.Late),
		"bytes per delivery":  float64(r.Bytes) / deliveries,
		"reads per delivery":  float64(r.Reads) / deliveries,
		"cores of the server": r.Server.Seconds() / r.Elapsed.Seconds(),
		"cores of the client": r.Client.Seconds() / r.Elapsed.Seconds(),
		report.Faults:         float64(r.Lost) + float64(r.Repeated) + float64(r.Late) + float64(r.Backwards) + float64(r.Contrary) + float64(r.Foreign),
		"undelivered":         float64(r.Undelivered),
	}
}

// remarks are what a reader of the figures has to know.
func remarks(r load.Report) (all []string) {
	if r.ClientIsTheLimit {
		all = append(all, "the client was the limit")
	}
	if !r.Drained {
		all = append(all, "could not keep up")
	}
	if r.Contrary > 0 {
		all = append(all, fmt.Sprintf("%d deliveries with another cursor", r.Contrary))
	}
	if r.Foreign > 0 {
		all = append(all, fmt.Sprintf("%d deliveries of a foreign topic", r.Foreign))
	}
	for why, n := range r.Ended {
		all = append(all, fmt.Sprintf("%d sockets ended: %s", n, why))
	}
	return all
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
