package channelstest

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fixture is one payload, and what it means.
type fixture struct {
	name   string
	body   []byte
	facts  []facts
	isOurs bool // kept in the repository
}

func (f fixture) stem() string { return strings.TrimSuffix(f.name, filepath.Ext(f.name)) }

// facts are the expectations about one inbound, by name.
type facts map[string]any

type expectations map[string]struct{ Expected []facts }

// fixtures are those of the adapter's testdata and, where there is one, of the shared folder.
func (s Suite) fixtures(t testing.TB) []fixture {
	t.Helper()
	ours := readFixtures(t, "testdata/expected.json", "testdata/fixtures", s.Fixtures)
	if len(ours) == 0 {
		t.Fatal("no fixtures in testdata")
	}
	for i := range ours {
		ours[i].isOurs = true
	}
	if !hasShared() {
		return ours
	}
	all := ours
	theirs := readFixtures(t, filepath.Join(shared, "expected.json"), filepath.Join(shared, s.Fixtures), s.Fixtures)
	for _, f := range theirs {
		if !slices.ContainsFunc(ours, func(o fixture) bool { return o.name == f.name }) {
			all = append(all, f)
		}
	}
	return all
}

func readFixtures(t testing.TB, expected, folder, prefix string) []fixture {
	t.Helper()
	var known expectations
	readJSON(t, expected, &known)
	var fixtures []fixture
	for _, key := range slices.Sorted(maps.Keys(known)) {
		name, mine := strings.CutPrefix(key, prefix+"/")
		if !mine {
			continue
		}
		body, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatalf("read fixture: %v", err)
		}
		fixtures = append(fixtures, fixture{name: name, body: body, facts: known[key].Expected})
	}
	return fixtures
}

// shared is the folder of all fixtures, beside the repository.
var shared = func() string {
	root, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return filepath.Join(root, "..", "shared", "fixtures")
		}
		parent := filepath.Dir(root)
		if parent == root {
			break
		}
		root = parent
	}
	return ""
}()

func hasShared() bool {
	_, err := os.Stat(filepath.Join(shared, "expected.json"))
	return err == nil
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is missing", path)
	}
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
}
