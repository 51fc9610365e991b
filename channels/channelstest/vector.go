package channelstest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/channels"
)

// Vector is a request with a known signature, or a known handshake, and what becomes of it.
type Vector struct {
	Name        string
	Channel     string
	Origin      string
	Secret      string
	VerifyToken string `json:"verify_token"`
	AESKey      string `json:"encoding_aes_key"`
	AppID       string
	Now         int64 // seconds since 1970 at which the request arrives, where that matters
	Request     struct {
		Method     string
		URL        string
		Headers    map[string]string
		Query      map[string]string
		BodyBase64 string `json:"body_base64"`
		Body       string // where there is no BodyBase64
		BodyFile   string `json:"body_file"` // beside the shared fixtures
	}
	Expect struct {
		Valid  *bool
		Status int
		Body   string
		JSON   any // in place of Body: the answer is a document
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
	if v.Expect.JSON != nil {
		var document any
		if jsonErr := json.Unmarshal([]byte(answer), &document); jsonErr != nil || !reflect.DeepEqual(document, v.Expect.JSON) {
			t.Errorf("answered %q, %v; want %v", answer, err, v.Expect.JSON)
		}
		return
	}
	if (err == nil) != (v.Expect.Status == http.StatusOK) || (err == nil && answer != v.Expect.Body) {
		t.Errorf("answered %q, %v; want %d %q", answer, err, v.Expect.Status, v.Expect.Body)
	}
}

func (v Vector) body() ([]byte, error) {
	switch {
	case v.Request.BodyFile != "":
		return os.ReadFile(filepath.Join(shared, "..", filepath.FromSlash(v.Request.BodyFile)))
	case v.Request.BodyBase64 != "":
		return base64.StdEncoding.DecodeString(v.Request.BodyBase64)
	default:
		return []byte(v.Request.Body), nil
	}
}

func verifies(t *testing.T, v Vector, adapter channels.Adapter, account channels.Account) {
	body, err := v.body()
	if err != nil {
		t.Fatalf("read vector: %v", err)
	}
	address, err := url.Parse(v.Request.URL)
	if err != nil {
		t.Fatalf("read vector: %v", err)
	}
	query := address.Query()
	for name, value := range v.Request.Query {
		query.Set(name, value)
	}
	if len(v.Request.Query) > 0 {
		address.RawQuery = query.Encode()
	}
	d := channels.Delivery{Header: http.Header{}, URL: address, Body: body}
	if v.Now != 0 {
		d.ReceivedAt = time.Unix(v.Now, 0).UTC()
	}
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
