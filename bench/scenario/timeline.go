package scenario

import (
	"context"
	"fmt"

	"parley/bench/report"
	"parley/bench/rig"
)

const timelineDocument = `query($id: ID!) { conversation(id: $id) { id status
	messages(last: 50) { pageInfo { hasPreviousPage startCursor } edges { cursor node {
		id direction text createdAt platformAt authorUser { id name } authorContact { name handle } attachments { kind url }
		delivery { status } } } } } }`

// Timeline measures the newest fifty messages of long conversations.
func (l *Lab) Timeline(ctx context.Context) error {
	for run := range l.Runs {
		for _, clients := range []int{1, 8} {
			err := l.withReader(ctx, true, func(r *reader) error {
				var pages []weighed
				for n := 2; n <= max(r.world.Conversations/100, 2); n += 2 { // every second one is the first organization's
					pages = append(pages, weighed{1, ask(timelineDocument, map[string]any{"id": rig.ID("cnv", n)})})
				}
				m := report.Measurement{Scenario: "timeline", Case: fmt.Sprintf("newest 50, %d", clients), Server: "parley", Run: run}
				m.Figures, m.Remarks = l.browse(ctx, r.server, clients, pages, `"createdAt"`)
				return l.note(ctx, m, nil)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
