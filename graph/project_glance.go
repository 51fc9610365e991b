package graph

import (
	"context"

	"parley/graph/view"
	"parley/models"
)

// glance answers a query for nothing but a list in one round trip to the database, if the rows of the list and what is
// remembered will do. If not, it is answered as other queries are, from another snapshot: nothing of the first is used.
func (r *Resolver) glance(ctx context.Context, f models.ConversationFilter, sort models.ConversationSort, p models.Page) (done bool, err error) {
	answer, _ := ctx.Value(projectedKey{}).(*projected)
	if answer == nil || !answer.alone || answer.plan.messages || answer.plan.identities || answer.plan.contacts {
		return false, nil
	}
	store, scope := r.Inbox.Store(), view.From(ctx)
	if answer.plan.refers && !store.Remembers(scope.Viewer().OrganizationID) {
		return false, nil
	}
	tx, list, err := store.Glance(ctx, scope.Viewer(), models.ViewInbox, answer.plan.columns, f, sort, p)
	if err != nil {
		scope.Blame(err)
		return false, err
	}
	answer.json = answer.plan.atOnce(tx, list)
	return answer.json != nil, nil
}

// atOnce writes a page without reading more than its rows; nil if it cannot.
func (p *plan) atOnce(tx *models.Tx, list *models.ConversationConnection) []byte {
	s := &sight{tx: tx}
	if p.refers {
		s.directory, _ = tx.Directory() // of what is over there is only what is remembered
	}
	for i := range list.Edges {
		if c := list.Edges[i].Node; p.shows && c.LastMessageID != nil && c.Last.Text == nil {
			return nil
		}
	}
	return p.write(s, list)
}
