package models

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"
)

// SignInCodeLife is how long an app has to exchange a code for a session.
const SignInCodeLife = time.Minute

// SignInCode stands for a user who signed in elsewhere. Only its hash is kept.
type SignInCode struct {
	Hash      []byte
	UserID    string
	Challenge []byte // SHA-256 of the secret the app keeps
	ExpiresAt time.Time
	UsedAt    *time.Time
}

// NewSignInCode makes a code for a user and returns it, which is shown once. Codes nobody can ask for any more are forgotten.
func (s *Store) NewSignInCode(ctx context.Context, userID string, challenge []byte) (code string, err error) {
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("make sign-in code: %w", err)
	}
	code = base64.RawURLEncoding.EncodeToString(random)
	now := s.clock.Now()
	err = s.db.WithContext(ctx).Exec(`INSERT INTO sign_in_codes (user_id, hash, challenge, expires_at) VALUES (?, ?, ?, ?)`,
		userID, hashOf([]byte(code)), challenge, now.Add(SignInCodeLife)).Error
	if err != nil {
		return "", fmt.Errorf("keep sign-in code: %w", err)
	}
	return code, s.forgetSignInCodes(ctx, now.Add(-s.rules.KeyRetention))
}

// forgetSignInCodes drops more codes than are made, but never many at once.
func (s *Store) forgetSignInCodes(ctx context.Context, before time.Time) error {
	err := s.db.WithContext(ctx).Exec(`DELETE FROM sign_in_codes WHERE hash = ANY (ARRAY(
		SELECT hash FROM sign_in_codes WHERE expires_at < ? ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED))`, before).Error
	if err != nil {
		return fmt.Errorf("forget sign-in codes: %w", err)
	}
	return nil
}

// SignInCode finds a code, used, expired or not; nil if there is none. Found by its hash: nothing of it can be learned from
// how long that takes.
func (s *Store) SignInCode(ctx context.Context, code string) (*SignInCode, error) {
	var found []SignInCode
	err := s.db.WithContext(ctx).Raw(`SELECT * FROM sign_in_codes WHERE hash = ?`, hashOf([]byte(code))).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("find sign-in code: %w", err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	return &found[0], nil
}

// SpendSignInCode uses a code up together with what else the transaction does. It reports false if the code was used before,
// has expired, or is not of a member of this organization; who comes at the same time waits, and is told the same.
func (tx *Tx) SpendSignInCode(code *SignInCode) (spent bool, err error) {
	err = tx.db.Raw(`SELECT spend_sign_in_code(?, ?, ?)`, code.UserID, code.Hash, tx.Now).Scan(&spent).Error
	if err != nil {
		return false, fmt.Errorf("spend sign-in code: %w", err)
	}
	return spent, nil
}
