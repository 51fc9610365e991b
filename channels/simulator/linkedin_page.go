package simulator

import (
	"net/http"
	"strings"
)

func (d *linkedIn) organization(w http.ResponseWriter, r *http.Request, mine []*linkedInPage) {
	p, err := pageOf(mine, "urn:li:organization:"+r.PathValue("id"))
	if err != nil {
		refuseLinkedIn(w, err)
		return
	}
	d.sim.slow(r, p.account)
	answerJSON(w, http.StatusOK, object{
		"id": jsonNumber(r.PathValue("id")), "$URN": p.Organization, "localizedName": p.Name,
		"vanityName": strings.ReplaceAll(strings.ToLower(p.Name), " ", "-"), "primaryOrganizationType": "NONE",
	})
}

// roles says which pages the bearer of the token administers.
func (d *linkedIn) roles(w http.ResponseWriter, r *http.Request, mine []*linkedInPage) {
	query, list := r.URL.Query(), []object{}
	for _, p := range mine {
		if wanted := query.Get("organization"); wanted != "" && wanted != p.Organization {
			continue
		}
		list = append(list, object{
			"role": "ADMINISTRATOR", "state": "APPROVED", "organization": p.Organization, "roleAssignee": p.Member,
		})
	}
	d.sim.slow(r, mine[0].account)
	answerJSON(w, http.StatusOK, restliPage(list, query))
}

// person is somebody who spoke to one of the pages.
func (d *linkedIn) person(w http.ResponseWriter, r *http.Request, mine []*linkedInPage) {
	key, err := restliKey(r)
	if err != nil {
		refuseLinkedIn(w, err)
		return
	}
	d.sim.mu.Lock()
	name, known := personNamed(mine, key["id"])
	d.sim.mu.Unlock()
	if !known {
		refuseLinkedIn(w, linkedInMissing("Could not find person"))
		return
	}
	d.sim.slow(r, mine[0].account)
	first, last, _ := strings.Cut(name, " ")
	answerJSON(w, http.StatusOK, object{"id": key["id"], "localizedFirstName": first, "localizedLastName": last})
}

func personNamed(mine []*linkedInPage, id string) (string, bool) {
	for _, p := range mine {
		for _, c := range p.account.customers {
			if linkedInURN(c.ID) == "urn:li:person:"+id {
				return c.Name, true
			}
		}
	}
	return "", false
}

func (d *linkedIn) post(w http.ResponseWriter, r *http.Request, mine []*linkedInPage) {
	d.sim.mu.Lock()
	p, post, _, err := thread(mine, r.PathValue("urn"))
	d.sim.mu.Unlock()
	if err != nil {
		refuseLinkedIn(w, err)
		return
	}
	d.sim.slow(r, p.account)
	answerJSON(w, http.StatusOK, object{
		"id": post.ID, "author": p.authorOf(post), "commentary": post.Text, "visibility": "PUBLIC",
		"publishedAt": post.At.UnixMilli(), "createdAt": post.At.UnixMilli(), "lifecycleState": "PUBLISHED",
	})
}

// authorOf is who published a post.
func (p *linkedInPage) authorOf(post *Post) string {
	if post.Author == "" {
		return p.Organization
	}
	return linkedInURN(post.Author)
}

// file hands out the picture of a comment, which the platform keeps under an address nobody guesses.
func (d *linkedIn) file(w http.ResponseWriter, r *http.Request) {
	d.sim.mu.Lock()
	stored, known := d.sim.media.items[r.PathValue("id")]
	d.sim.mu.Unlock()
	if !known || stored.owner.Platform != LinkedIn {
		http.Error(w, "", http.StatusNotFound)
		return
	}
	stored.serve(w)
}
