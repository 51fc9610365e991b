// Package channelstest is what every adapter has to pass: recorded payloads, signatures, damaged bodies.
//
// An adapter keeps in its testdata
//
//	fixtures/       payloads, one file per HTTP body
//	expected.json   what each of them means: "<folder>/<file>" → facts
//	golden/         what the adapter makes of them, in full: written by go test -update, reviewed as a diff
//	signatures.json signature and handshake vectors
//
// and a test of one line. Payloads we may not keep in the repository are read from ../shared/fixtures, where it exists.
package channelstest

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/channels"
	"parley/models"
)

// Suite is what an adapter brings along.
type Suite struct {
	Adapter  channels.Adapter
	Account  channels.Account                                    // to whom the fixtures are delivered
	Fixtures string                                              // the fixtures' folder, and the adapter's word in signatures.json
	Sign     func(d *channels.Delivery)                          // signs as the platform does for Account
	Knowing  func(v Vector) (channels.Adapter, channels.Account) // hold the secrets of a vector
	Broken   Batch
	Accounts map[string]channels.Account                  // fixture file → to whom it is delivered, if not to Account
	Polled   map[string]func(body []byte) channels.Parsed // fixture file → reads it: it is an answer, not a delivery
	Except   map[string]string                            // expected fact → why it is not compared
	Skip     map[string]string                            // fixture file → why it is not read
}

// Batch is a delivery of which one element cannot be read.
type Batch struct {
	Body string
	Kept []string // external ids of the others; none where the platform delivers one by one
}

// Run holds the adapter to everything an adapter promises.
func Run(t *testing.T, s Suite) {
	fixtures := s.fixtures(t)
	for _, f := range fixtures {
		t.Run("reads "+f.name, func(t *testing.T) { t.Parallel(); s.reads(t, f) })
		t.Run("makes nothing of pieces of "+f.name, func(t *testing.T) { t.Parallel(); s.survivesTruncation(t, f) })
	}
	t.Run("keeps the neighbours of a broken element", func(t *testing.T) { t.Parallel(); s.keepsNeighbours(t) })
	t.Run("refuses what is not signed", func(t *testing.T) { t.Parallel(); s.refusesUnsigned(t) })
	t.Run("refuses another signature", func(t *testing.T) { t.Parallel(); s.refusesForgery(t) })
	s.runVectors(t)
	if !hasShared() {
		t.Run("payloads outside the repository", func(t *testing.T) { t.Skip("no ../shared/fixtures") })
	}
}

// delivery is a body as the platform would deliver it, signed.
func (s Suite) delivery(body []byte) channels.Delivery {
	path := "/webhooks/" + strings.ToLower(string(s.Adapter.Platform()))
	d := channels.Delivery{
		Header:     http.Header{"Content-Type": {"application/json"}},
		URL:        &url.URL{Scheme: "https", Host: "parley.example", Path: path},
		Body:       body,
		ReceivedAt: time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC),
	}
	if _, ok := s.Adapter.(channels.PerAccountWebhook); ok {
		d.AccountID = s.Account.ID
		d.URL.Path += "/" + s.Account.ID
	}
	s.Sign(&d)
	return d
}

func (s Suite) verify(d channels.Delivery) error { return s.Adapter.Verify(d, s.named(d)) }

func (s Suite) parse(d channels.Delivery) channels.Parsed { return s.Adapter.Parse(d, s.named(d)) }

// named is the account the delivery's address names.
func (s Suite) named(d channels.Delivery) *channels.Account {
	if d.AccountID == "" {
		return nil
	}
	return &s.Account
}

func (s Suite) reads(t *testing.T, f fixture) {
	if why, skipped := s.Skip[f.name]; skipped {
		t.Skip(why)
	}
	s = s.of(f)
	d := s.delivery(f.body)
	if err := s.verify(d); err != nil && s.Polled[f.name] == nil {
		t.Errorf("verify a signed delivery: %v", err)
	}
	parsed := s.read(f, d)
	for _, err := range parsed.Unreadable {
		t.Errorf("unreadable: %v", err)
	}
	keepsPromises(t, parsed.Inbound)
	s.compareFacts(t, f.facts, parsed.Inbound)
	if f.isOurs {
		compareGolden(t, filepath.Join("testdata", "golden", f.stem()+".golden.json"), parsed.Inbound)
	}
}

// of is the suite with the account a fixture is delivered to.
func (s Suite) of(f fixture) Suite {
	if other, isAnother := s.Accounts[f.name]; isAnother {
		s.Account = other
	}
	return s
}

func (s Suite) read(f fixture, d channels.Delivery) channels.Parsed {
	if polled := s.Polled[f.name]; polled != nil {
		return polled(d.Body)
	}
	return s.parse(d)
}

// survivesTruncation cuts a body every 50 bytes. A piece of a document is no document: nothing may be read out of it.
func (s Suite) survivesTruncation(t *testing.T, f fixture) {
	if filepath.Ext(f.name) == ".form" {
		t.Skip("a piece of a form is a form")
	}
	s = s.of(f)
	whole := bytes.TrimSpace(f.body)
	for end := 0; end < len(whole); end += 50 {
		parsed := s.read(f, s.delivery(whole[:end]))
		if len(parsed.Inbound) != 0 || len(parsed.Unreadable) == 0 {
			t.Errorf("first %d of %d bytes: %d inbound, unreadable: %v", end, len(whole), len(parsed.Inbound), parsed.Unreadable)
		}
	}
}

func (s Suite) keepsNeighbours(t *testing.T) {
	parsed := s.parse(s.delivery([]byte(s.Broken.Body)))
	var kept []string
	for _, in := range parsed.Inbound {
		kept = append(kept, in.ExternalID)
	}
	if !slices.Equal(kept, s.Broken.Kept) {
		t.Errorf("kept %q, want %q", kept, s.Broken.Kept)
	}
	if len(parsed.Unreadable) != 1 {
		t.Errorf("unreadable: %v, want one", parsed.Unreadable)
	}
}

func (s Suite) refusesUnsigned(t *testing.T) {
	d := s.delivery([]byte(`{}`))
	unsigned := d
	unsigned.Header = http.Header{}
	unsigned.URL = &url.URL{Scheme: d.URL.Scheme, Host: d.URL.Host, Path: d.URL.Path}
	if err := s.verify(unsigned); !errors.Is(err, channels.ErrNotSigned) {
		t.Errorf("delivery without a signature: %v, want ErrNotSigned", err)
	}
}

// refusesForgery changes what Sign added, piece by piece, and then the body where the signature covers it.
func (s Suite) refusesForgery(t *testing.T) {
	body := []byte(`{"a":1}`)
	signed, plain := s.delivery(body), s.unsigned(body)
	for name := range signed.Header {
		if plain.Header.Get(name) == signed.Header.Get(name) {
			continue
		}
		forged := s.delivery(body)
		forged.Header.Set(name, changeLast(signed.Header.Get(name)))
		if err := s.verify(forged); !errors.Is(err, channels.ErrNotSigned) {
			t.Errorf("changed %s: %v, want ErrNotSigned", name, err)
		}
	}
	for name, values := range signed.URL.Query() {
		forged := s.delivery(body)
		query := forged.URL.Query()
		query.Set(name, changeLast(values[0]))
		forged.URL.RawQuery = query.Encode()
		if err := s.verify(forged); !errors.Is(err, channels.ErrNotSigned) {
			t.Errorf("changed query %s: %v, want ErrNotSigned", name, err)
		}
	}
	if s.coversBody() {
		signed.Body = []byte(`{"a":2}`)
		if err := s.verify(signed); !errors.Is(err, channels.ErrNotSigned) {
			t.Errorf("changed body: %v, want ErrNotSigned", err)
		}
	}
}

func (s Suite) unsigned(body []byte) channels.Delivery {
	s.Sign = func(*channels.Delivery) {}
	return s.delivery(body)
}

// coversBody reports whether two bodies have two signatures. Some platforms only show a secret.
func (s Suite) coversBody() bool {
	one, other := s.delivery([]byte(`1`)), s.delivery([]byte(`2`))
	for name := range one.Header {
		if one.Header.Get(name) != other.Header.Get(name) {
			return true
		}
	}
	return one.URL.RawQuery != other.URL.RawQuery
}

func changeLast(value string) string {
	last := value[len(value)-1]
	changed := byte('0')
	if last == '0' {
		changed = '1'
	}
	return value[:len(value)-1] + string(changed)
}

// keepsPromises checks what the inbox relies on, whatever the platform.
func keepsPromises(t *testing.T, inbound []models.Inbound) {
	t.Helper()
	for i, in := range inbound {
		require := func(ok bool, what string) {
			if !ok {
				t.Errorf("inbound %d (%s): %s", i, in.Kind, what)
			}
		}
		require(in.AccountID != "", "names no account")
		require(in.Surface != "", "has no surface")
		require(in.Direction != "", "has no direction")
		require(!in.Echo || in.Direction == models.OutboundMessage, "is an echo of somebody else")
		require(in.At.Location() == time.UTC, "time is not UTC")
		require(isKeepable(in), "has a NUL character")
		switch in.Kind {
		case models.InboundUtterance, models.InboundPostback:
			require(in.ExternalID != "" && in.ThreadKey != "", "lacks id or thread")
			require(in.Author.ID != "" || in.Incomplete || in.Surface != models.PrivateMessage, "lacks the author")
			require(in.Post == nil || in.Post.ExternalID != "", "is about a post without an id")
		case models.InboundEdit, models.InboundDeletion, models.InboundHidden, models.InboundShown:
			require(in.ExternalID != "", "changes nothing")
		case models.InboundReaction:
			require(in.TargetExternalID != "", "is a reaction to nothing")
		case models.InboundReceipt:
			require(in.Status != "", "is a receipt without status")
			require(in.ExternalID != "" || !in.UpTo.IsZero() && in.Author.ID != "", "is a receipt for nothing")
			require((in.Status == models.Failed) == (in.Failure != nil), "failed without a reason, or the reverse")
		case models.InboundTyping:
			require(in.Author.ID != "", "lacks the contact")
		case models.InboundRekey:
			require(in.Author.ID != "" && in.NewAuthorID != "", "lacks the old or the new id")
		case models.InboundOptIn, models.InboundOptOut:
			require(in.Author.ID != "", "lacks the contact")
		case models.InboundNotice:
			require(in.Notice != nil && in.Notice.Type != "", "is a notice of nothing")
		default:
			require(false, "is of no known kind")
		}
	}
}
