package channels

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"parley/models"
)

// Elements splits a JSON array without looking into its elements, so that a bad one does not cost its neighbours.
// A lone value counts as an array of one; nothing and null have no elements.
func Elements(raw json.RawMessage) ([]json.RawMessage, error) {
	trimmed := bytes.TrimSpace(raw)
	switch {
	case len(trimmed) == 0 || bytes.Equal(trimmed, []byte("null")):
		return nil, nil
	case trimmed[0] != '[':
		return []json.RawMessage{trimmed}, nil
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(trimmed, &elements); err != nil {
		return nil, fmt.Errorf("split array: %w", err)
	}
	return elements, nil
}

// Document checks that a body is one JSON value and returns it without NUL characters: JSON can carry them,
// PostgreSQL cannot keep them, and a delivery that can never be kept would come back forever.
func Document(body []byte) (json.RawMessage, error) {
	if !json.Valid(body) {
		return nil, errors.New("body is not JSON")
	}
	return withoutNUL(body), nil
}

var escapedNUL = []byte(`\u0000`)

func withoutNUL(body []byte) []byte {
	if !bytes.Contains(body, escapedNUL) {
		return body
	}
	clean := make([]byte, 0, len(body))
	for i := 0; i < len(body); {
		switch {
		case body[i] != '\\':
			clean = append(clean, body[i])
			i++
		case bytes.HasPrefix(body[i:], escapedNUL):
			clean = append(clean, `\ufffd`...)
			i += len(escapedNUL)
		default: // an escape is two bytes or more: taking both keeps us from reading \\u0000 as a NUL
			clean = append(clean, body[i:i+2]...)
			i += 2
		}
	}
	return clean
}

// Identifier is a platform's id, which some platforms write as a number at times.
type Identifier string

// UnmarshalJSON accepts a string or an integer.
func (id *Identifier) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(id))
	}
	if bytes.Equal(raw, []byte("null")) {
		return nil
	}
	var number json.Number
	if err := json.Unmarshal(raw, &number); err != nil || bytes.ContainsAny(raw, ".eE") {
		return errors.New("id is neither a string nor an integer")
	}
	*id = Identifier(number)
	return nil
}

// Moment is a platform's time: seconds or milliseconds since 1970, as a number or in quotes. Zero when it gives none.
type Moment struct{ time.Time }

// The first number that cannot be seconds, and the first that cannot be milliseconds: both are the year 5138.
const (
	firstMilliseconds = 100_000_000_000
	tooLate           = 100_000_000_000_000
)

// UnmarshalJSON accepts an integer, quoted or not.
func (m *Moment) UnmarshalJSON(raw []byte) error {
	digits := bytes.Trim(raw, `"`)
	if len(digits) == 0 || bytes.Equal(digits, []byte("null")) {
		return nil
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	switch {
	case err != nil || n < 0 || n >= tooLate:
		return errors.New("time is not a number of seconds or milliseconds")
	case n >= firstMilliseconds:
		m.Time = time.UnixMilli(n).UTC()
	case n > 0:
		m.Time = time.Unix(n, 0).UTC()
	}
	return nil
}

// Distinct drops what a delivery says twice, keeping order.
func Distinct(in []models.Inbound) []models.Inbound {
	type identity struct {
		kind                                  models.InboundKind
		account, object, event, target, actor string
		emoji                                 string
		status                                models.DeliveryStatus
		at                                    time.Time
	}
	said := make(map[identity]bool, len(in))
	var distinct []models.Inbound
	for _, i := range in {
		id := identity{kind: i.Kind, account: i.AccountID, object: i.ExternalID}
		if i.Kind != models.InboundUtterance { // the others speak about another object, perhaps more than once
			id.event, id.target, id.actor = i.DeliveryID, i.TargetExternalID, i.Author.ID
			id.emoji, id.status, id.at = i.Emoji, i.Status, i.At
		}
		if i.Notice != nil {
			id.event, id.target, id.emoji = i.Notice.Type, i.Notice.Subject, i.Notice.State
		}
		if said[id] {
			continue
		}
		said[id] = true
		distinct = append(distinct, i)
	}
	return distinct
}
