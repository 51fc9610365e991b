package graph_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"parley/models"
)

// stranger is somebody to whom things must be as if they were not there.
type stranger struct {
	name    string
	viewer  models.Viewer
	own     *tenant             // where the viewer is at home, with what they may see
	hidden  map[string][]string // ids of what they may not, by kind
	secrets []string            // what no answer may tell
	behind  *tenant             // where something can happen that is hidden
}

// strangers are all sorts of them. Whoever makes another wall adds here who stands before it.
func strangers(own, other *tenant) []stranger {
	return []stranger{
		{"the owner of another organization", own.Owner, own, other.things, other.secrets(), other},
		own.limited(),
	}
}

// secrets are the ids and the words of an organization.
func (o *tenant) secrets() []string {
	secrets := []string{o.name}
	for _, ids := range o.things {
		secrets = append(secrets, ids...)
	}
	return secrets
}

// dear are the fields that cost so much that only ids of the right kind are tried.
var dear = []string{"signIn"} // stretches a password

// garbage is what is no id at all.
var garbage = []string{"", "\x00", strings.Repeat("x", 5000), `"'; --`, "Y252XzAxMjM0NTY3ODk=", "cnv_", "msg_" + strings.Repeat("g", 32), "‮🌹"}

func absent(kind string) string { return kind + "_" + strings.Repeat("0", 32) }

// walk goes through the schema and tries ids.
type walk struct {
	*schema
	api       *api
	own       *tenant // never changes
	strangers []stranger
}

func newWalk(t *testing.T) (w *walk, other *tenant) {
	t.Helper()
	a := newTenants(t)
	other = a.tenant("secretum")
	w = &walk{api: a, own: a.tenant("openum")}
	w.strangers = strangers(w.own, other)
	w.schema = introspected(t, func(query string, variables object) []byte { return w.own.try(t, w.own.Onlooker, query, variables) })
	other.beKnown(t)
	return w, other
}

// beKnown has everything of the organization looked at by its owner: what is remembered of it must help no stranger.
func (o *tenant) beKnown(t *testing.T) {
	t.Helper()
	for _, ids := range o.things {
		raw := o.try(t, o.Owner, `query ($ids: [ID!]!) { nodes(ids: $ids) { id } conversations { edges { node { id } } } }`, object{"ids": ids})
		if bytes.Contains(raw, []byte(`"errors"`)) {
			t.Fatalf("%s cannot look at %v: %s", o.name, ids, raw)
		}
	}
	for _, id := range o.things[models.ConversationPrefix] {
		raw := o.try(t, o.Owner, `mutation ($c: ID!) { reportViewing(input: {conversationId: $c}) { seconds }
			reportTyping(input: {conversationId: $c}) { seconds } showTyping(input: {conversationId: $c}) { conversation { id } } }`, object{"c": id})
		if bytes.Contains(raw, []byte(`"errors"`)) {
			t.Fatalf("%s cannot be in %s: %s", o.name, id, raw)
		}
	}
}

// TestIsolation tries, wherever the schema takes an id, the ids of what the viewer must not see: the answer must be the one
// for things that do not exist, and nothing may be told or change. It learns from the API itself where that is: a new field
// is tried like all others, and if it does not know how to, it fails and says so.
func TestIsolation(t *testing.T) {
	t.Parallel()
	w, other := newWalk(t)
	for _, s := range w.strangers {
		s.own.session(s.viewer) // which makes a token
	}
	w.own.session(w.own.Owner)
	others, own := other.untouched(t), w.own.untouched(t)
	t.Run("every field", func(t *testing.T) {
		for operation, root := range map[string]string{"query": w.QueryType.Name, "mutation": w.MutationType.Name} {
			for _, r := range w.routes(root) {
				t.Run(operation+" "+r.String(), func(t *testing.T) {
					t.Parallel()
					ask := &asking{walk: w, route: r, document: w.document(operation, r), changing: w.own}
					if operation == "mutation" {
						ask.changing = w.api.tenant("changing" + strings.ToLower(r.field().Name))
					}
					ask.tryAll(t)
				})
			}
		}
	})
	others()
	own()
}

// asking asks for one field.
type asking struct {
	*walk
	route    route
	document string
	changing *tenant // what is asked here may change it
}

func (ask *asking) tryAll(t *testing.T) {
	t.Helper()
	ask.mustBeValid(t, ask.as(t, ask.changing, ask.changing.Owner, place{}, "", false))
	for _, p := range ask.places(ask.route.field()) {
		if slices.Contains(theirs, p.owner+"."+p.name()) {
			ask.tryTheirs(t, p)
			continue
		}
		whole := ask.control(t, p)
		for _, s := range ask.strangers {
			ask.tryHidden(t, s, p, whole)
		}
		ask.tryGarbage(t, p, whole)
	}
}

// as asks as a viewer with an id in a place, and returns the answer without what tells it from that to another id.
func (ask *asking) as(t *testing.T, own *tenant, v models.Viewer, p place, id string, whole bool) []byte {
	t.Helper()
	c := &call{schema: ask.schema, field: ask.route.field(), own: own, place: p, id: id, whole: whole}
	variables := c.variables()
	if len(c.unknown) > 0 {
		t.Fatalf("nothing is known to stand in %v: see kinds, known and theirs", c.unknown)
	}
	raw := own.try(t, v, ask.document, variables)
	if bytes.Contains(raw, []byte("INTERNAL_SERVER_ERROR")) {
		t.Fatalf("%s = %.50q answers %s", p, id, raw)
	}
	if id == "" {
		return raw
	}
	return bytes.ReplaceAll(raw, []byte(id), []byte("ID"))
}

// mustBeValid fails the test if an answer is about the document: then nothing was tried.
func (ask *asking) mustBeValid(t *testing.T, raw []byte) {
	t.Helper()
	if !bytes.Contains(raw, []byte(`"data":`)) || bytes.Contains(raw, []byte(`"code":"GRAPHQL_`)) {
		t.Fatalf("%s is answered with %s", ask.document, raw)
	}
}

// control makes sure that what stands in a place matters: ids of one's own are answered otherwise than those of nothing. It
// says whether that needs more than the least that must be given.
func (ask *asking) control(t *testing.T, p place) (whole bool) {
	t.Helper()
	right := ask.rightKinds(t, p)
	for _, whole := range []bool{false, true} {
		for _, kind := range right {
			nothing := ask.as(t, ask.changing, ask.changing.Owner, p, absent(kind), whole)
			ask.mustBeValid(t, nothing)
			for _, id := range ask.changing.things[kind] {
				own := ask.as(t, ask.changing, ask.changing.Owner, p, id, whole)
				ask.mustBeValid(t, own)
				if !bytes.Equal(own, nothing) {
					return whole
				}
			}
		}
	}
	t.Fatalf("%s takes none of the viewer's own %v: make the tenants, or the calls, such that it does", p, right)
	return false
}

// rightKinds are what a place takes ids of.
func (ask *asking) rightKinds(t *testing.T, p place) []string {
	t.Helper()
	if slices.Contains(anything, p.owner+"."+p.name()) {
		return []string{models.ConversationPrefix, models.TokenPrefix, models.QuarantinePrefix}
	}
	kind := ask.kindOf(ask.route.field(), p)
	if kind == "" {
		t.Fatalf("nobody knows what %s.%s is of: see kinds, anything and theirs", p.owner, p.name())
	}
	return []string{kind}
}

// tryHidden tries the ids of what a stranger may not see, and of what they may but is something else.
func (ask *asking) tryHidden(t *testing.T, s stranger, p place, whole bool) {
	t.Helper()
	for kind, ids := range s.hidden {
		right := ask.takes(t, p, kind)
		if !right && ask.isDear() {
			continue
		}
		nothing := ask.as(t, s.own, s.viewer, p, absent(kind), whole)
		same := func(id string) {
			t.Helper()
			got := ask.as(t, s.own, s.viewer, p, id, whole)
			if !bytes.Equal(got, nothing) {
				t.Fatalf("%s: %s = %s answers\n%s\nwhat does not exist\n%s", s.name, p, id, got, nothing)
			}
			s.mustNotLearn(t, got)
		}
		same(ids[0])
		if own := s.own.things[kind]; right {
			same(ids[len(ids)-1])
		} else if len(own) > 0 {
			same(own[0])
		}
	}
}

// takes reports whether a place takes ids of a kind.
func (ask *asking) takes(t *testing.T, p place, kind string) bool {
	t.Helper()
	return slices.Contains(anything, p.owner+"."+p.name()) || slices.Contains(ask.rightKinds(t, p), kind)
}

func (ask *asking) isDear() bool { return slices.Contains(dear, ask.route.field().Name) }

func (s stranger) mustNotLearn(t *testing.T, raw []byte) {
	t.Helper()
	for _, secret := range s.secrets {
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("%s learns %s: %s", s.name, secret, raw)
		}
	}
}

// tryGarbage tries what is no id. It may be refused in another way, but may do nothing either.
func (ask *asking) tryGarbage(t *testing.T, p place, whole bool) {
	t.Helper()
	for _, id := range garbage {
		if !ask.isDear() {
			ask.as(t, ask.own, ask.own.Owner, p, id, whole)
		}
	}
}

// tryTheirs tries ids of ours where those of platforms are taken: they mean nothing there.
func (ask *asking) tryTheirs(t *testing.T, p place) {
	t.Helper()
	for _, s := range ask.strangers {
		for _, ids := range s.hidden {
			s.mustNotLearn(t, ask.as(t, ask.changing, ask.changing.Owner, p, ids[0], false))
		}
	}
	for _, id := range garbage {
		ask.as(t, ask.changing, ask.changing.Owner, p, id, false)
	}
}
