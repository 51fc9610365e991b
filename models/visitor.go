package models

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// VisitLength is how long a visitor's token is good for since it was last used; a day more or less does not matter.
const VisitLength = 30 * 24 * time.Hour

// Visitor is a browser that talks to us through a widget, with its token. Only the token's hash is kept.
type Visitor struct {
	OrganizationID string `gorm:"primaryKey"`
	ID             string `gorm:"primaryKey"`
	ChannelID      string
	CustomerID     *string // by which the widget's site vouches for the person; nil: anonymous
	Name           string
	WasAnonymous   bool // before the site vouched for them
	Hash           []byte
	CreatedAt      time.Time `gorm:"autoCreateTime:false"`
	ExpiresAt      time.Time
	EndedAt        *time.Time
}

// IdentityClaim is what a visitor says of who they are. The hash proves that the widget's site says so too.
type IdentityClaim struct {
	ID   string
	Hash string // see IdentityHash
	Name string
}

// IsIdentified reports whether the widget's site has vouched for who the visitor is.
func (v Visitor) IsIdentified() bool { return v.CustomerID != nil }

// Author is who writes: the customer the site vouches for, or somebody known by this browser alone.
func (v Visitor) Author() Author {
	if v.CustomerID == nil {
		return Author{ID: v.ID}
	}
	a := Author{ID: *v.CustomerID, Name: v.Name}
	if v.WasAnonymous {
		a.AltID = v.ID // what they wrote before is theirs
	}
	return a
}

// IdentityHash is how a widget's site vouches for a customer: HMAC-SHA256 of the id under the widget's identity secret, in
// lower-case hex.
func IdentityHash(secret, customerID string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(customerID))
	return hex.EncodeToString(mac.Sum(nil))
}

// Vouches reports whether the widget's site says that the claim is true. Without a secret nobody can.
func (c Credentials) Vouches(claim IdentityClaim) bool {
	want := IdentityHash(c.IdentitySecret, claim.ID)
	return c.IdentitySecret != "" && hmac.Equal([]byte(want), []byte(strings.ToLower(claim.Hash)))
}

// Check refuses a claim no site makes. An id must not look like one of ours: it would be somebody else's browser.
func (c IdentityClaim) Check() error {
	if c.ID == "" || len(c.ID) > 200 || !utf8.ValidString(c.ID) || strings.ContainsFunc(c.ID, unicode.IsControl) || isID(strings.ToLower(c.ID), VisitorPrefix) {
		return Refuse(InvalidInput, "identity.id", "A customer has an id of the site's own, of at most 200 bytes.")
	}
	if len(c.Name) > 200 {
		return Refuse(InvalidInput, "identity.name", "A name has at most 200 bytes.")
	}
	return nil
}

// NewVisitor makes an anonymous visitor of a widget and the secret of its token, which is shown once.
func (tx *Tx) NewVisitor(channelID string) (visitor *Visitor, secret string, err error) {
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return nil, "", fmt.Errorf("make visitor: %w", err)
	}
	secret = "plv_" + base64.RawURLEncoding.EncodeToString(random)
	return &Visitor{
		OrganizationID: tx.Viewer.OrganizationID, ID: newID(VisitorPrefix), ChannelID: channelID, Hash: hashOf([]byte(secret)),
		CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(VisitLength),
	}, secret, nil
}

// DoAsVisitor is Do for a visitor: behind the same wall, if the token is still good and visitors may do the action. fn gets
// the visitor as they are now. Events it records are the platform's, which is ourselves.
func (s *Store) DoAsVisitor(ctx context.Context, v Visitor, action Action, fn func(*Tx, *Visitor) error) error {
	return s.Do(ctx, FromPlatform(v.OrganizationID), AdmitVisitors, func(tx *Tx) error { return tx.admit(v, action, fn) })
}

// ReadAsVisitor is Read for a visitor, like DoAsVisitor.
func (s *Store) ReadAsVisitor(ctx context.Context, v Visitor, action Action, fn func(*Tx, *Visitor) error) error {
	return s.Read(ctx, FromPlatform(v.OrganizationID), AdmitVisitors, func(tx *Tx) error { return tx.admit(v, action, fn) })
}

// The token has not ended, and neither has the channel.
const stillWelcome = `ended_at IS NULL AND expires_at > ? AND EXISTS (
	SELECT FROM channel_routes r WHERE r.organization_id = visitors.organization_id AND r.channel_id = visitors.channel_id)`

var errVisitOver = Refuse(Unauthenticated, "", "This session is not valid, or has ended.")

func (tx *Tx) admit(v Visitor, action Action, fn func(*Tx, *Visitor) error) error {
	var present Visitor
	err := tx.take(tx.db.Where(stillWelcome, tx.Now), &present, "id = ?", v.ID)
	switch {
	case CodeOf(err) == NotFound:
		return errVisitOver
	case err != nil:
		return fmt.Errorf("admit visitor: %w", err)
	case !visitorRole.May(action):
		return Refuse(Forbidden, "", "Visitors may not do this.")
	}
	tx.Access = accessOf(visitorRole, allScopes)
	return fn(tx, &present)
}

// AuthenticateVisitor finds whom a token's secret stands for on a widget, and makes the token good for longer.
func (s *Store) AuthenticateVisitor(ctx context.Context, w Widget, secret string) (v Visitor, err error) {
	if len(secret) > 100 {
		return Visitor{}, errVisitOver
	}
	platform := FromPlatform(w.OrganizationID)
	// Found by its hash: nothing of the secret can be learned from how long that takes.
	err = s.Read(ctx, platform, AdmitVisitors, func(tx *Tx) error {
		err := tx.take(tx.db.Where(stillWelcome, tx.Now), &v, "channel_id = ? AND hash = ?", w.ChannelID, hashOf([]byte(secret)))
		if CodeOf(err) == NotFound {
			return errVisitOver
		}
		return err
	})
	if err != nil || v.ExpiresAt.Sub(s.clock.Now()) > VisitLength-24*time.Hour {
		return v, err
	}
	err = s.Do(ctx, platform, AdmitVisitors, func(tx *Tx) error {
		v.ExpiresAt = tx.Now.Add(VisitLength)
		return tx.Update(&v, "expires_at")
	})
	return v, err
}

// ForgetVisits drops a few tokens of a widget that have ended by themselves; what their visitors said stays.
func (tx *Tx) ForgetVisits() error {
	err := tx.db.Exec(`DELETE FROM visitors WHERE organization_id = @org AND id IN (
		SELECT id FROM visitors WHERE organization_id = @org AND expires_at < @now ORDER BY expires_at LIMIT 20 FOR UPDATE SKIP LOCKED)`,
		map[string]any{"org": tx.Viewer.OrganizationID, "now": tx.Now}).Error
	if err != nil {
		return fmt.Errorf("forget visits: %w", err)
	}
	return nil
}
