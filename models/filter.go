package models

import (
	"fmt"
	"slices"
	"strings"
)

// MaxFilterValues is how many values one field of a filter may have.
const MaxFilterValues = 100

// filter selects the conversations that match. With arms, each of two statuses may walk an index of its own.
func (tx *Tx) filter(f ConversationFilter, arms bool) (*selection, error) {
	for field, n := range map[string]int{"channelIds": len(f.ChannelIDs), "statuses": len(f.Statuses), "platforms": len(f.Platforms),
		"surfaces": len(f.Surfaces), "windowStates": len(f.WindowStates)} {
		if n > MaxFilterValues {
			return nil, Refuse(InvalidInput, "filter."+field, "A filter has at most 100 values.")
		}
	}
	s := &selection{table: "conversations"}
	s.and("organization_id = " + s.arg(tx.Viewer.OrganizationID))
	s.inStatus(f.Statuses, arms)
	among(s, "channel_id", f.ChannelIDs)
	among(s, "platform", f.Platforms)
	among(s, "surface", f.Surfaces)
	if f.AssigneeUserID != nil {
		s.and("assignee_user_id = " + s.arg(*f.AssigneeUserID))
	}
	if f.AssigneeTeamID != nil {
		s.and("assignee_team_id = " + s.arg(*f.AssigneeTeamID))
	}
	if f.Unassigned != nil && *f.Unassigned {
		s.and("assignee_user_id IS NULL AND assignee_team_id IS NULL")
	}
	if f.Unassigned != nil && !*f.Unassigned {
		s.and("(assignee_user_id IS NOT NULL OR assignee_team_id IS NOT NULL)")
	}
	if len(f.WindowStates) > 0 {
		s.and(tx.inWindowState(s, f.WindowStates))
	}
	if f.Text != nil && strings.TrimSpace(*f.Text) != "" {
		words, err := searchWords(*f.Text)
		if err != nil {
			return nil, err
		}
		s.and("id IN (SELECT conversation_id FROM search_conversations(to_tsquery('simple', " + s.arg(words) + ")))")
	}
	return s, nil
}

// inStatus narrows to statuses. They are written out, so that an index of what is open is known to have all of them.
func (s *selection) inStatus(statuses []ConversationStatus, arms bool) {
	var wanted []ConversationStatus
	for _, status := range []ConversationStatus{New, Pending, Resolved} {
		if slices.Contains(statuses, status) {
			wanted = append(wanted, status)
		}
	}
	equal := func(status ConversationStatus) string { return "status = '" + string(status) + "'" }
	switch {
	case len(statuses) == 0 || len(wanted) == 3:
	case len(wanted) == 0:
		s.and("FALSE")
	case len(wanted) == 1:
		s.and(equal(wanted[0]))
	case !slices.Contains(wanted, Resolved):
		s.and("status <> 'RESOLVED'")
	case arms:
		s.arms = []string{equal(wanted[0]), equal(wanted[1])}
	default:
		s.and("(" + equal(wanted[0]) + " OR " + equal(wanted[1]) + ")")
	}
}

// inWindowState says in SQL what Conversation.Window says in Go; a test holds the two together.
func (tx *Tx) inWindowState(s *selection, states []WindowState) string {
	var limited, unlimited []string
	for _, c := range capabilities {
		place := fmt.Sprintf("('%s', '%s')", c.Platform, c.Surface)
		if c.HasWindow() {
			limited = append(limited, place)
		} else {
			unlimited = append(unlimited, place)
		}
	}
	where := func(places []string) string { return "(platform, surface) IN (" + strings.Join(places, ", ") + ")" }
	now := func() string { return s.arg(tx.Now) }
	closing := func() string { return s.arg(tx.Now.Add(tx.Rules.WindowLead)) }
	const some = "window_messages_left IS DISTINCT FROM 0"
	any := []string{"FALSE"}
	for _, state := range states {
		switch state {
		case WindowUnlimited:
			any = append(any, where(unlimited))
		case WindowOpen:
			any = append(any, where(limited)+" AND window_expires_at > "+closing()+" AND "+some)
		case WindowIsClosing:
			any = append(any, where(limited)+" AND window_expires_at >= "+now()+" AND window_expires_at <= "+closing()+" AND "+some)
		case WindowIsClosed:
			any = append(any, where(limited)+" AND (window_expires_at IS NULL OR window_expires_at < "+now()+" OR window_messages_left = 0)")
		}
	}
	return "(" + strings.Join(any, " OR ") + ")"
}
