package sms

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"parley/channels"
)

const signatureHeader = "X-Twilio-Signature"

// Verify accepts a delivery signed with the account's token: the address Twilio called and the form it sent, or the
// address alone where that carries a digest of the body.
// https://www.twilio.com/docs/usage/security
func (*Adapter) Verify(d channels.Delivery, account *channels.Account) error {
	shown := d.Header.Get(signatureHeader)
	if shown == "" {
		return channels.ErrUnsigned
	}
	if account == nil || account.Credentials.AccessToken == "" || d.URL == nil {
		return channels.ErrNotSigned
	}
	content := contentOf(form(d.Body))
	if digest := d.URL.Query().Get(digestParameter); digest != "" {
		if !isDigest(digest, d.Body) {
			return channels.ErrNotSigned
		}
		content = ""
	}
	for _, address := range addresses(d.URL) {
		right := sign(account.Credentials.AccessToken, address+content)
		if subtle.ConstantTimeCompare([]byte(right), []byte(shown)) == 1 {
			return nil
		}
	}
	return channels.ErrNotSigned
}

const digestParameter = "bodySHA256"

func isDigest(digest string, body []byte) bool {
	sum := sha256.Sum256(body)
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(strings.ToLower(digest))) == 1
}

func sign(token, text string) string {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// form reads what can be read of a form. Verify and Parse read alike, so nothing is believed that was not signed.
func form(body []byte) url.Values {
	values, _ := url.ParseQuery(string(body))
	return values
}

// contentOf is what Twilio appends to the address: every parameter by name, its name and value, empty ones too.
func contentOf(parameters url.Values) string {
	names := make([]string, 0, len(parameters))
	for name := range parameters {
		names = append(names, name)
	}
	slices.Sort(names)
	var content strings.Builder
	for _, name := range names {
		values := slices.Sorted(slices.Values(parameters[name]))
		for _, value := range values {
			content.WriteString(name)
			content.WriteString(value)
		}
	}
	return content.String()
}

// addresses are the ways Twilio may have written the address it called: with the port or without, with the plus of a
// number escaped or not.
func addresses(called *url.URL) []string {
	whole := *called
	whole.Fragment, whole.RawFragment = "", ""
	var all []string
	for _, host := range hosts(called) {
		whole.Host = host
		path := whole.EscapedPath()
		for _, written := range []string{
			path, strings.ReplaceAll(path, "+", "%2B"), strings.ReplaceAll(path, "%2B", "+"),
		} {
			address := whole.Scheme + "://" + whole.Host + written
			if whole.RawQuery != "" {
				address += "?" + whole.RawQuery
			}
			if !slices.Contains(all, address) {
				all = append(all, address)
			}
		}
	}
	return all
}

func hosts(called *url.URL) []string {
	bare := called.Hostname()
	if strings.Contains(bare, ":") { // an address of six groups
		bare = "[" + bare + "]"
	}
	usual := "443"
	if called.Scheme == "http" {
		usual = "80"
	}
	return []string{called.Host, bare, bare + ":" + usual}
}
