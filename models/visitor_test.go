package models_test

import (
	"context"
	"slices"
	"testing"

	"parley/models"
)

// visit makes a visitor of the world's channel.
func (w *world) visit() (v *models.Visitor, secret string) {
	w.t.Helper()
	w.system(func(tx *models.Tx) (err error) {
		v, secret, err = tx.NewVisitor(w.channel.ID)
		must(w.t, err)
		return tx.Create(v)
	})
	return v, secret
}

func TestVisitorsDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.neighbour()
	visitor, _ := w.visit()
	enter := func(v models.Visitor, action models.Action) error {
		return w.store.ReadAsVisitor(context.Background(), v, action, func(tx *models.Tx, now *models.Visitor) error {
			if now.ID != visitor.ID || tx.Role.May(models.ViewInbox) || tx.Role.May(models.ReceiveFromPlatform) {
				t.Errorf("%s came in as %s", now.ID, tx.Role)
			}
			return nil
		})
	}

	t.Run("lets a visitor do what visitors may, and nothing else", func(t *testing.T) {
		for action, roles := range models.Policy() {
			err := enter(*visitor, action)
			if mine := slices.Contains(roles, models.Role("VISITOR")); mine != (err == nil) || !mine && models.CodeOf(err) != models.Forbidden {
				t.Errorf("%s: %v", action, err)
			}
		}
	})
	t.Run("refuses a visitor of another organization", func(t *testing.T) {
		stranger := *visitor
		stranger.OrganizationID = other.org.ID
		wantCode(t, enter(stranger, models.ReadAsVisitor), models.Unauthenticated)
	})
	t.Run("does not open for a token of a member, nor a member's for a visitor", func(t *testing.T) {
		_, secret := w.token(nil)
		_, visitors := w.visit()
		widget := models.Widget{OrganizationID: w.org.ID, ChannelID: w.channel.ID}
		_, err := w.store.AuthenticateVisitor(context.Background(), widget, secret)
		wantCode(t, err, models.Unauthenticated)
		_, _, err = w.store.Authenticate(context.Background(), visitors)
		wantCode(t, err, models.Unauthenticated)
	})
	t.Run("closes when the channel is disconnected", func(t *testing.T) {
		w.system(func(tx *models.Tx) error { return tx.Unroute(w.channel) })
		wantCode(t, enter(*visitor, models.ReadAsVisitor), models.Unauthenticated)
	})
}

func TestVisitorCursor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, _ := w.visit()
	other, _ := w.visit()
	cursor, err := w.store.VisitorCursor(*mine, 7)
	must(t, err)
	if seq, err := w.store.ParseVisitorCursor(*mine, cursor); err != nil || seq != 7 {
		t.Errorf("got %d, %v", seq, err)
	}
	for _, wrong := range []string{"", "x", cursor + "A", models.EventCursor(7)} {
		_, err := w.store.ParseVisitorCursor(*mine, wrong)
		wantCode(t, err, models.InvalidCursor)
	}
	_, err = w.store.ParseVisitorCursor(*other, cursor)
	wantCode(t, err, models.InvalidCursor)
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://shop.example":        "https://shop.example",
		" HTTPS://Shop.Example/ ":     "https://shop.example",
		"https://shop.example:443":    "https://shop.example",
		"https://shop.example:8443":   "https://shop.example:8443",
		"https://xn--bcher-kva.de":    "https://xn--bcher-kva.de",
		"http://localhost":            "http://localhost",
		"http://localhost:3000":       "http://localhost:3000",
		"http://shop.example":         "",
		"http://localhost.evil.de":    "",
		"https://shop.example/shop":   "",
		"https://shop.example?a=1":    "",
		"https://user@shop.example":   "",
		"https://*.shop.example":      "",
		"https://bücher.de":           "",
		"https://":                    "",
		"https://:443":                "",
		"shop.example":                "",
		"null":                        "",
		"javascript:alert(1)":         "",
		"https://a.example https://b": "",
		"":                            "",
	} {
		got, err := models.Origins([]string{text, text})
		if (err == nil) != (want != "") || err == nil && !slices.Equal(got, []string{want}) {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
	_, err := models.Origins(make([]string, models.MaxOrigins+1))
	wantCode(t, err, models.InvalidInput)
}
