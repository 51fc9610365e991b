package graph_test

import (
	"bytes"
	"testing"

	"parley/models"
)

// onlookers say which mutations those may ask who only look on, and as what the policy knows them.
var onlookers = map[string]models.Action{
	"createApiToken":     models.ManageOwnTokens,
	"openInbox":          models.OpenInbox,
	"reportPresence":     models.ViewInbox,
	"reportViewing":      models.ViewInbox,
	"revokeApiToken":     models.ManageOwnTokens,
	"signIn":             models.ManageOwnTokens,
	"completeSignIn":     models.ManageOwnTokens,
	"switchOrganization": models.ManageOwnTokens,
}

// TestOnlookers lets those who only look on ask for every change there is, of things of their own organization.
func TestOnlookers(t *testing.T) {
	t.Parallel()
	w, _ := newWalk(t)
	w.own.session(w.own.Onlooker)
	untouched := w.own.untouched(t)
	asked := make(map[string]bool)
	for _, r := range w.routes(w.MutationType.Name) {
		name := r.field().Name
		asked[name] = true
		if action, may := onlookers[name]; may {
			if !models.ViewerRole.May(action) {
				t.Errorf("%s is asked for, though the policy forbids %s", name, action)
			}
			continue
		}
		t.Run("may not "+name, func(t *testing.T) {
			ask := &asking{walk: w, route: r, document: w.document("mutation", r)}
			if !ask.isForbidden(t, w.own.Onlooker) {
				t.Errorf("an onlooker is let in")
			}
		})
	}
	for name := range onlookers {
		if !asked[name] {
			t.Errorf("there is no %s any more", name)
		}
	}
	untouched()
}

// isForbidden reports whether the door stays shut for a viewer whose call is in order otherwise.
func (ask *asking) isForbidden(t *testing.T, v models.Viewer) bool {
	t.Helper()
	own := ask.own
	for _, whole := range []bool{false, true} {
		answers := [][]byte{ask.as(t, own, v, place{}, "", whole)}
		for _, p := range ask.places(ask.route.field()) {
			if kind := ask.kindOf(ask.route.field(), p); len(own.things[kind]) > 0 {
				answers = append(answers, ask.as(t, own, v, p, own.things[kind][0], whole))
			}
		}
		for _, raw := range answers {
			ask.mustBeValid(t, raw)
			if bytes.Contains(raw, []byte(`"code":"FORBIDDEN"`)) {
				return true
			}
		}
	}
	return false
}

func TestRoles(t *testing.T) {
	t.Parallel()
	t.Run("without the right nothing changes", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		before := a.LogEnd()
		for _, attempt := range []struct {
			viewer   models.Viewer
			mutation string
		}{
			{a.Agent, `disconnectChannel(input: {channelId: "` + a.Channel.ID + `"}) { channel { id } }`},
			{a.Agent, `removeMember(input: {userId: "` + a.Colleague.UserID + `"}) { membership { role } }`},
			{a.Agent, `activateInbox(input: {quarantined: IMPORT}) { organization { id } }`},
		} {
			if got := a.ask(attempt.viewer, "mutation {"+attempt.mutation+"}", nil); got.code() != "FORBIDDEN" {
				t.Errorf("%s answers %+v", attempt.mutation, got)
			}
		}
		if a.LogEnd() != before {
			t.Errorf("something was changed")
		}
	})
}
