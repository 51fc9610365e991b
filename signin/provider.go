package signin

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"parley/models"
)

const discoveryTimeout = 10 * time.Second

// provider is asked who somebody is.
type provider struct {
	config Config
	client *http.Client
	turn   chan struct{} // of who may look at found
	found  *found        // nil until it was there once
}

// found is what a provider says of itself.
type found struct {
	*oidc.Provider
	style oauth2.AuthStyle
}

func newProvider(c Config) *provider {
	return &provider{config: c, client: newClient(), turn: make(chan struct{}, 1)}
}

// discover asks the provider what it can do, until it has answered once. One asks while the others wait, none of them for
// longer than their ctx: a provider that is away holds nobody up for longer than it would alone.
func (p *provider) discover(ctx context.Context) (*found, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for discovery: %w", ctx.Err())
	}
	if p.found != nil {
		return p.found, nil
	}
	discovered, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.config.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discover: %w", err)
	}
	var can struct {
		AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := discovered.Claims(&can); err != nil {
		return nil, fmt.Errorf("read how it knows us: %w", err)
	}
	p.found = &found{Provider: discovered, style: styleOf(can.AuthMethods)}
	return p.found, nil
}

// styleOf says how our secret is sent: in the header, which is the default, or in the body if that is all the provider reads.
func styleOf(methods []string) oauth2.AuthStyle {
	if slices.Contains(methods, "client_secret_post") && !slices.Contains(methods, "client_secret_basic") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

func (p *provider) oauth(f *found) *oauth2.Config {
	endpoint := f.Endpoint()
	endpoint.AuthStyle = f.style
	return &oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, Endpoint: endpoint,
		RedirectURL: p.config.PublicURL + callbackPath, Scopes: p.config.Scopes,
	}
}

// address is where the browser asks the provider.
func (p *provider) address(ctx context.Context, j journey) (string, error) {
	f, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return p.oauth(f).AuthCodeURL(j.State, oidc.Nonce(j.Nonce), oauth2.S256ChallengeOption(j.Verifier)), nil
}

// identify exchanges the code the browser came back with for what the provider says of the person.
func (p *provider) identify(ctx context.Context, j journey, code string) (who models.ExternalIdentity, err error) {
	ctx = oidc.ClientContext(ctx, p.client)
	f, err := p.discover(ctx)
	if err != nil {
		return who, err
	}
	tokens, err := p.oauth(f).Exchange(ctx, code, oauth2.VerifierOption(j.Verifier))
	if err != nil {
		return who, fmt.Errorf("exchange the code: %w", short(err))
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return who, errors.New("it sent no id token")
	}
	said, err := p.verify(ctx, f, j, raw)
	if err != nil {
		return who, fmt.Errorf("verify the id token: %w", err)
	}
	if said.Email == "" && f.UserInfoEndpoint() != "" {
		if said, err = ask(ctx, f, tokens, said.Subject); err != nil {
			return who, fmt.Errorf("ask for the address: %w", err)
		}
	}
	return models.ExternalIdentity{
		Issuer: p.config.Issuer, Subject: said.Subject, Email: said.Email, EmailVerified: bool(said.EmailVerified),
	}, nil
}

// short leaves out what the provider wrote beside its error's code.
func short(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response != nil {
		return fmt.Errorf("it answered %d %.40q", refused.Response.StatusCode, refused.ErrorCode)
	}
	return err
}

// verify trusts a token of the provider, for us, for this sign-in, that has not expired.
func (p *provider) verify(ctx context.Context, f *found, j journey, raw string) (said claims, err error) {
	token, err := f.Verifier(&oidc.Config{ClientID: p.config.ClientID, Now: p.config.Now}).Verify(ctx, raw)
	if err != nil {
		return said, err
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(j.Nonce)) != 1 {
		return said, errors.New("it was made for another sign-in")
	}
	if err := token.Claims(&said); err != nil {
		return said, errors.New("its claims cannot be read")
	}
	if said.AuthorizedParty != "" && said.AuthorizedParty != p.config.ClientID {
		return said, errors.New("it was made for another app")
	}
	return said, nil
}

// ask asks for what the token does not say. The answer must be about the same person.
func ask(ctx context.Context, f *found, tokens *oauth2.Token, subject string) (said claims, err error) {
	info, err := f.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return said, err
	}
	if err := info.Claims(&said); err != nil {
		return said, errors.New("the claims cannot be read")
	}
	if said.Subject != subject {
		return said, errors.New("the answer is about somebody else")
	}
	return said, nil
}
