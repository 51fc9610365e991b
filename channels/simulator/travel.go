package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// mostTravel is how far the clock moves at once.
const mostTravel = 10 * 365 * 24 * time.Hour

var errNoTravel = errors.New("this clock cannot be moved: its owner gave no way to")

// Travel moves the world's clock forward and returns what time it is then. It is refused where the clock's owner
// gave no Config.Travel.
func (s *Simulator) Travel(d time.Duration) (time.Time, error) {
	if s.config.Travel == nil {
		return time.Time{}, errNoTravel
	}
	if d <= 0 || d > mostTravel {
		return time.Time{}, fmt.Errorf("travel %s: the clock moves forward, at most %s at once", d, mostTravel)
	}
	s.config.Travel(d)
	s.mu.Lock()
	s.change()
	s.mu.Unlock()
	return s.config.Now(), nil
}

func (s *Simulator) showClock(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, object{"now": s.config.Now(), "moves": s.config.Travel != nil})
}

func (s *Simulator) moveClock(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Advance Span `json:"advance"`
	}
	if !readStrictly(w, r, &body) {
		return
	}
	now, err := s.Travel(time.Duration(body.Advance))
	switch {
	case errors.Is(err, errNoTravel):
		refuseControl(w, http.StatusConflict, err)
	case err != nil:
		refuseControl(w, http.StatusBadRequest, err)
	default:
		answerJSON(w, http.StatusOK, object{"now": now})
	}
}

// Span is a length of time as JSON says it: "90s", "25h".
type Span time.Duration

// UnmarshalText reads what time.ParseDuration reads.
func (d *Span) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no length of time such as 90s or 25h", text)
	}
	*d = Span(parsed)
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (d Span) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }
