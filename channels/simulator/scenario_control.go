package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

func (s *Simulator) listScenarios(w http.ResponseWriter, _ *http.Request) {
	list := []object{}
	for _, sc := range Scenarios() {
		list = append(list, object{"name": sc.Name, "about": sc.About, "steps": len(sc.Steps)})
	}
	answerJSON(w, http.StatusOK, object{"scenarios": list})
}

// showScenario answers the file itself, to begin one's own from.
func (s *Simulator) showScenario(w http.ResponseWriter, r *http.Request) {
	file, err := shipped.ReadFile("scenarios/" + r.PathValue("name") + ".json")
	if err != nil {
		refuseControl(w, http.StatusNotFound, errNoScenario)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_, _ = w.Write(file)
}

var errNoScenario = errors.New("no scenario of this name: GET /simulator/scenarios lists them")

func (s *Simulator) postShipped(w http.ResponseWriter, r *http.Request) {
	if !readStrictly(w, r, &struct{}{}) {
		return
	}
	for _, sc := range Scenarios() {
		if sc.Name == r.PathValue("name") {
			s.perform(w, r, sc)
			return
		}
	}
	refuseControl(w, http.StatusNotFound, errNoScenario)
}

func (s *Simulator) postScenario(w http.ResponseWriter, r *http.Request) {
	var raw json.RawMessage
	if !readStrictly(w, r, &raw) {
		return
	}
	sc, err := ReadScenario(bytes.NewReader(raw))
	if err != nil {
		refuseControl(w, http.StatusBadRequest, err)
		return
	}
	s.perform(w, r, sc)
}

// perform plays a scenario and answers one line for each step as soon as it is over, and one for the whole. It is
// played no further when nobody listens any more.
func (s *Simulator) perform(w http.ResponseWriter, r *http.Request, sc Scenario) {
	p, err := s.prepare(sc)
	if err != nil {
		refuseControl(w, http.StatusBadRequest, err)
		return
	}
	answer := http.NewResponseController(w)
	// A scenario takes longer than a server gives a request; where it cannot be told so, it is cut off.
	_ = errors.Join(answer.SetReadDeadline(time.Time{}), answer.SetWriteDeadline(time.Time{}))
	w.Header().Set("Content-Type", "application/x-ndjson")
	line := func(v any) {
		_, _ = w.Write(append(encode(v), '\n'))
		_ = answer.Flush()
	}
	err = p.run(r.Context(), func(o Outcome) { line(o) })
	whole := object{"scenario": sc.Name, "ok": err == nil}
	if err != nil {
		whole["error"] = err.Error()
	}
	line(whole)
}
