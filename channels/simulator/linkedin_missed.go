package simulator

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var linkedInRange = regexp.MustCompile(`(start|end):([0-9]+)`)

// notifications lists what happened on a page, also what its webhook never got, the newest first.
func (d *linkedIn) notifications(w http.ResponseWriter, r *http.Request, mine []*linkedInPage) {
	query := r.URL.Query()
	p, err := pageOf(mine, query.Get("organizationalEntity"))
	if err == nil && query.Get("q") != "criteria" {
		err = linkedInIllegal("The finder is criteria")
	}
	if err != nil {
		refuseLinkedIn(w, err)
		return
	}
	actions := strings.Split(strings.TrimSuffix(strings.TrimPrefix(query.Get("actions"), "List("), ")"), ",")
	within := map[string]int64{"start": 0, "end": d.sim.config.Now().UnixMilli() + 1}
	for _, bound := range linkedInRange.FindAllStringSubmatch(query.Get("timeRange"), -1) {
		within[bound[1]], _ = strconv.ParseInt(bound[2], 10, 64)
	}
	d.sim.mu.Lock()
	list := []object{}
	for _, told := range slices.Backward(p.told) {
		at := told["lastModifiedAt"].(int64)
		if slices.Contains(actions, told["action"].(string)) && at >= within["start"] && at < within["end"] {
			list = append(list, told)
		}
	}
	d.sim.mu.Unlock()
	d.sim.slow(r, p.account)
	answerJSON(w, http.StatusOK, restliPage(list, query))
}
