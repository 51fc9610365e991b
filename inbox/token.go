package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"parley/models"
)

// SessionLength is how long one sign-in lasts.
const SessionLength = 12 * time.Hour

// NewToken is a token with its secret, which nobody sees again.
type NewToken struct {
	Token  *models.Token
	Secret string
}

// Credentials are what a person signs in with. Without OrganizationID the only organization is taken.
type Credentials struct {
	Email          string
	Password       string `json:"-"`
	OrganizationID *string
	Key            string `json:"-"`
}

// decoy is compared with when there is no such user, so that the time tells nobody who has an account.
const decoy = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// SignIn begins a session of a user in one organization. A user of several organizations chooses one: without a choice
// they come back with a CHOOSE_ORGANIZATION error.
func (b *Inbox) SignIn(ctx context.Context, c Credentials) (*NewToken, models.Viewer, []models.Organization, error) {
	viewer, organizations, err := b.identify(ctx, c)
	if err != nil {
		return nil, viewer, organizations, err
	}
	expires := b.store.Now().Add(SessionLength)
	token, err := b.issue(ctx, viewer, models.Token{Kind: models.SessionToken, ExpiresAt: &expires}, c.Key, c)
	return token, viewer, organizations, err
}

func (b *Inbox) identify(ctx context.Context, c Credentials) (viewer models.Viewer, organizations []models.Organization, err error) {
	var login *models.Login
	err = b.attempt(ctx, c.Email, func() (isWrong bool, err error) {
		login, err = b.login(ctx, c)
		return models.CodeOf(err) == models.Unauthenticated, err
	})
	if err != nil {
		return viewer, nil, err
	}
	return b.chooseFor(ctx, login.UserID, c.OrganizationID)
}

// login finds whose email address and password these are.
func (b *Inbox) login(ctx context.Context, c Credentials) (*models.Login, error) {
	wrong := models.Refuse(models.Unauthenticated, "", "The email address or the password is wrong.")
	if len(c.Password) > 1000 {
		return nil, wrong
	}
	login, err := b.store.LoginByEmail(ctx, c.Email)
	if err != nil {
		return nil, err
	}
	if login == nil {
		fitsPassword(decoy, c.Password)
		return nil, wrong
	}
	if !fitsPassword(login.PasswordHash, c.Password) {
		return nil, wrong
	}
	return login, nil
}

func choose(organizations []models.Organization, wanted *string) (id string, err error) {
	switch {
	case wanted != nil:
		return belonging(organizations, *wanted)
	case len(organizations) == 1:
		return organizations[0].ID, nil
	case len(organizations) > 1:
		return "", models.Refuse(models.ChooseOrganization, "organizationId", "You belong to several organizations: choose one.")
	}
	return belonging(nil, "")
}

// belonging is the organization that is wanted, if the user belongs to it.
func belonging(organizations []models.Organization, wanted string) (id string, err error) {
	for _, o := range organizations {
		if o.ID == wanted {
			return o.ID, nil
		}
	}
	return "", models.Refuse(models.NotFound, "organizationId", "You do not belong to such an organization.")
}

// SwitchOrganization begins a session of the viewer's user in another of their organizations.
func (b *Inbox) SwitchOrganization(ctx context.Context, viewer models.Viewer, organizationID, key string) (*NewToken, models.Viewer, error) {
	// The door of where they are asks whether their token still holds; the new one is entered by their name alone.
	err := b.store.Read(ctx, viewer, models.ManageOwnTokens, signedIn)
	if err != nil {
		return nil, viewer, err
	}
	organizations, err := b.store.OrganizationsOf(ctx, viewer.UserID)
	if err != nil {
		return nil, viewer, err
	}
	chosen, err := belonging(organizations, organizationID)
	if err != nil {
		return nil, viewer, err
	}
	viewer = models.Viewer{Kind: models.ActorUser, OrganizationID: chosen, UserID: viewer.UserID}
	expires := b.store.Now().Add(SessionLength)
	token, err := b.issue(ctx, viewer, models.Token{Kind: models.SessionToken, ExpiresAt: &expires}, key, organizationID)
	return token, viewer, err
}

// TokenRequest asks for an API token of the viewer's own.
type TokenRequest struct {
	Name        string
	ExpiresAt   *time.Time
	Scopes      []models.TokenScope `json:",omitempty"` // nil: all
	TrustedOnly bool                `json:",omitempty"` // nothing but documents the server knows
	Key         string              `json:"-"`
}

// CreateToken makes an API token that acts as the viewer, who has to be signed in.
func (b *Inbox) CreateToken(ctx context.Context, viewer models.Viewer, r TokenRequest) (*NewToken, error) {
	if r.Name == "" || len(r.Name) > 100 {
		return nil, models.Refuse(models.InvalidInput, "name", "Name the token, in at most 100 bytes.")
	}
	if r.ExpiresAt != nil && !r.ExpiresAt.After(b.store.Now()) {
		return nil, models.Refuse(models.InvalidInput, "expiresAt", "A token expires in the future.")
	}
	if r.Scopes != nil {
		var err error
		if r.Scopes, err = models.PickScopes(r.Scopes); err != nil {
			return nil, err
		}
	}
	return b.issue(ctx, viewer, models.Token{
		Kind: models.APIToken, Name: r.Name, ExpiresAt: r.ExpiresAt, Scopes: r.Scopes, TrustedOnly: r.TrustedOnly,
	}, r.Key, r)
}

// signedIn refuses what an API token may not do: make others, which would outlive it or reach where it does not.
func signedIn(tx *models.Tx) error {
	if tx.Viewer.TokenID == "" {
		return nil
	}
	var t models.Token
	if err := tx.Find(&t, tx.Viewer.TokenID); err != nil {
		return fmt.Errorf("read the viewer's token: %w", err)
	}
	if t.Kind != models.SessionToken {
		return models.Refuse(models.Forbidden, "", "Sign in for this: an API token makes no tokens.")
	}
	return nil
}

func (b *Inbox) issue(ctx context.Context, viewer models.Viewer, wanted models.Token, key string, input any) (*NewToken, error) {
	return b.issueIf(ctx, viewer, wanted, key, input, func(*models.Tx) error { return nil })
}

// issueIf issues a token in the transaction of what has to be done for it first.
func (b *Inbox) issueIf(ctx context.Context, viewer models.Viewer, wanted models.Token, key string, input any,
	first func(*models.Tx) error) (*NewToken, error) {
	var issued struct{ ID, Secret string }
	token := &models.Token{}
	err := b.store.Do(ctx, viewer, models.ManageOwnTokens, func(tx *models.Tx) error {
		if err := signedIn(tx); err != nil {
			return err
		}
		result, err := tx.Once(models.ManageOwnTokens, key, []any{wanted.Kind, input}, func() (string, error) {
			if err := first(tx); err != nil {
				return "", err
			}
			t, secret, err := tx.NewToken(viewer.UserID, wanted)
			if err != nil {
				return "", err
			}
			if err := tx.Create(t); err != nil {
				return "", fmt.Errorf("create token: %w", err)
			}
			result, err := json.Marshal(struct{ ID, Secret string }{t.ID, secret})
			return string(result), err
		})
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(result), &issued); err != nil {
			return fmt.Errorf("read first token: %w", err)
		}
		return tx.Find(token, issued.ID)
	})
	if err != nil {
		return nil, err
	}
	return &NewToken{Token: token, Secret: issued.Secret}, nil
}

// RevokeToken ends a token at once, with every stream that came in by it. Members revoke their own; who manages members
// revokes anyone's.
func (b *Inbox) RevokeToken(ctx context.Context, viewer models.Viewer, tokenID, key string) (*models.Token, error) {
	return once[models.Token](ctx, b, viewer, models.ManageOwnTokens, key, []any{"revoke", tokenID}, func(tx *models.Tx) (string, error) {
		return tokenID, revoke(tx, tokenID)
	})
}

func revoke(tx *models.Tx, tokenID string) error {
	var t models.Token
	if err := tx.Lock(&t, tokenID); err != nil {
		return err
	}
	if t.UserID != tx.Viewer.UserID && !tx.May(models.ManageMembers) {
		return models.Refuse(models.NotFound, "", "There is no such token here.")
	}
	if t.RevokedAt != nil {
		return nil
	}
	t.RevokedAt = &tx.Now
	if err := tx.Update(&t, "revoked_at"); err != nil {
		return fmt.Errorf("revoke token %s: %w", t.ID, err)
	}
	tx.Record(models.Event{Type: models.TokenRevoked, Data: models.EventData{TokenID: t.ID, UserID: t.UserID}})
	return nil
}
