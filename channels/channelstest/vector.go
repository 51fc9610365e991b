package channelstest

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/channels"
)

// Vector is a request with a known signature, or a known handshake, and what becomes of it.
type Vector struct {
	Name        string
	Channel     string
	Origin      string
	Secret      string
	VerifyToken string `json:"verify_token"`
	Request     struct {
		Method     string
		URL        string
		Headers    map[string]string
		Query      map[string]string
		BodyBase64 string `json:"body_base64"`
	}
	Expect struct {
		Valid  *bool
		Status int
		Body   string
	}
}

// runVectors checks the vectors of testdata, and those of the shared folder that testdata lacks.
func (s Suite) runVectors(t *testing.T) {
	t.Helper()
	vectors := s.vectors(t, "testdata/signatures.json")
	if len(vectors) == 0 {
		t.Error("no signature vectors in testdata")
	}
	if hasShared() {
		for _, v := range s.vectors(t, filepath.Join(shared, "signatures.json")) {
			if !slices.ContainsFunc(vectors, func(ours Vector) bool { return ours.Name == v.Name }) {
				vectors = append(vectors, v)
			}
		}
	}
	for _, v := range vectors {
		t.Run("vector "+v.Name, func(t *testing.T) { t.Parallel(); s.holds(t, v) })
	}
}

func (s Suite) vectors(t *testing.T, path string) []Vector {
	t.Helper()
	var file struct{ Vectors []Vector }
	readJSON(t, path, &file)
	return slices.DeleteFunc(file.Vectors, func(v Vector) bool {
		return !slices.Contains(strings.Split(v.Channel, "|"), s.Fixtures)
	})
}

func (s Suite) holds(t *testing.T, v Vector) {
	adapter, account := s.Knowing(v)
	switch {
	case v.Request.Method == http.MethodGet:
		shakesHands(t, v, adapter, account)
	case v.Expect.Valid == nil:
		t.Skip("either answer is right")
	default:
		verifies(t, v, adapter, account)
	}
}

func shakesHands(t *testing.T, v Vector, adapter channels.Adapter, account channels.Account) {
	handshaker, ok := adapter.(channels.Handshaker)
	if !ok {
		t.Fatal("the adapter shakes no hands")
	}
	query := url.Values{}
	for name, value := range v.Request.Query {
		query.Set(name, value)
	}
	var named *channels.Account
	if _, ok := adapter.(channels.PerAccountWebhook); ok {
		named = &account
	}
	answer, err := handshaker.Handshake(query, named)
	if (err == nil) != (v.Expect.Status == http.StatusOK) || (err == nil && answer != v.Expect.Body) {
		t.Errorf("answered %q, %v; want %d %q", answer, err, v.Expect.Status, v.Expect.Body)
	}
}

func verifies(t *testing.T, v Vector, adapter channels.Adapter, account channels.Account) {
	body, err := base64.StdEncoding.DecodeString(v.Request.BodyBase64)
	if err != nil {
		t.Fatalf("read vector: %v", err)
	}
	address, err := url.Parse(v.Request.URL)
	if err != nil {
		t.Fatalf("read vector: %v", err)
	}
	d := channels.Delivery{Header: http.Header{}, URL: address, Body: body}
	for name, value := range v.Request.Headers {
		d.Header.Set(name, value)
	}
	var named *channels.Account
	if _, ok := adapter.(channels.PerAccountWebhook); ok {
		d.AccountID, named = account.ID, &account
	}
	err = adapter.Verify(d, named)
	if *v.Expect.Valid && err != nil {
		t.Errorf("refused: %v", err)
	}
	if !*v.Expect.Valid && !errors.Is(err, channels.ErrNotSigned) {
		t.Errorf("got %v, want ErrNotSigned", err)
	}
}
