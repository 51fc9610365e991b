package models

import "time"

// Clock tells the time to everything that needs it; neither rules nor SQL ask for it themselves.
type Clock interface {
	Now() time.Time
}

// SystemClock is the clock of the machine, in UTC and in microseconds: what PostgreSQL can keep.
type SystemClock struct{}

// Now is the present instant.
func (SystemClock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
