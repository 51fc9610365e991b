package models_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"parley/models"
)

func newCipher(t *testing.T, first byte) *models.Cipher {
	t.Helper()
	key := make([]byte, 32)
	key[0] = first
	c, err := models.NewCipher(key)
	must(t, err)
	return c
}

func TestCipher(t *testing.T) {
	t.Parallel()
	c := newCipher(t, 1)
	const place = "channel:org_1:chn_1"
	secret := models.Credentials{AccessToken: "EAAG-very-secret", WebhookSecret: "w"}
	sealed, err := c.Seal(secret, place)
	must(t, err)

	t.Run("opens what was sealed", func(t *testing.T) {
		t.Parallel()
		var got models.Credentials
		must(t, c.Open(sealed, place, &got))
		if got != secret {
			t.Error("something else came out")
		}
	})
	t.Run("hides what was sealed, each time in another way", func(t *testing.T) {
		t.Parallel()
		again, err := c.Seal(secret, place)
		must(t, err)
		if bytes.Contains(sealed, []byte("EAAG")) || bytes.Equal(sealed, again) {
			t.Errorf("sealed as %q and %q", sealed, again)
		}
	})
	t.Run("refuses another place, another key, and whatever was touched", func(t *testing.T) {
		t.Parallel()
		refused := func(name string, c *models.Cipher, sealed []byte, place string) {
			var got models.Credentials
			err := c.Open(sealed, place, &got)
			if err == nil || got != (models.Credentials{}) {
				t.Errorf("%s: opened", name)
			} else if strings.Contains(err.Error(), "EAAG") {
				t.Errorf("%s: the error tells", name)
			}
		}
		refused("another tenant", c, sealed, "channel:org_2:chn_1")
		refused("no place", c, sealed, "")
		refused("another key", newCipher(t, 2), sealed, place)
		for i := range sealed {
			touched := slices.Clone(sealed)
			touched[i] ^= 1
			refused(fmt.Sprintf("byte %d", i), c, touched, place)
			refused(fmt.Sprintf("cut at %d", i), c, sealed[:i], place)
		}
		refused("longer", c, append(slices.Clone(sealed), 0), place)
		refused("nothing", c, nil, place)
	})
	t.Run("takes keys of 32 bytes", func(t *testing.T) {
		t.Parallel()
		for _, size := range []int{0, 16, 24, 31, 33} {
			if _, err := models.NewCipher(make([]byte, size)); err == nil {
				t.Errorf("took %d bytes", size)
			}
		}
	})
}

func TestCredentials(t *testing.T) {
	t.Parallel()

	t.Run("are never printed", func(t *testing.T) {
		t.Parallel()
		secret := models.Credentials{AccessToken: "EAAG-1", RefreshToken: "EAAG-2", WebhookSecret: "EAAG-3"}
		holder := struct{ C models.Credentials }{secret}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "c", secret, "p", &secret)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "c", secret, "h", holder)
		printed := log.String() + errors.Join(fmt.Errorf("%v", secret)).Error()
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			printed += fmt.Sprintf(format, secret) + fmt.Sprintf(format, &secret) + fmt.Sprintf(format, holder) +
				fmt.Sprintf(format, []models.Credentials{secret})
		}
		if strings.Contains(printed, "EAAG") {
			t.Errorf("printed as %s", printed)
		}
		if !strings.Contains(printed, "[secret]") {
			t.Error("nothing was printed")
		}
	})

	t.Run("lie sealed in the database, in their place", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var stored []byte
		must(t, w.raw().QueryRow(context.Background(), `SELECT credentials FROM channels WHERE id = $1`, w.channel.ID).Scan(&stored))
		if len(stored) == 0 || bytes.Contains(stored, []byte("hidden")) || json.Valid(stored) {
			t.Errorf("stored as %q", stored)
		}
		w.look(func(tx *models.Tx) error {
			got, err := tx.OpenCredentials(w.channel)
			if err != nil || got.AccessToken != "hidden" {
				t.Errorf("opened %v, %v", got.AccessToken, err)
			}
			moved := *w.channel
			moved.ID = "chn_other"
			if _, err := tx.OpenCredentials(&moved); err == nil {
				t.Error("opened in another channel")
			}
			return nil
		})
	})
}
