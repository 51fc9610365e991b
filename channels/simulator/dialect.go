package simulator

import (
	"net/http"
	"time"
)

// dialect is how one platform speaks. Everything but serve is called with Simulator.mu held.
type dialect interface {
	// serve adds the platform's API.
	serve(mux *http.ServeMux)
	// isPerson reports whether an id can be a person's on this platform.
	isPerson(id string) bool
	// tell says what the platform reports when a customer does something, and the id of what was done.
	// No event means that the platform keeps it to itself.
	tell(a *account, c *customer, in Inbound) (*event, string, error)
	// body is one webhook request for these events; never more of them than batches allows.
	body(a *account, events []event) []byte
	// batches is how many events one webhook may carry.
	batches() int
	// target is where a webhook goes now; false while nobody has said.
	target(a *account, body []byte) (target, bool)
	// fails reports whether the platform has an error of this class.
	fails(class Class) bool
}

// receipter is a dialect whose platform reports what becomes of a message.
type receipter interface {
	// receipts are the states the platform goes on to report for an accepted message.
	receipts(sent Sent) []string
	// receipt reports one of them; failure is set for the state "failed" alone.
	receipt(a *account, sent Sent, state string, failure *Failure, at time.Time) event
}

// event is one thing a platform reports.
type event struct {
	name string
	// order names the queue the event must not leave before its elders; none when empty.
	order string
	value any
}

// target is where and with which headers a webhook is posted.
type target struct {
	url    string
	header http.Header
	// obeysRetryAfter says that the platform lets our server choose the pause before the next attempt.
	obeysRetryAfter bool
}

// object is a JSON object in a platform's own words.
type object = map[string]any
