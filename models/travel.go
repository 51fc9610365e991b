package models

import (
	"sync/atomic"
	"time"
)

// TravelClock is the machine's clock, moved ahead as far as somebody asked: for development, where nobody wants to wait a
// day for a window to close.
type TravelClock struct {
	SystemClock
	ahead atomic.Int64
}

// Now is the present instant, as far ahead as the clock was moved.
func (c *TravelClock) Now() time.Time { return c.SystemClock.Now().Add(time.Duration(c.ahead.Load())) }

// Travel moves the clock ahead. It never goes back: what was due has happened.
func (c *TravelClock) Travel(d time.Duration) {
	if d > 0 {
		c.ahead.Add(int64(d))
	}
}
