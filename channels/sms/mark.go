package sms

import (
	"encoding/json"
	"time"
)

// moment is what a poll leaves for the next one: since when to ask, and where to go on if there was more than one poll
// may take.
type moment struct {
	Since time.Time
	Next  time.Time `json:",omitzero"`
	Page  string    `json:",omitempty"`
}

func (m moment) String() string {
	text, _ := json.Marshal(m) // two times and a text can always be written
	return string(text)
}

func readMark(mark string, now time.Time) moment {
	m := moment{}
	if err := json.Unmarshal([]byte(mark), &m); err != nil || m.Since.IsZero() {
		m = moment{Since: now.Add(-reachesBack)}
	}
	if m.Next.IsZero() {
		m.Page, m.Next = "", now
	}
	return m
}
