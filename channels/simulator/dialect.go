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

// reworder is a dialect whose customers can do a thing only in other words: block us by a text that says so.
type reworder interface {
	reword(in Inbound) Inbound
}

// forgetter is a dialect that itself keeps what Reset forgets.
type forgetter interface {
	forget(a *account)
}

// expirer is a dialect whose access tokens end by themselves, so that an expired one is no lasting habit: a new
// one works. It is called when the fault is set.
type expirer interface {
	expire(a *account)
}

// visited is a dialect without webhooks: its customers call our server themselves. Its tell says what they cannot do.
type visited interface {
	// visit lets a customer do what tell allows, and yields what our server answered.
	visit(a *account, c *customer, in Inbound) <-chan reply
	// suffers says what the platform has against these faults.
	suffers(faults Faults) error
}

// reply is what our server made of something a customer did: why it has no place there, or its id, where that is ours to give.
type reply struct {
	id  string
	err error
}

// prompt is a receipter whose platform never accepts a message first and reports its failure later.
type prompt interface {
	neverFailsLater()
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
	// repeats says whether the platform tries again after so many attempts, the last answered with this status or,
	// when it is 0, not at all. Nil means that it never gives up.
	repeats func(attempts, status int) bool
	// objects is what the platform has against a 2xx answer; nil when it does not read them.
	objects func(mime, body string) error
}

// object is a JSON object in a platform's own words.
type object = map[string]any
