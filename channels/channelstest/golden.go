package channelstest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/models"
)

var update = flag.Bool("update", false, "write the golden files anew")

// compareGolden holds everything an adapter said against a file that was reviewed.
func compareGolden(t *testing.T, path string, inbound []models.Inbound) {
	t.Helper()
	got := readable(t, inbound)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatalf("make room for golden file: %v", err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatalf("write golden file: %v", err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("read golden file (go test -update writes it): %v", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s (go test -update shows how in a diff):\n%s", path, got)
	}
}

// readable leaves out what is empty: an Inbound has thirty fields and says something in ten of them.
func readable(t *testing.T, inbound []models.Inbound) []byte {
	t.Helper()
	list := make([]any, 0, len(inbound))
	for _, in := range inbound {
		list = append(list, withoutEmpty(plain(t, in)))
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(list); err != nil {
		t.Fatalf("write inbound: %v", err)
	}
	return out.Bytes()
}

func plain(t *testing.T, in models.Inbound) any {
	t.Helper()
	encoded, err := json.Marshal(in)
	if err != nil {
		t.Fatalf("write inbound: %v", err)
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("read inbound: %v", err)
	}
	return value
}

func withoutEmpty(value any) any {
	object, ok := value.(map[string]any)
	if list, isList := value.([]any); isList {
		for i := range list {
			list[i] = withoutEmpty(list[i])
		}
	}
	if !ok {
		return value
	}
	for name, part := range object {
		if object[name] = withoutEmpty(part); isEmpty(object[name]) {
			delete(object, name)
		}
	}
	return object
}

func isEmpty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == "" || v == "0001-01-01T00:00:00Z"
	case bool:
		return !v
	case json.Number:
		return v == "0"
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// isKeepable reports whether PostgreSQL can keep every text of an inbound.
func isKeepable(in models.Inbound) bool {
	encoded, err := json.Marshal(in)
	if err != nil {
		return false
	}
	var value any
	if err := json.Unmarshal(encoded, &value); err != nil {
		return false
	}
	return !hasNUL(value)
}

func hasNUL(value any) bool {
	switch v := value.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		for _, part := range v {
			if hasNUL(part) {
				return true
			}
		}
	case map[string]any:
		for _, part := range v {
			if hasNUL(part) {
				return true
			}
		}
	}
	return false
}
