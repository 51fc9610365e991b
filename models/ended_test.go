package models_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/models"
)

func TestEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.neighbour()
	token := func(w *world, v models.Viewer, expires *time.Time) models.Viewer {
		t.Helper()
		must(t, w.store.Do(context.Background(), v, models.ManageOwnTokens, func(tx *models.Tx) error {
			made, _, err := tx.NewToken(v.UserID, models.Token{Kind: models.APIToken, Name: "test", ExpiresAt: expires})
			must(t, err)
			v.TokenID = made.ID
			return tx.Create(made)
		}))
		return v
	}
	soon := w.clock.Now().Add(time.Minute)
	lasting, revoked, expiring := token(w, w.owner, nil), token(w, w.owner, nil), token(w, w.admin, &soon)
	removed, elsewhere := token(w, w.agent, nil), token(other, other.agent, nil)
	foreign := lasting // a token counts in its organization, and for its user, only
	foreign.OrganizationID = other.org.ID
	borrowed := lasting
	borrowed.UserID = w.admin.UserID
	all := []models.Viewer{lasting, revoked, expiring, removed, elsewhere}
	found := func(viewers ...models.Viewer) []models.Viewer {
		t.Helper()
		ended, err := w.store.Ended(context.Background(), viewers)
		must(t, err)
		slices.SortFunc(ended, func(a, b models.Viewer) int { return strings.Compare(a.TokenID, b.TokenID) })
		return ended
	}

	if got := found(all...); got != nil {
		t.Errorf("while all hold: %v", got)
	}
	if got := found(); got != nil {
		t.Errorf("of nobody: %v", got)
	}
	w.system(func(tx *models.Tx) error {
		var row models.Token
		must(t, tx.Lock(&row, revoked.TokenID))
		row.RevokedAt = &tx.Now
		return tx.Update(&row, "revoked_at")
	})
	w.remove(removed.UserID)
	if got := found(all...); !reflect.DeepEqual(got, []models.Viewer{revoked, removed}) {
		t.Errorf("after a revocation and a removal: %v", got)
	}
	if got := found(foreign, borrowed, models.Viewer{}); len(got) != 3 {
		t.Errorf("of tokens that were never theirs: %v", got)
	}
	w.clock.Advance(time.Minute)
	if got := found(lasting, expiring, elsewhere); !reflect.DeepEqual(got, []models.Viewer{expiring}) {
		t.Errorf("after the expiry: %v", got)
	}
}
