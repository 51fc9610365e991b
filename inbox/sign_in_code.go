package inbox

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"parley/models"
)

// Why somebody a provider vouched for is not let in.
var (
	ErrUnknownUser     = errors.New("no user is known by this identity")
	ErrUnverifiedEmail = errors.New("the provider has not verified the email address")
)

// ReadChallenge reads what an app commits itself to: the SHA-256 of its secret, in base64url (RFC 7636, S256).
func ReadChallenge(text string) (challenge []byte, err error) {
	challenge, err = base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(challenge) != sha256.Size {
		return nil, errors.New("a challenge is a SHA-256 in base64url")
	}
	return challenge, nil
}

// AdmitIdentity makes a code for the user a provider vouched for: the one known by the identity, or at the first time the one
// with its verified email address. The code becomes a session with the secret the challenge was made of: see CompleteSignIn.
func (b *Inbox) AdmitIdentity(ctx context.Context, identity models.ExternalIdentity, challenge []byte) (code string, err error) {
	userID, err := b.recognize(ctx, identity)
	if err != nil {
		return "", err
	}
	return b.store.NewSignInCode(ctx, userID, challenge)
}

func (b *Inbox) recognize(ctx context.Context, i models.ExternalIdentity) (userID string, err error) {
	// OpenID Connect limits a subject to 255 characters.
	if i.Subject == "" || len(i.Subject) > 255 || strings.ContainsRune(i.Subject+i.Email, 0) {
		return "", ErrUnknownUser
	}
	userID, err = b.store.IdentifiedUser(ctx, i)
	if err != nil || userID != "" {
		return userID, err
	}
	if i.Email == "" || !i.EmailVerified {
		return "", ErrUnverifiedEmail
	}
	if userID, err = b.store.BindIdentity(ctx, i); err != nil {
		return "", err
	}
	if userID == "" {
		return "", ErrUnknownUser
	}
	return userID, nil
}

// Completion is what an app has after its user signed in elsewhere. Without OrganizationID the only organization is taken.
type Completion struct {
	Code           string
	Verifier       string `json:"-"` // the secret the challenge was made of
	OrganizationID *string
	Key            string `json:"-"`
}

// CompleteSignIn begins a session with a code, which is used up by it and by nothing else. As with SignIn a user of several
// organizations may have to choose one first, and then comes again with the same code.
func (b *Inbox) CompleteSignIn(ctx context.Context, c Completion) (*NewToken, models.Viewer, []models.Organization, error) {
	code, err := b.fittingCode(ctx, c)
	if err != nil {
		return nil, models.Viewer{}, nil, err
	}
	viewer, organizations, err := b.chooseFor(ctx, code.UserID, c.OrganizationID)
	if err != nil {
		return nil, viewer, organizations, err
	}
	expires := b.store.Now().Add(SessionLength)
	token, err := b.issueIf(ctx, viewer, models.Token{Kind: models.SessionToken, ExpiresAt: &expires}, c.Key, c, func(tx *models.Tx) error {
		spent, err := tx.SpendSignInCode(code)
		if err == nil && !spent {
			err = codeOver()
		}
		return err
	})
	return token, viewer, organizations, err
}

// codeOver is what everybody hears whose code does not fit, whatever the reason.
func codeOver() error {
	return models.Refuse(models.Unauthenticated, "", "This sign-in is not valid any more. Sign in again.")
}

// fittingCode finds the code of someone who knows its secret. A used one is only for those who repeat a call.
func (b *Inbox) fittingCode(ctx context.Context, c Completion) (*models.SignInCode, error) {
	if len(c.Code) > 100 || len(c.Verifier) < 43 || len(c.Verifier) > 128 { // RFC 7636 §4.1
		return nil, codeOver()
	}
	code, err := b.store.SignInCode(ctx, c.Code)
	if err != nil {
		return nil, err
	}
	if code == nil {
		return nil, codeOver()
	}
	made := sha256.Sum256([]byte(c.Verifier))
	if subtle.ConstantTimeCompare(made[:], code.Challenge) != 1 {
		return nil, codeOver()
	}
	repeated := code.UsedAt != nil && c.Key != ""
	if !repeated && (code.UsedAt != nil || !code.ExpiresAt.After(b.store.Now())) {
		return nil, codeOver()
	}
	return code, nil
}

// chooseFor is the user as a viewer of the organization they want, or of their only one.
func (b *Inbox) chooseFor(ctx context.Context, userID string, wanted *string) (models.Viewer, []models.Organization, error) {
	organizations, err := b.store.OrganizationsOf(ctx, userID)
	if err != nil {
		return models.Viewer{}, nil, fmt.Errorf("choose an organization: %w", err)
	}
	chosen, err := choose(organizations, wanted)
	return models.Viewer{Kind: models.ActorUser, OrganizationID: chosen, UserID: userID}, organizations, err
}
