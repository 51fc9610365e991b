package models_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"parley/models"
)

// TestChannelsPage holds docs/channels.md to the table.
func TestChannelsPage(t *testing.T) {
	t.Parallel()
	sameAsFile(t, "../docs/channels.md", []byte(models.ChannelsPage()))
}

// TestCapabilityTable holds the whole table against a file, so that every change of it shows in review.
func TestCapabilityTable(t *testing.T) {
	t.Parallel()
	table, err := json.MarshalIndent(models.AllCapabilities(), "", "  ")
	must(t, err)
	sameAsFile(t, "testdata/capabilities.golden.json", append(table, '\n'))
}

func sameAsFile(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		must(t, os.WriteFile(path, got, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%s has changed: look at it, and run the test with -update", path)
	}
}
