package meta

import (
	"errors"

	"parley/channels"
	"parley/models"
)

// IsGone reports whether Meta refused a call because there is no such comment or post.
func IsGone(err error) bool {
	var refused *channels.SendError
	return errors.As(err, &refused) && refused.Code == "100/33"
}

// Gone calls a missing comment or post an invalid request: what the account may see has not changed, people delete what
// they wrote.
func Gone(err error) error {
	var refused *channels.SendError
	if !IsGone(err) || !errors.As(err, &refused) {
		return err
	}
	told := *refused
	told.Reason = models.InvalidRequest
	return &told
}
