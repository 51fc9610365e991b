package models

import (
	"context"
	"fmt"
)

// ended are those of the named viewers whose token was revoked or has expired, or who are no members any more.
const ended = `
	SELECT v.organization_id, v.user_id, v.token_id
	FROM unnest($1::text[], $2::text[], $3::text[]) AS v (organization_id, user_id, token_id)
	WHERE NOT EXISTS (
		SELECT FROM tokens t
		JOIN memberships m ON m.organization_id = t.organization_id AND m.user_id = t.user_id AND m.removed_at IS NULL
		WHERE t.organization_id = v.organization_id AND t.id = v.token_id AND t.user_id = v.user_id
		  AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $4))`

// Ended returns those of these viewers, of whatever organizations, whose token lets them in no more. It is one statement.
func (s *Store) Ended(ctx context.Context, viewers []Viewer) ([]Viewer, error) {
	var organizations, users, tokens []string
	for _, v := range viewers {
		organizations, users, tokens = append(organizations, v.OrganizationID), append(users, v.UserID), append(tokens, v.TokenID)
	}
	rows, err := s.pool.QueryContext(ctx, ended, organizations, users, tokens, s.clock.Now())
	if err != nil {
		return nil, fmt.Errorf("look for ended tokens: %w", err)
	}
	defer rows.Close()
	var out []Viewer
	for rows.Next() {
		v := Viewer{Kind: ActorUser}
		if err := rows.Scan(&v.OrganizationID, &v.UserID, &v.TokenID); err != nil {
			return nil, fmt.Errorf("read ended token: %w", err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("look for ended tokens: %w", err)
	}
	return out, nil
}
