package scenario

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"

	"parley/bench/load"
	"parley/bench/report"
	"parley/bench/rig"
)

// towns are the worlds messages are taken in to: one organization that everybody writes to, and many.
func (l *Lab) towns() map[string]rig.World {
	people := 20_000 // and ten messages each: plans for empty tables are no measure
	if l.Small {
		people = 2000
	}
	return map[string]rig.World{
		"hot":  {Organizations: 1, Users: 2, Conversations: people, Even: true, Messages: 10 * people},
		"many": {Organizations: 50, Users: 2, Conversations: people, Even: true, Messages: 10 * people},
	}
}

// Ingest measures how signed WhatsApp webhooks are taken in, beside PostgreSQL doing the same transactions by itself.
func (l *Lab) Ingest(ctx context.Context) error {
	for run := range l.Runs {
		for _, town := range []string{"hot", "many"} {
			for _, clients := range []int{1, 8, 64} {
				m := report.Measurement{Scenario: "ingest", Case: fmt.Sprintf("%s, %d", town, clients), Server: "floor", Run: run}
				var err error
				m.Figures, err = l.ingestFloor(ctx, town, clients)
				if err := l.note(ctx, m, err); err != nil {
					return err
				}
				m.Server = "parley"
				m.Figures, m.Remarks, err = l.ingest(ctx, town, clients)
				if err := l.note(ctx, m, err); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (l *Lab) span() time.Duration {
	if l.Small {
		return 3 * time.Second
	}
	return 10 * time.Second
}

func (l *Lab) ingestFloor(ctx context.Context, town string, clients int) (map[string]float64, error) {
	w := l.towns()[town]
	database, err := l.world(ctx, town, w)
	if err != nil {
		return nil, err
	}
	f, err := l.postgres.Bench(ctx, l.dir, database, rig.IngestFloor, clients, l.span(),
		map[string]int{"organizations": w.Organizations, "people": w.Conversations / w.Organizations})
	return map[string]float64{"messages/s": f.PerSecond, "p50 ms": milliseconds(f.P50), "p99 ms": milliseconds(f.P99)}, err
}

func (l *Lab) ingest(ctx context.Context, town string, clients int) (map[string]float64, []string, error) {
	w := l.towns()[town]
	database, err := l.world(ctx, town, w)
	if err != nil {
		return nil, nil, err
	}
	server, err := rig.Parley(ctx, l.parley, l.dir, "parley-a", nil, database, l.redis.URL)
	if err != nil {
		return nil, nil, err
	}
	defer server.Stop()
	var n atomic.Int64
	mark := strconv.FormatInt(time.Now().UnixNano(), 36)
	a := load.Ask(ctx, load.Questions{
		Address: server.Address, Clients: clients, Warm: l.span() / 5, For: l.span(), Processes: []int{server.ID()},
		Next: func(int) load.Request {
			phone, account := w.Person(1+rand.IntN(w.Organizations), 1+rand.IntN(w.Conversations/w.Organizations))
			return load.Signed("/webhooks/whatsapp", rig.AppSecret, webhook(account, letter{phone, fmt.Sprintf("%s.%d", mark, n.Add(1)),
				"Hello, my order has not arrived yet. Can you tell me where it is, please? Many thanks and kind regards."}))
		},
	})
	f := map[string]float64{
		"messages/s": a.PerSecond(), "p50 ms": milliseconds(a.Latency.Quantile(.5)), "p99 ms": milliseconds(a.Latency.Quantile(.99)),
		"CPU us per message": float64(a.CPU[0].Microseconds()) / max(float64(a.Good), 1), "refused": float64(a.Bad),
	}
	return f, complaints(a), nil
}

func complaints(a load.Answers) []string {
	if a.Bad == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d bad answers, such as: %s", a.Bad, a.FirstBad)}
}
