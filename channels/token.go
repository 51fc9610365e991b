package channels

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"parley/models"
)

const longestToken = 366 * 24 * time.Hour // whatever an answer says

// Renewed reads the answer to an OAuth 2.0 refresh (RFC 6749, section 5.1) into the credentials it renews. A platform that
// gives no new refresh token goes on with the old one.
func Renewed(answer Answer, c models.Credentials, now time.Time) (models.Credentials, error) {
	var tokens struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		ExpiresIn    int64  `json:"expires_in"` // seconds
	}
	err := json.Unmarshal(answer.Body, &tokens)
	if err == nil && tokens.AccessToken == "" {
		err = errors.New("the answer has no token")
	}
	if err != nil {
		return models.Credentials{}, Repeatable(NotUnderstood(answer, fmt.Errorf("read the new token: %w", err)))
	}
	ends := now.Add(time.Duration(min(max(tokens.ExpiresIn, 0), int64(longestToken/time.Second))) * time.Second)
	c.AccessToken, c.ExpiresAt = tokens.AccessToken, &ends
	c.RefreshToken = cmp.Or(tokens.RefreshToken, c.RefreshToken)
	return c, nil
}
