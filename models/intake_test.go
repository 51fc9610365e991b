package models_test

import (
	"testing"

	"parley/models"
)

func TestTakeIn(t *testing.T) {
	t.Parallel()
	t.Run("has the database plan once what every group asks", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		store := openAt(t, w.url, w.clock, 1)
		const groups = 3

		var anew, once int
		for range groups {
			must(t, store.TakeIn(t.Context(), w.org.ID, []string{w.channel.ID}, func(in *models.Intake) error {
				_, err := in.Read([]models.Arrival{{ChannelID: w.channel.ID, ExternalID: "wamid.1", Author: models.Author{ID: "491701"}}})
				must(t, err)
				anew, once, err = in.Planned()
				return err
			}))
		}

		if anew != 0 || once != 3*groups {
			t.Errorf("planned anew %d times, once for %d, want 0 and %d", anew, once, 3*groups)
		}
	})
}
