package models

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// TokenKind says what a token is for.
type TokenKind string

// A session comes from signing in and ends soon; an API token is made for a program.
const (
	SessionToken TokenKind = "SESSION"
	APIToken     TokenKind = "API"
)

// Token lets a program act as a member of one organization. Only its hash is kept.
type Token struct {
	OrganizationID string `gorm:"primaryKey"`
	ID             string `gorm:"primaryKey"`
	UserID         string
	Kind           TokenKind
	Name           string
	Hash           []byte
	CreatedAt      time.Time `gorm:"autoCreateTime:false"`
	ExpiresAt      *time.Time
	RevokedAt      *time.Time
	Scopes         Array[TokenScope] `gorm:"type:text[]"` // nil: all
	TrustedOnly    bool              // it asks nothing but documents the server knows
}

// HasScopes are the scopes the token has.
func (t Token) HasScopes() []TokenScope {
	if t.Scopes == nil {
		return TokenScopes
	}
	return t.Scopes
}

// NewToken makes a token for a member, of the kind, name, scopes and so on that are wanted, and its secret, which is shown
// once. The secret names the organization, so that a look-up knows where to look.
func (tx *Tx) NewToken(userID string, wanted Token) (token *Token, secret string, err error) {
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return nil, "", fmt.Errorf("make token: %w", err)
	}
	org := strings.TrimPrefix(tx.Viewer.OrganizationID, OrganizationPrefix+"_")
	secret = "ply_" + org + "_" + base64.RawURLEncoding.EncodeToString(random)
	wanted.OrganizationID, wanted.ID, wanted.UserID = tx.Viewer.OrganizationID, newID(TokenPrefix), userID
	wanted.Hash, wanted.CreatedAt = hashOf([]byte(secret)), tx.Now
	return &wanted, secret, nil
}

// organizationOf reads the organization's id out of a token's secret.
func organizationOf(secret string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(secret, "ply_")
	if !ok || len(rest) < 34 || len(rest) > 100 || rest[32] != '_' {
		return "", false
	}
	id = OrganizationPrefix + "_" + rest[:32]
	return id, isID(id, OrganizationPrefix)
}
