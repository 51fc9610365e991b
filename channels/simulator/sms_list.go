package simulator

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	smsPage     = 50
	smsPageMost = 1000
)

// serveMessages lists the log, the newest first: what a lost webhook told is in it.
func (d *sms) serveMessages(w http.ResponseWriter, r *http.Request, mine []*smsNumber) {
	query := r.URL.Query()
	keep, err := smsFilter(query)
	if err != nil {
		refuseTwilio(w, err)
		return
	}
	size, page := number(query.Get("PageSize"), smsPage), number(query.Get("Page"), 0)
	size = min(max(size, 1), smsPageMost)
	d.sim.mu.Lock()
	all := d.found(mine, keep)
	d.sim.mu.Unlock()
	from := min(page*size, len(all))
	to := min(from+size, len(all))
	var next any
	if to < len(all) {
		query.Set("Page", decimal(page+1))
		query.Set("PageSize", decimal(size))
		next = strings.TrimPrefix(r.URL.Path, "/sms") + "?" + query.Encode()
	}
	d.sim.slow(r, mine[0].account)
	answerJSON(w, http.StatusOK, object{
		"messages": all[from:to], "page": page, "page_size": size, "start": from, "end": max(to-1, 0),
		"next_page_uri": next, "previous_page_uri": nil, "uri": strings.TrimPrefix(r.URL.RequestURI(), "/sms"),
	})
}

// found are the records of all numbers that pass, described.
func (d *sms) found(mine []*smsNumber, keep func(*smsRecord) bool) []object {
	type entry struct {
		*smsRecord
		number *smsNumber
	}
	var entries []entry
	for _, n := range mine {
		for _, r := range slices.Backward(n.records) {
			if keep(r) {
				entries = append(entries, entry{r, n})
			}
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return b.created.Compare(a.created) })
	list := []object{}
	for _, e := range entries {
		list = append(list, e.describe(e.number))
	}
	return list
}

// smsFilter reads To, From and the bounds of DateSent, whose signs Twilio puts into the names: DateSent>=2026-08-03.
func smsFilter(query url.Values) (func(*smsRecord) bool, error) {
	var bounds []func(time.Time) bool
	for name, values := range query {
		if !strings.HasPrefix(name, "DateSent") {
			continue
		}
		at, day, err := smsDate(values[0])
		if err != nil {
			return nil, err
		}
		switch strings.TrimPrefix(name, "DateSent") {
		case ">":
			bounds = append(bounds, func(t time.Time) bool { return !t.Before(at) })
		case "<":
			bounds = append(bounds, func(t time.Time) bool { return t.Before(at.Add(day)) || t.Equal(at) })
		case "":
			bounds = append(bounds, func(t time.Time) bool { return !t.Before(at) && t.Before(at.Add(max(day, time.Second))) })
		}
	}
	to, from := query.Get("To"), query.Get("From")
	return func(r *smsRecord) bool {
		for _, within := range bounds {
			if !within(r.created.Truncate(time.Second)) {
				return false
			}
		}
		return (to == "" || to == r.to) && (from == "" || from == r.from)
	}, nil
}

// smsDate reads a moment, or a day of GMT and its length.
func smsDate(text string) (time.Time, time.Duration, error) {
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at, 24 * time.Hour, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, 0, twilioError{400, 20001, "DateSent is not a date such as 2026-08-03 or 2026-08-03T09:00:00Z"}
	}
	return at, 0, nil
}

// number reads one, or takes another for what is none.
func number(text string, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 1_000_000 {
		return otherwise
	}
	return n
}

// find looks for a message among the caller's numbers. With mu held.
func find(mine []*smsNumber, id string) (*smsNumber, *smsRecord) {
	for _, n := range mine {
		if record := n.record(id); record != nil {
			return n, record
		}
	}
	return nil, nil
}

func (d *sms) serveMessage(w http.ResponseWriter, r *http.Request, mine []*smsNumber) {
	d.serveOne(w, r, mine, strings.TrimSuffix(r.PathValue("message"), ".json"), func(n *smsNumber, record *smsRecord) object {
		return record.describe(n)
	})
}

// serveMediaList tells which files a message has: the list of messages says only how many.
func (d *sms) serveMediaList(w http.ResponseWriter, r *http.Request, mine []*smsNumber) {
	d.serveOne(w, r, mine, r.PathValue("message"), func(n *smsNumber, record *smsRecord) object {
		path := twilioAccount + n.AccountSID + "/Messages/" + record.id + "/Media"
		list := []object{}
		for _, id := range record.media {
			if stored, known := d.sim.media.find(id, n.account.Account); known {
				list = append(list, object{"sid": id, "account_sid": n.AccountSID, "parent_sid": record.id,
					"content_type": stored.MIME, "uri": path + "/" + id + ".json"})
			}
		}
		return object{"media_list": list, "page": 0, "page_size": smsPage, "next_page_uri": nil, "uri": path + ".json"}
	})
}

// serveOne answers something about one message.
func (d *sms) serveOne(
	w http.ResponseWriter, r *http.Request, mine []*smsNumber, id string, about func(*smsNumber, *smsRecord) object,
) {
	d.sim.mu.Lock()
	var answer object
	n, record := find(mine, id)
	if record != nil {
		answer = about(n, record)
	}
	d.sim.mu.Unlock()
	if record == nil {
		refuseTwilio(w, twilioMissing(r.URL.Path))
		return
	}
	d.sim.slow(r, n.account)
	answerJSON(w, http.StatusOK, answer)
}

// serveMedia hands out a customer's file.
func (d *sms) serveMedia(w http.ResponseWriter, r *http.Request, mine []*smsNumber) {
	d.sim.mu.Lock()
	var stored storedMedia
	known := false
	n, record := find(mine, r.PathValue("message"))
	if record != nil && slices.Contains(record.media, r.PathValue("media")) {
		stored, known = d.sim.media.find(r.PathValue("media"), n.account.Account)
	}
	d.sim.mu.Unlock()
	if !known {
		refuseTwilio(w, twilioMissing(r.URL.Path))
		return
	}
	d.sim.slow(r, n.account)
	stored.serve(w)
}
