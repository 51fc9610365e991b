package graph_test

import (
	"slices"

	"parley/models"
)

// limited is a member who does not see the channel on X, nor the widget.
func (o *tenant) limited() stranger {
	o.T.Helper()
	var seen, unseen []string
	var x *models.Channel
	o.Must(o.Store.Read(o.Context(), o.Owner, models.ViewInbox, func(tx *models.Tx) error {
		channels, err := tx.Channels(nil)
		for i, c := range channels {
			switch c.Platform {
			case models.X:
				x = &channels[i]
				fallthrough
			case models.Messenger:
				unseen = append(unseen, c.ID)
			default:
				seen = append(seen, c.ID)
			}
		}
		return err
	}))
	_, err := o.Inbox.ChangeAccess(o.Context(), o.Owner, o.Colleague.UserID, seen, "")
	o.Must(err)
	hidden := o.onChannels(unseen)
	s := stranger{
		name: "a member who does not see the channel", viewer: o.Colleague, hidden: map[string][]string{}, secrets: append(hidden, "hiddenum"),
		own: &tenant{api: o.api, name: o.name, comment: o.comment, things: map[string][]string{}, sessions: map[models.Viewer]string{}},
		behind: &tenant{
			api:  &api{World: o.on(x), server: o.server, feed: o.feed, tokens: map[models.Viewer]string{}},
			name: "hiddenum", sessions: map[models.Viewer]string{},
		},
	}
	for kind, ids := range o.things {
		for _, id := range ids {
			if slices.Contains(hidden, id) {
				s.hidden[kind] = append(s.hidden[kind], id)
			} else {
				s.own.things[kind] = append(s.own.things[kind], id)
			}
		}
	}
	if len(s.hidden) < 5 {
		o.T.Fatalf("%s hides only %v", o.name, s.hidden)
	}
	return s
}

// onChannels are the ids of channels, and of all that is on them.
func (o *tenant) onChannels(ids []string) []string {
	o.T.Helper()
	found := o.rows(`SELECT format('SELECT id FROM %I WHERE organization_id = $1 AND channel_id = ANY ($2)', table_name)
		FROM information_schema.columns a JOIN information_schema.columns b USING (table_schema, table_name)
		WHERE table_schema = 'public' AND a.column_name = 'channel_id' AND b.column_name = 'id' AND b.data_type = 'text'`)
	all := slices.Clone(ids)
	for _, sql := range found {
		all = append(all, o.rows(sql, o.Org.ID, ids)...)
	}
	return all
}
