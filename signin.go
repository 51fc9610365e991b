package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parley/inbox"
	"parley/signin"
)

// OIDC says with which provider of OpenID Connect people may sign in, beside their password. The first three come together.
type OIDC struct {
	// The provider's issuer, as it names itself: https://id.example.com. Empty: people sign in with their password only.
	OIDCIssuer string `env:"PARLEY_OIDC_ISSUER"`
	// The id the provider knows this server by.
	OIDCClientID string `env:"PARLEY_OIDC_CLIENT_ID"`
	// The secret that goes with it.
	OIDCClientSecret string `env:"PARLEY_OIDC_CLIENT_SECRET"`
	// What the provider is asked for, separated by spaces.
	OIDCScopes []string `env:"PARLEY_OIDC_SCOPES" envSeparator:" " envDefault:"openid email profile"`
	// Schemes of mobile apps to which people may come back, comma-separated: com.example.inbox. Web apps are in PARLEY_ORIGINS.
	OIDCReturns []string `env:"PARLEY_OIDC_RETURNS"`
}

func (c OIDC) check() error {
	given := []string{c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecret}
	if slices.Contains(given, "") && strings.Join(given, "") != "" {
		return errors.New("PARLEY_OIDC_ISSUER, PARLEY_OIDC_CLIENT_ID and PARLEY_OIDC_CLIENT_SECRET are all needed, or none")
	}
	if c.OIDCIssuer != "" && !isTrustworthy(c.OIDCIssuer) {
		return errors.New("PARLEY_OIDC_ISSUER must be an https address (http only on this machine)")
	}
	if !slices.Contains(c.OIDCScopes, "openid") {
		return errors.New("PARLEY_OIDC_SCOPES must contain openid")
	}
	for _, scheme := range c.OIDCReturns {
		if !isAppScheme(scheme) {
			return fmt.Errorf("PARLEY_OIDC_RETURNS: %q must be a scheme of an app, such as com.example.inbox", scheme)
		}
	}
	return nil
}

// isTrustworthy reports whether nobody on the way can answer in the place of who is asked.
func isTrustworthy(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, u.Hostname())
}

// isAppScheme asks for a name the app's maker owns, backwards (RFC 8252 §7.1): no scheme that browsers know has a dot.
func isAppScheme(scheme string) bool {
	u, err := url.Parse(scheme + ":/")
	return err == nil && u.Scheme == scheme && strings.Contains(scheme, ".")
}

// openSignIn makes what people sign in by with a provider; without one there is nothing to be found.
func openSignIn(config Config, b *inbox.Inbox, log *slog.Logger) (http.Handler, error) {
	if config.OIDCIssuer == "" {
		return http.NotFoundHandler(), nil
	}
	cipher, err := b.Store().SignInCipher()
	if err != nil {
		return nil, err
	}
	return signin.New(signin.Config{
		Issuer: config.OIDCIssuer, ClientID: config.OIDCClientID, ClientSecret: config.OIDCClientSecret, Scopes: config.OIDCScopes,
		PublicURL: config.PublicURL, Returns: signin.Returns{Origins: config.Origins, Schemes: config.OIDCReturns},
		Inbox: b, Cipher: cipher, Now: time.Now, Log: log, // the provider does not travel with the demo's clock
	})
}
