package transport

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
)

// Trusted are the documents an operator has vetted, by their ids; nil has none.
type Trusted struct {
	byID  map[string]string
	texts map[string]bool
}

// ReadTrusted reads a manifest: a JSON object of documents by their ids, as Relay writes it, or one with the list
// "operations" of Apollo's tools. Every document is also known as "sha256:" and its hash.
func ReadTrusted(manifest []byte) (*Trusted, error) {
	byID, err := manifestDocuments(manifest)
	if err != nil {
		return nil, err
	}
	t := &Trusted{byID: make(map[string]string, 2*len(byID)), texts: make(map[string]bool, len(byID))}
	for id, text := range byID {
		if id == "" || text == "" {
			return nil, errors.New("a document has no text, or no id")
		}
		t.texts[text] = true
		t.byID[id] = text
	}
	for _, text := range byID {
		t.byID["sha256:"+HashOf(text)] = text
	}
	return t, nil
}

func manifestDocuments(manifest []byte) (map[string]string, error) {
	var apollo struct {
		Operations []struct{ ID, Body string }
	}
	if json.Unmarshal(manifest, &apollo) == nil && apollo.Operations != nil {
		byID := make(map[string]string, len(apollo.Operations))
		for _, op := range apollo.Operations {
			byID[op.ID] = op.Body
		}
		return byID, nil
	}
	var byID map[string]string
	if err := json.Unmarshal(manifest, &byID); err != nil {
		return nil, fmt.Errorf("read the manifest as documents by their ids: %w", err)
	}
	return byID, nil
}

// HashOf is the name of a document: its SHA-256 in lower case hex.
func HashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// All are the documents by their ids, in the order of these.
func (t *Trusted) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, id := range slices.Sorted(maps.Keys(t.byID)) {
			if !yield(id, t.byID[id]) {
				return
			}
		}
	}
}

func (t *Trusted) find(id string) (text string, ok bool) {
	if t == nil {
		return "", false
	}
	text, ok = t.byID[id]
	return text, ok
}

func (t *Trusted) has(text string) bool { return t != nil && t.texts[text] }
