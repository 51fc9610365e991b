package simulator

import (
	"bufio"
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	comeBack  = 2 * time.Second // and a little later each time
	silence   = time.Minute     // after which a stream is dead: heartbeats come every 25 seconds
	mostBlock = 1 << 20
)

// place is where in what happens to a visitor a stream goes on.
type place struct {
	after string // the history that was loaded
	last  string // event that was seen since
}

// follow hears what happens until the session or the account's life is over, and comes back whenever the line breaks.
func (v *visitor) follow(ctx context.Context, token, cursor string) {
	s, at := v.messenger.sim, place{after: cursor}
	for pause := comeBack; ; pause = min(2*pause, max(comeBack, s.config.RetryMost)) {
		from := at
		err := v.listen(ctx, token, &at)
		wait, again := askAgain(err)
		if !again {
			v.leave(token)
			return
		}
		if at != from {
			pause = comeBack
		}
		if !s.pause(ctx, max(pause, wait)) {
			return
		}
	}
}

// listen opens a stream at a place and moves the place along with what it hears.
func (v *visitor) listen(ctx context.Context, token string, at *place) error {
	line, hangUp := context.WithCancel(ctx)
	defer hangUp()
	heartbeat := time.AfterFunc(silence, hangUp)
	defer heartbeat.Stop()
	site, _ := v.site()
	req, err := v.messenger.request(line, site, token, http.MethodGet, "events?after="+url.QueryEscape(at.after), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/event-stream")
	if at.last != "" {
		req.Header.Set("Last-Event-ID", at.last)
	}
	patient := *v.messenger.sim.config.Client
	patient.Timeout = 0 // it is for answers that end
	resp, err := patient.Do(req)
	if err != nil {
		return withoutAddress(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return refusalOf(resp)
	}
	for b := range blocks(io.TeeReader(resp.Body, pulse{heartbeat})) {
		if b.data != "" {
			if err := v.see(ctx, token, b); err != nil {
				return err
			}
		}
		if b.id != "" {
			at.last = b.id
		}
	}
	return nil
}

// pulse notes that a line is alive.
type pulse struct{ heartbeat *time.Timer }

func (p pulse) Write(b []byte) (int, error) {
	p.heartbeat.Reset(silence)
	return len(b), nil
}

// block is one server-sent event.
type block struct{ id, name, data string }

// blocks reads server-sent events until the line breaks; half an event is none.
func blocks(r io.Reader) iter.Seq[block] {
	return func(yield func(block) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, mostBlock)
		var b block
		for lines.Scan() {
			field, value, _ := strings.Cut(lines.Text(), ":")
			value = strings.TrimPrefix(value, " ")
			switch {
			case lines.Text() == "":
				if !yield(b) {
					return
				}
				b = block{}
			case field == "id":
				b.id = value
			case field == "event":
				b.name = value
			case field == "data":
				b.data += value
			}
		}
	}
}
