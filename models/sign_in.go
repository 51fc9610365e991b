package models

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
)

// ExternalIdentity is how a provider of sign-ins knows a person.
type ExternalIdentity struct {
	Issuer        string
	Subject       string // the person's id at the provider, which never changes
	Email         string
	EmailVerified bool
}

// IdentifiedUser finds the user who is known by an identity; "" if there is none.
func (s *Store) IdentifiedUser(ctx context.Context, i ExternalIdentity) (userID string, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT user_id FROM user_identities WHERE issuer = ? AND subject = ?`,
		i.Issuer, i.Subject).Scan(&userID).Error
	if err != nil {
		return "", fmt.Errorf("find identity: %w", err)
	}
	return userID, nil
}

// BindIdentity makes the user with the identity's email address known by the identity from now on. It returns "" if there is
// no such user, or if they are known by another identity of the same provider.
func (s *Store) BindIdentity(ctx context.Context, i ExternalIdentity) (userID string, err error) {
	// Whoever does the same at the same time is waited for, and found below.
	err = s.db.WithContext(ctx).Exec(`
		INSERT INTO user_identities (issuer, subject, user_id, created_at)
		SELECT ?, ?, id, ? FROM users WHERE email = ? ON CONFLICT DO NOTHING`,
		i.Issuer, i.Subject, s.clock.Now(), strings.ToLower(i.Email)).Error
	if err != nil {
		return "", fmt.Errorf("bind identity: %w", err)
	}
	return s.IdentifiedUser(ctx, i)
}

// SignInCipher seals what a browser carries through a sign-in. Strangers can have that sealed as often as they like, so its
// key is not the one that seals the database's secrets.
func (s *Store) SignInCipher() (*Cipher, error) {
	key := sha256.Sum256([]byte(s.cipher.Derive("sign-in")))
	return NewCipher(key[:])
}
