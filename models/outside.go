package models

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
)

// What happens before an organization is known, and so outside the wall. Nothing here returns a customer's words.

// Locate finds where deliveries for a platform's account belong. It returns nil if the account is not connected.
func (s *Store) Locate(ctx context.Context, p Platform, accountID string) (*ChannelRoute, error) {
	var route ChannelRoute
	err := s.db.WithContext(ctx).Where("platform = ? AND account_id = ?", p, accountID).Take(&route).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("locate account: %w", err)
	}
	return &route, nil
}

// Authenticate finds who a token's secret stands for, and when it expires (zero: never).
func (s *Store) Authenticate(ctx context.Context, secret string) (Viewer, time.Time, error) {
	unknown := Refuse(Unauthenticated, "", "This token is not valid.")
	organizationID, ok := organizationOf(secret)
	if !ok {
		return Viewer{}, time.Time{}, unknown
	}
	// Found by its hash: nothing of the secret can be learned from how long that takes.
	var token Token
	err := s.db.WithContext(ctx).Raw(`
		SELECT t.* FROM tokens t
		JOIN memberships m ON m.organization_id = t.organization_id AND m.user_id = t.user_id AND m.removed_at IS NULL
		WHERE t.organization_id = ? AND t.hash = ? AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?)`,
		organizationID, hashOf([]byte(secret)), s.clock.Now()).Scan(&token).Error
	if err != nil {
		return Viewer{}, time.Time{}, fmt.Errorf("find token: %w", err)
	}
	if token.ID == "" {
		return Viewer{}, time.Time{}, unknown
	}
	var expires time.Time
	if token.ExpiresAt != nil {
		expires = *token.ExpiresAt
	}
	return Viewer{
		Kind: ActorUser, OrganizationID: organizationID, UserID: token.UserID, TokenID: token.ID, TrustedOnly: token.TrustedOnly,
	}, expires, nil
}

// Login is what signing in needs to know of a user.
type Login struct {
	UserID       string
	PasswordHash string
}

// LoginByEmail finds a user who can sign in; nil if there is none.
func (s *Store) LoginByEmail(ctx context.Context, email string) (*Login, error) {
	var login Login
	err := s.db.WithContext(ctx).Raw(`
		SELECT u.id AS user_id, p.hash AS password_hash FROM users u JOIN passwords p ON p.user_id = u.id WHERE u.email = ?`,
		strings.ToLower(email)).Scan(&login).Error
	if err != nil {
		return nil, fmt.Errorf("find login: %w", err)
	}
	if login.UserID == "" {
		return nil, nil
	}
	return &login, nil
}

// OrganizationsOf reads the organizations a user belongs to, by name.
func (s *Store) OrganizationsOf(ctx context.Context, userID string) ([]Organization, error) {
	var organizations []Organization
	err := s.db.WithContext(ctx).Raw(`
		SELECT o.* FROM organizations o JOIN memberships m ON m.organization_id = o.id
		WHERE m.user_id = ? AND m.removed_at IS NULL ORDER BY o.name, o.id`, userID).Scan(&organizations).Error
	if err != nil {
		return nil, fmt.Errorf("read organizations of user: %w", err)
	}
	return organizations, nil
}

// NewMember is a person who joins an organization.
type NewMember struct {
	Email        string
	Name         string
	PasswordHash string // empty: cannot sign in with a password
	Role         Role
}

// Found makes an organization with its first members; users that exist already, by email, join it. It returns the
// organization and the members' user ids, in order.
func (s *Store) Found(ctx context.Context, name string, plan Plan, members ...NewMember) (*Organization, []string, error) {
	now := s.clock.Now()
	o := &Organization{
		ID: newID(OrganizationPrefix), Name: name, Plan: plan, InboxStatus: InboxIsActive, InboxOpenedAt: now, CreatedAt: now,
	}
	look, prune := o.NextInactivityLook(s.rules, now), now.Add(24*time.Hour)
	o.InactivityDueAt, o.EventsDueAt = &look, &prune
	var userIDs []string
	err := s.db.WithContext(ctx).Transaction(func(db *gorm.DB) error {
		userIDs = nil
		if err := db.Create(o).Error; err != nil {
			return err
		}
		for _, m := range members {
			id, err := join(db, o.ID, m, now)
			if err != nil {
				return err
			}
			userIDs = append(userIDs, id)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("found organization: %w", err)
	}
	return o, userIDs, nil
}

// Join makes somebody a member of an organization, once more if they left. Who is one keeps the role they have.
func (s *Store) Join(ctx context.Context, organizationID string, m NewMember) error {
	return s.db.WithContext(ctx).Transaction(func(db *gorm.DB) error {
		var known bool
		if err := db.Raw(`SELECT EXISTS (SELECT FROM organizations WHERE id = ?)`, organizationID).Scan(&known).Error; err != nil {
			return fmt.Errorf("find organization: %w", err)
		}
		if !known {
			return errNotFound
		}
		now := s.clock.Now()
		userID, err := takeUser(db, m, now)
		if err != nil {
			return fmt.Errorf("take user: %w", err)
		}
		err = db.Exec(`INSERT INTO memberships AS m (organization_id, user_id, role, created_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (organization_id, user_id) DO UPDATE SET role = excluded.role, removed_at = NULL WHERE m.removed_at IS NOT NULL`,
			organizationID, userID, m.Role, now).Error
		if err != nil {
			return fmt.Errorf("join organization: %w", err)
		}
		return nil
	})
}

func join(db *gorm.DB, organizationID string, m NewMember, now time.Time) (userID string, err error) {
	if userID, err = takeUser(db, m, now); err != nil {
		return "", err
	}
	return userID, db.Create(&Membership{OrganizationID: organizationID, UserID: userID, Role: m.Role, CreatedAt: now}).Error
}

// takeUser finds or makes a user. Who has a password keeps it.
func takeUser(db *gorm.DB, m NewMember, now time.Time) (userID string, err error) {
	email := strings.ToLower(m.Email)
	err = db.Exec(`INSERT INTO users (id, email, name, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (email) DO NOTHING`,
		newID(UserPrefix), email, m.Name, now).Error
	if err != nil {
		return "", err
	}
	if err := db.Raw(`SELECT id FROM users WHERE email = ?`, email).Scan(&userID).Error; err != nil {
		return "", err
	}
	if m.PasswordHash != "" {
		err := db.Exec(`INSERT INTO passwords (user_id, hash, changed_at) VALUES (?, ?, ?) ON CONFLICT (user_id) DO NOTHING`,
			userID, m.PasswordHash, now).Error
		if err != nil {
			return "", err
		}
	}
	return userID, nil
}

// HasOrganizations reports whether anyone uses this database yet.
func (s *Store) HasOrganizations(ctx context.Context) (has bool, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT EXISTS (SELECT FROM organizations)`).Scan(&has).Error
	if err != nil {
		return false, fmt.Errorf("look for organizations: %w", err)
	}
	return has, nil
}

// LogEnds reads the number of the newest event of each of these organizations.
func (s *Store) LogEnds(ctx context.Context, organizationIDs []string) (map[string]int64, error) {
	var ends []struct {
		ID           string
		LastEventSeq int64
	}
	err := s.db.WithContext(ctx).Raw(`SELECT id, last_event_seq FROM organizations WHERE id IN ?`, organizationIDs).Scan(&ends).Error
	if err != nil {
		return nil, fmt.Errorf("read ends of logs: %w", err)
	}
	last := make(map[string]int64, len(ends))
	for _, e := range ends {
		last[e.ID] = e.LastEventSeq
	}
	return last, nil
}

// KeepUnrouted keeps a delivery that belongs to no organization we know, for operators.
func (s *Store) KeepUnrouted(ctx context.Context, p Platform, accountID, explanation string, body []byte) error {
	err := s.db.WithContext(ctx).Exec(`
		INSERT INTO unrouted_deliveries (id, platform, account_id, explanation, body, body_hash, received_at)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (platform, account_id, body_hash) DO NOTHING`,
		newID(DeliveryPrefix), p, accountID, explanation, body, hashOf(body), s.clock.Now()).Error
	if err != nil {
		return fmt.Errorf("keep unrouted delivery: %w", err)
	}
	return nil
}
