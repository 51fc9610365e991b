package channelstest

import (
	"strings"
	"testing"
)

// FuzzParse looks for a body that makes the adapter panic, or break a promise to the inbox.
func FuzzParse(f *testing.F, s Suite) {
	for _, seed := range s.fixtures(f) {
		f.Add(seed.body)
	}
	f.Add([]byte(s.Broken.Body))
	f.Fuzz(func(t *testing.T, body []byte) {
		keepsPromises(t, s.parse(s.delivery(body)).Inbound)
	})
}

// FuzzVerify looks for a signature in the given header that the adapter accepts though it is not the platform's.
func FuzzVerify(f *testing.F, s Suite, header string) {
	for _, seed := range s.fixtures(f) {
		f.Add(seed.body, s.delivery(seed.body).Header.Get(header))
	}
	f.Add([]byte(`{}`), "")
	f.Fuzz(func(t *testing.T, body []byte, signature string) {
		d := s.delivery(body)
		right := d.Header.Get(header)
		if err := s.verify(d); err != nil {
			t.Fatalf("verify a signed delivery: %v", err)
		}
		d.Header.Set(header, signature)
		if err := s.verify(d); err == nil && !strings.EqualFold(signature, right) {
			t.Fatalf("accepted %q instead of %q", signature, right)
		}
	})
}
