package meta

import (
	"encoding/json"
	"errors"
	"time"

	"parley/channels"
)

// Moment is a time in an answer of the Graph API: ISO 8601, with or without a colon in the zone, or as in deliveries.
type Moment struct{ time.Time }

// UnmarshalJSON accepts a date in quotes, or what channels.Moment accepts.
func (m *Moment) UnmarshalJSON(raw []byte) error {
	var number channels.Moment
	if number.UnmarshalJSON(raw) == nil {
		m.Time = number.Time
		return nil
	}
	var date string
	if err := json.Unmarshal(raw, &date); err != nil {
		return err
	}
	for _, layout := range []string{"2006-01-02T15:04:05-0700", time.RFC3339} {
		if at, err := time.Parse(layout, date); err == nil {
			m.Time = at.UTC()
			return nil
		}
	}
	return errors.New("time is not a date")
}
