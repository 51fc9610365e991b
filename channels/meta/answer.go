package meta

import (
	"encoding/json"
	"fmt"

	"parley/channels"
	"parley/models"
)

// Read takes the answer to a question apart. An answer that cannot be read is worth asking again: nothing was changed.
func Read(answer channels.Answer, what string, into any) error {
	if err := json.Unmarshal(answer.Body, into); err != nil {
		return &channels.SendError{
			Failure:    models.Failure{Reason: models.Transient},
			HTTPStatus: answer.Status,
			RequestID:  RequestID(answer),
			Err:        fmt.Errorf("read %s: %w", what, err),
		}
	}
	return nil
}
