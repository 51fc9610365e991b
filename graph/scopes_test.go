package graph_test

import (
	"strings"
	"testing"

	"parley/graph"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// session signs a member in.
func (a *api) session(v models.Viewer) models.Viewer {
	a.T.Helper()
	var secret string
	a.Must(a.Store.Do(a.Context(), v, models.ManageOwnTokens, func(tx *models.Tx) error {
		token, made, err := tx.NewToken(v.UserID, models.Token{Kind: models.SessionToken})
		a.Must(err)
		v.TokenID, secret = token.ID, made
		return tx.Create(token)
	}))
	return a.by(secret)
}

// by is who comes in by a secret.
func (a *api) by(secret string) models.Viewer {
	a.T.Helper()
	viewer, _, err := a.Store.Authenticate(a.Context(), secret)
	a.Must(err)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tokens[viewer] = secret
	return viewer
}

func TestTokenScopes(t *testing.T) {
	t.Parallel()
	const create = `mutation ($scopes: [TokenScope!]) { createApiToken(input: {name: "robot", scopes: $scopes}) {
		secret apiToken { scopes trustedDocumentsOnly } userErrors { code field } } }`

	t.Run("are what the token was made for", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		session := a.session(a.Agent)
		for _, test := range []struct{ asked, got []any }{
			{[]any{"REPLY", "READ", "REPLY"}, []any{"READ", "REPLY"}},
			{nil, []any{"READ", "REPLY", "ORGANIZE", "MANAGE"}},
		} {
			made := a.data(session, create, object{"scopes": test.asked})
			inboxtest.Same(t, "scopes", at(made, "createApiToken", "apiToken", "scopes"), any(test.got))
		}
		made := a.data(session, create, object{"scopes": []any{}})
		inboxtest.Same(t, "errors", at(made, "createApiToken", "userErrors"), any([]any{object{"code": "INVALID_INPUT", "field": []any{"input", "scopes"}}}))
	})
	t.Run("show beside what cannot be done without them", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		c := a.CustomerWrites("491701", "hello?")
		made, err := a.Inbox.CreateToken(a.Context(), a.Agent, inbox.TokenRequest{Name: "robot", Scopes: []models.TokenScope{models.ScopeRead}})
		a.Must(err)
		robot := a.by(made.Secret)
		const can = `viewerCanReply viewerCannotReplyReasons`

		for _, query := range []string{
			`query ($id: ID!) { conversation(id: $id) { ` + can + ` } }`,
			`{ conversations { edges { node { ` + can + ` } } } }`,
		} {
			got := a.data(robot, query, object{"id": c.ID})
			one := at(got, "conversation")
			if one == nil {
				one = at(got, "conversations", "edges", 0, "node")
			}
			inboxtest.Same(t, query, one, any(object{"viewerCanReply": false, "viewerCannotReplyReasons": []any{"ROLE_NOT_ALLOWED"}}))
		}
		before := a.LogEnd()
		got := a.ask(robot, `mutation ($id: ID!) { replyToConversation(input: {conversationId: $id, text: "x"}) { message { id } } }`, object{"id": c.ID})
		if got.code() != "FORBIDDEN" || !strings.Contains(got.Errors[0].Message, "REPLY") || a.LogEnd() != before {
			t.Errorf("replying with a token to read with: %+v", got)
		}
	})
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	t.Run("tells the transports of whom a session is, and of what kind", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t)
		for _, trusted := range []bool{false, true} {
			made, err := a.Inbox.CreateToken(a.Context(), a.Agent, inbox.TokenRequest{Name: "app", TrustedOnly: trusted})
			a.Must(err)
			_, session, err := graph.Authenticate(a.Store)(a.Context(), made.Secret)
			a.Must(err)
			inboxtest.Same(t, "subject", session.Subject, made.Token.ID)
			inboxtest.Same(t, "owner", session.Owner, inbox.OwnerOf(a.Agent))
			inboxtest.Same(t, "trusted documents only", session.TrustedOnly, trusted)
		}
		_, stranger, err := graph.Authenticate(a.Store)(a.Context(), "")
		a.Must(err)
		inboxtest.Same(t, "a stranger's owner", stranger.Owner, "")
	})
}
