package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parley/embedded/embeddedtest"
	"parley/signin/signintest"
)

const completeSignIn = `mutation ($code: String!, $verifier: String!) {
	completeSignIn(input: {code: $code, verifier: $verifier}) {
		token expiresAt viewer { user { email } role } organizations { name } userErrors { code field message }
	}
}`

// TestSignInElsewhere walks a person's way through a whole server.
func TestSignInElsewhere(t *testing.T) {
	t.Parallel()
	provider := signintest.New(t, signintest.Person{Subject: "anna-1", Email: "anna@demo.example", Verified: true})
	config := testConfig(embeddedtest.Database(t, database, ""), "")
	config.Origins = []string{"https://app.example.com"}
	config.OIDCIssuer, config.OIDCClientID, config.OIDCClientSecret = provider.Issuer, signintest.ClientID, signintest.ClientSecret
	s := serve(t, config)
	provider.Register(s.url + "/signin/oidc/callback")
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))

	b := signintest.NewBrowser(t)
	end := b.Login(b.Open(s.url+"/signin/oidc?"+url.Values{
		"return": {"https://app.example.com/after"}, "challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}.Encode()), "anna-1")
	s.token = "" // who signs in has none yet
	complete := func() any {
		return at(post(t, s, completeSignIn, object{"code": end.Code(), "verifier": verifier}), "completeSignIn")
	}

	session := complete()
	if at(session, "viewer", "user", "email") != "anna@demo.example" || at(session, "viewer", "role") != "AGENT" {
		t.Fatalf("the session is %v, after %v", session, end.Sent)
	}
	s.token, _ = at(session, "token").(string)
	if who := at(post(t, s, `{ viewer { user { email } } }`, nil), "viewer", "user", "email"); who != "anna@demo.example" {
		t.Errorf("the token is of %v", who)
	}
	s.token = ""
	if again := complete(); at(again, "token") != nil || at(again, "userErrors", "0", "code") != "UNAUTHENTICATED" {
		t.Errorf("the code was taken twice: %v", again)
	}
}

func TestSignInSettings(t *testing.T) {
	t.Run("are all needed, or none", func(t *testing.T) {
		t.Setenv("PARLEY_OIDC_ISSUER", "https://id.example.com")
		t.Setenv("PARLEY_OIDC_CLIENT_ID", "parley")
		if _, err := readConfig(); err == nil || !strings.Contains(err.Error(), "PARLEY_OIDC_CLIENT_SECRET") {
			t.Errorf("the error is %v", err)
		}
		t.Setenv("PARLEY_OIDC_CLIENT_SECRET", "secret")
		t.Setenv("PARLEY_OIDC_SCOPES", "openid groups")
		t.Setenv("PARLEY_OIDC_RETURNS", "com.example.inbox,com.example.other")
		if c, err := readConfig(); err != nil || len(c.OIDCScopes) != 2 || len(c.OIDCReturns) != 2 {
			t.Errorf("read %+v, %v", c.OIDC, err)
		}
	})
	for _, wrong := range []struct{ name, value string }{
		{"PARLEY_OIDC_ISSUER", "http://id.example.com"}, {"PARLEY_OIDC_ISSUER", "id.example.com"}, {"PARLEY_OIDC_SCOPES", "email"},
		{"PARLEY_OIDC_RETURNS", "https"}, {"PARLEY_OIDC_RETURNS", "javascript"}, {"PARLEY_OIDC_RETURNS", "com.example://x"},
		{"PARLEY_OIDC_RETURNS", "Com.Example"},
	} {
		t.Run("refuse "+wrong.value+" as "+wrong.name, func(t *testing.T) {
			t.Setenv("PARLEY_OIDC_ISSUER", "https://id.example.com")
			t.Setenv("PARLEY_OIDC_CLIENT_ID", "parley")
			t.Setenv("PARLEY_OIDC_CLIENT_SECRET", "secret")
			t.Setenv(wrong.name, wrong.value)
			if _, err := readConfig(); err == nil || !strings.Contains(err.Error(), wrong.name) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	t.Run("without them there is no such way", func(t *testing.T) {
		t.Parallel()
		s := serve(t, testConfig(embeddedtest.Database(t, database, ""), ""))
		if status, _ := get(t, s.url+"/signin/oidc"); status != http.StatusNotFound {
			t.Errorf("it answered %d", status)
		}
	})
}
