package tiktok

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"parley/channels"
)

const (
	signatureHeader = "Tiktok-Signature"
	freshness       = 5 * time.Minute
)

// Verify accepts a body signed with one of the app secrets within the last five minutes.
func (a *Adapter) Verify(d channels.Delivery, _ *channels.Account) error {
	header := d.Header.Get(signatureHeader)
	if header == "" {
		return channels.ErrUnsigned
	}
	seconds, shown, ok := split(header)
	if !ok || !a.isFresh(seconds, d.ReceivedAt) {
		return channels.ErrNotSigned
	}
	signed := false
	for _, secret := range a.config.AppSecrets {
		if secret != "" && hmac.Equal(shown, sign(secret, seconds, d.Body)) {
			signed = true
		}
	}
	if !signed {
		return channels.ErrNotSigned
	}
	return nil
}

// split takes a header such as "t=1756000001,s=32f4…" apart, in whatever order.
func split(header string) (seconds string, signature []byte, ok bool) {
	parts := strings.Split(header, ",")
	if len(parts) != 2 {
		return "", nil, false
	}
	values := map[string]string{}
	for _, part := range parts {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		values[name] = value
	}
	signature, err := hex.DecodeString(values["s"])
	return values["t"], signature, err == nil && len(signature) == sha256.Size && values["t"] != ""
}

func (a *Adapter) isFresh(seconds string, now time.Time) bool {
	if now.IsZero() {
		now = a.config.Now()
	}
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return false
	}
	age := now.Unix() - at
	limit := int64(freshness / time.Second)
	return -limit <= age && age <= limit
}

func sign(secret, seconds string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return mac.Sum(nil)
}
