package wechat

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"

	"parley/channels"
)

// Handshake repeats WeChat's word if the request is signed with the token typed into its console.
func (*Adapter) Handshake(query url.Values, account *channels.Account) (string, error) {
	if err := verifyAddress(query, account); err != nil {
		return "", errors.New("handshake without our token")
	}
	return query.Get("echostr"), nil
}

// Verify accepts a delivery signed with the account's token. Of an account with an EncodingKey the signature has to
// cover the body, and the body to be meant for the account's app: the plain signature would go with any body.
// How old the signature is does not matter: WeChat repeats a delivery as it was.
func (*Adapter) Verify(d channels.Delivery, account *channels.Account) error {
	if d.URL == nil {
		return channels.ErrUnsigned
	}
	query := d.URL.Query()
	if query.Get("signature") == "" && query.Get("msg_signature") == "" {
		return channels.ErrUnsigned
	}
	if mode := query.Get("encrypt_type"); mode != "" && mode != "raw" && mode != "aes" {
		return channels.ErrNotSigned
	}
	if account == nil || account.Credentials.EncodingKey == "" {
		return verifyAddress(query, account)
	}
	if query.Get("signature") != "" {
		if err := verifyAddress(query, account); err != nil {
			return err
		}
	}
	_, err := open(d, *account)
	if err != nil {
		return channels.ErrNotSigned
	}
	return nil
}

// verifyAddress holds the plain signature against the token. It covers nothing but a time and a random number.
func verifyAddress(query url.Values, account *channels.Account) error {
	if account == nil || account.Credentials.WebhookSecret == "" {
		return channels.ErrNotSigned
	}
	right := sign(account.Credentials.WebhookSecret, query.Get("timestamp"), query.Get("nonce"))
	if !isSame(right, query.Get("signature")) {
		return channels.ErrNotSigned
	}
	return nil
}

// sign is the digest of the parts in the order of their bytes.
func sign(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

func isSame(right, shown string) bool {
	return subtle.ConstantTimeCompare([]byte(right), []byte(shown)) == 1
}
