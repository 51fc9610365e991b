package simulator

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (d *xNetwork) me(w http.ResponseWriter, r *http.Request, u *xAccount) {
	d.sim.mu.Lock()
	me := xFields(u.person(u.UserID), "id name username", r.URL.Query().Get("user.fields"))
	d.sim.mu.Unlock()
	answerJSON(w, http.StatusOK, object{"data": me})
}

func (d *xNetwork) person(w http.ResponseWriter, r *http.Request, u *xAccount) {
	id := r.PathValue("id")
	d.sim.mu.Lock()
	_, known := u.account.customers[id]
	person := xFields(u.person(id), "id name username", r.URL.Query().Get("user.fields"))
	d.sim.mu.Unlock()
	if !known && id != u.UserID {
		d.refuse(w, xMissing("Could not find user with id: ["+id+"]."))
		return
	}
	answerJSON(w, http.StatusOK, object{"data": person})
}

// mentions are the posts that name the account, the newest first.
func (d *xNetwork) mentions(w http.ResponseWriter, r *http.Request, u *xAccount) {
	if id := r.PathValue("id"); id != u.UserID {
		d.refuse(w, xMissing("Could not find user with id: ["+id+"]."))
		return
	}
	d.listPosts(w, r, u, func(p *utterance) bool { return p.author != u.UserID && u.named(p.text) != nil })
}

// search knows one kind of question: what was said in a conversation.
func (d *xNetwork) search(w http.ResponseWriter, r *http.Request, u *xAccount) {
	id, found := strings.CutPrefix(strings.Fields(r.URL.Query().Get("query") + " -")[0], "conversation_id:")
	if !found || !isNumber(id) {
		d.refuse(w, xInvalid("The simulator searches by conversation_id alone."))
		return
	}
	d.listPosts(w, r, u, func(p *utterance) bool { return p.post == id && p.id != id })
}

func (d *xNetwork) listPosts(w http.ResponseWriter, r *http.Request, u *xAccount, ok func(*utterance) bool) {
	query := r.URL.Query()
	d.sim.mu.Lock()
	var list []object
	for _, found := range u.board.where(ok) {
		list = append(list, u.tweet(found))
	}
	page, meta := xPage(list, query)
	includes := d.including(u, page, query)
	chosen := []object{}
	for _, t := range page {
		chosen = append(chosen, xPost(t, query))
	}
	d.sim.mu.Unlock()
	answerX(w, chosen, includes, meta)
}

func (d *xNetwork) lookUp(w http.ResponseWriter, r *http.Request, u *xAccount) {
	id, query := r.PathValue("id"), r.URL.Query()
	d.sim.mu.Lock()
	var data, includes object
	if found := u.find(id); found != nil {
		t := u.tweet(found)
		data, includes = xPost(t, query), d.including(u, []object{t}, query)
	}
	d.sim.mu.Unlock()
	if data == nil {
		// A single post that is missing is an answer, not a refusal.
		answerJSON(w, http.StatusOK, object{"errors": []object{{
			"value": id, "resource_id": id, "resource_type": "tweet", "parameter": "id", "title": "Not Found Error",
			"detail": "Could not find tweet with id: [" + id + "].",
			"type":   "https://api.twitter.com/2/problems/resource-not-found",
		}}})
		return
	}
	answerX(w, data, includes, nil)
}

func xPost(t object, query url.Values) object {
	return xFields(t, "id text edit_history_tweet_ids", query.Get("tweet.fields"))
}

// including is what the expansions ask for beside posts.
func (d *xNetwork) including(u *xAccount, posts []object, query url.Values) object {
	includes := object{}
	for _, expansion := range strings.Split(query.Get("expansions"), ",") {
		switch expansion {
		case "author_id":
			includes["users"] = xDistinct(posts, "author_id", func(id string) object {
				return xFields(u.person(id), "id name username", query.Get("user.fields"))
			})
		case "attachments.media_keys":
			var ids []string
			for _, p := range posts {
				if media, has := p["attachments"].(object); has {
					ids = append(ids, strings.TrimPrefix(media["media_keys"].([]string)[0], "3_"))
				}
			}
			includes["media"] = d.files(ids, "/x/media/")
		case "referenced_tweets.id":
			var others []object
			for _, p := range posts {
				for _, ref := range xList(p["referenced_tweets"]) {
					if found := u.find(ref["id"].(string)); found != nil {
						others = append(others, xPost(u.tweet(found), query))
					}
				}
			}
			includes["tweets"] = others
		}
	}
	return includes
}

func xList(v any) []object {
	list, _ := v.([]object)
	return list
}

// xDistinct describes everybody once whom a field of the posts names.
func xDistinct(posts []object, field string, describe func(id string) object) []object {
	seen, list := map[string]bool{}, []object{}
	for _, p := range posts {
		if id := p[field].(string); !seen[id] {
			seen[id] = true
			list = append(list, describe(id))
		}
	}
	return list
}

// xFields keeps what comes always, and what was asked for.
func xFields(all object, always, asked string) object {
	chosen := object{}
	for _, field := range slices.Concat(strings.Fields(always), strings.Split(asked, ",")) {
		if value, has := all[field]; has {
			chosen[field] = value
		}
	}
	return chosen
}

// xPage cuts a page out of a list, the newest first. A token is the id the page before ended with.
func xPage(list []object, query url.Values) ([]object, object) {
	id := func(o object) string { return o["id"].(string) }
	since, until := query.Get("since_id"), query.Get("until_id")
	earliest, _ := time.Parse(time.RFC3339, query.Get("start_time")) // the beginning of time when it is not given
	if token := query.Get("pagination_token"); token != "" {
		until = token
	}
	list = slices.DeleteFunc(list, func(o object) bool {
		at, _ := time.Parse(time.RFC3339, o["created_at"].(string))
		return at.Before(earliest) || since != "" && !isOlder(since, id(o)) || until != "" && !isOlder(id(o), until)
	})
	slices.SortFunc(list, func(a, b object) int {
		if isOlder(id(b), id(a)) {
			return -1
		}
		return 1
	})
	most, err := strconv.Atoi(query.Get("max_results"))
	if err != nil || most < 1 || most > 100 {
		most = 100
	}
	meta := object{}
	if len(list) > most {
		list = list[:most]
		meta["next_token"] = id(list[most-1])
	}
	meta["result_count"] = len(list)
	if len(list) > 0 {
		meta["newest_id"], meta["oldest_id"] = id(list[0]), id(list[len(list)-1])
	}
	return list, meta
}

// answerX leaves out what is empty, as X does.
func answerX(w http.ResponseWriter, data any, includes, meta object) {
	body := object{"data": data}
	if list, isList := data.([]object); isList && len(list) == 0 {
		delete(body, "data")
	}
	if len(includes) > 0 {
		body["includes"] = includes
	}
	if meta != nil {
		body["meta"] = meta
	}
	answerJSON(w, http.StatusOK, body)
}
