package simulator

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// What Meta answers for each class. Codes: the error table of the Messenger Platform.
var graphFailures = map[Class]graphError{
	RateLimited:          {status: 400, code: 613, message: "(#613) Calls to this api have exceeded the rate limit."},
	AuthExpired:          {status: 401, code: 190, subcode: 463, message: "Error validating access token: Session has expired"},
	OutsideWindow:        {status: 400, code: 10, subcode: 2018278, message: "(#10) This message is sent outside of allowed window."},
	RecipientBlocked:     {status: 400, code: 551, message: "(#551) This person isn't available right now."},
	RecipientUnreachable: {status: 400, code: 551, subcode: 1545041, message: "(#551) This person isn't receiving messages from you right now."},
	InvalidRequest:       {status: 400, code: 100, message: "(#100) Invalid parameter"},
	Permission:           {status: 403, code: 200, message: "(#200) Permissions error"},
	ChannelRestricted:    {status: 400, code: 10, subcode: 1893063, message: "(#10) The account may not send messages for now."},
	Transient:            {status: 503, code: 2, message: "(#2) Service temporarily unavailable", transient: true},
}

// Refusals with a code of their own.
var (
	graphNobody       = graphError{status: 400, code: 100, subcode: 2018001, message: "(#100) No matching user found"}
	graphNotEligible  = graphError{status: 400, code: 100, subcode: 2534025, message: "(#100) The comment is not eligible for a private reply"}
	graphReplied      = graphError{status: 400, code: 10900, message: "(#10900) Activity already replied to"}
	graphAccessClosed = graphError{status: 403, code: 200, subcode: 2534041, message: "(#200) The account does not allow access to its messages"}
)

func (g *graph) fails(class Class) bool {
	_, known := graphFailures[class]
	return known
}

func (g *graph) neverFailsLater() {}

// graphInvalid is a request that says something the API does not take.
func graphInvalid(why string) graphError {
	return graphError{status: 400, code: 100, message: "(#100) " + why}
}

// refuseGraph answers with Meta's error envelope.
func refuseGraph(w http.ResponseWriter, e graphError) {
	answerJSON(w, e.status, object{"error": e.envelope(w.Header().Get("X-Fb-Trace-Id"))})
}

// refuse answers what the account's network says to an error.
func (p *graphAccount) refuse(w http.ResponseWriter, err error) {
	var e graphError
	var failure Failure
	switch {
	case errors.As(err, &failure):
		e = graphFailures[failure.Class]
		if failure.Class == OutsideWindow {
			e = p.network.limits().outsideWindow
		}
		if failure.Class == RateLimited {
			p.askForPatience(w, failure.retrySeconds())
		}
	case !errors.As(err, &e):
		e = graphError{status: http.StatusInternalServerError, code: 1, message: "(#1) An unknown error occurred"}
	}
	refuseGraph(w, e)
}

// askForPatience says when to come back: in minutes, as Meta counts them, and in seconds for those who only read those.
func (p *graphAccount) askForPatience(w http.ResponseWriter, seconds int) {
	usage, err := json.Marshal(object{p.account.ID: []object{{
		"type": "messenger", "call_count": 100, "total_cputime": 25, "total_time": 25,
		"estimated_time_to_regain_access": (seconds + 59) / 60,
	}}})
	if err == nil {
		w.Header().Set("X-Business-Use-Case-Usage", string(usage))
	}
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
}
