// Package signintest gives a test a provider of OpenID Connect, and a browser to sign in there with.
package signintest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// How the provider knows whoever signs people in.
const (
	ClientID     = "parley"
	ClientSecret = "a secret of the test's"
)

const password = "verysecure"

// Person is somebody with an account at the provider.
type Person struct {
	Subject  string
	Email    string
	Verified bool // the address
}

// Provider is Zitadel's implementation of one, with its storage in memory.
type Provider struct {
	Issuer string

	// To be set before anybody signs in.
	ClaimsInToken bool   // whether the address is in the token; else it has to be asked for
	Nonce         string // what tokens are made for, instead of what was asked
	For           string // which app tokens are made for, instead of the one that asked
	Audience      string // who else may read tokens
	Forge         bool   // whether tokens are signed with a key that is not the provider's

	away atomic.Bool

	mu      sync.Mutex
	people  map[string]*storage.User
	clients map[string]*storage.Client
}

// New starts a provider for people; it ends with the test.
func New(t testing.TB, people ...Person) *Provider {
	t.Helper()
	p := &Provider{people: map[string]*storage.User{}, clients: map[string]*storage.Client{}}
	for _, person := range people {
		p.Change(person)
	}
	server := httptest.NewUnstartedServer(nil)
	p.Issuer = "http://" + server.Listener.Addr().String()
	store := &store{storage.NewStorageWithClients(p, p.clients), p}
	known := exampleop.SetupServer(p.Issuer, store, nil, false)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.away.Load() {
			http.Error(w, "be back soon", http.StatusServiceUnavailable)
			return
		}
		known.ServeHTTP(w, r)
	})
	server.Start()
	t.Cleanup(server.Close)
	return p
}

// Register tells the provider where browsers come back to. To be called before anybody signs in.
func (p *Provider) Register(callback string) {
	p.clients[ClientID] = storage.WebClient(ClientID, ClientSecret, callback)
}

// Leave makes the provider answer nothing but errors, until it is told otherwise.
func (p *Provider) Leave(away bool) { p.away.Store(away) }

// Change gives somebody an account, or changes it.
func (p *Provider) Change(person Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.people[person.Subject] = &storage.User{
		ID: person.Subject, Username: person.Subject, Password: password, Email: person.Email, EmailVerified: person.Verified,
	}
}

// GetUserByID finds a person for the storage.
func (p *Provider) GetUserByID(id string) *storage.User {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.people[id]
}

// GetUserByUsername finds a person for the storage: their name is their id.
func (p *Provider) GetUserByUsername(name string) *storage.User { return p.GetUserByID(name) }

// ExampleClientID is of a client the storage wants to know, and nobody uses.
func (p *Provider) ExampleClientID() string { return "nobody" }

// store does what the provider was told to do otherwise.
type store struct {
	*storage.Storage
	of *Provider
}

// CreateAuthRequest keeps what a browser asks for.
func (s *store) CreateAuthRequest(ctx context.Context, asked *oidc.AuthRequest, userID string) (op.AuthRequest, error) {
	if s.of.Nonce != "" {
		asked.Nonce = s.of.Nonce
	}
	return s.Storage.CreateAuthRequest(ctx, asked, userID)
}

// AuthRequestByCode finds what a code was made for.
func (s *store) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	found, err := s.Storage.AuthRequestByCode(ctx, code)
	if err != nil || s.of.For == "" {
		return found, err
	}
	return elsewhere{found, s.of}, nil
}

type elsewhere struct {
	op.AuthRequest
	of *Provider
}

// GetAudience is who may read the token.
func (e elsewhere) GetAudience() []string { return []string{e.of.Audience} }

// GetClientID is who asked for the token.
func (e elsewhere) GetClientID() string { return e.of.For }

// KeySet is what the provider's signatures are checked with.
func (s *store) KeySet(ctx context.Context) ([]op.Key, error) {
	if s.of.Forge {
		return storage.NewStorageWithClients(s.of, nil).KeySet(ctx)
	}
	return s.Storage.KeySet(ctx)
}

// GetClientByClientID finds who signs people in.
func (s *store) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return client{c, s.of}, nil
}

type client struct {
	op.Client
	of *Provider
}

// IDTokenUserinfoClaimsAssertion says whether the address is in the token.
func (c client) IDTokenUserinfoClaimsAssertion() bool { return c.of.ClaimsInToken }

// GetID is who a token is made for.
func (c client) GetID() string {
	if c.of.For != "" {
		return c.of.For
	}
	return c.Client.GetID()
}
