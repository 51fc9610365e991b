package inbox

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// cost is what stretching a password takes. Each hash carries its own, so that raising it locks nobody out.
type cost struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
}

// today is the second choice of RFC 9106 §4, for servers without 2 GiB to spare per login.
var today = cost{memory: 64 << 10, time: 3, threads: 4}

const hashLength = 32

// HashPassword makes what is kept of a password, in the PHC string format.
func HashPassword(password string) (string, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make salt: %w", err)
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, today.memory, today.time, today.threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(today.stretch(password, salt))), nil
}

// Each password takes 64 MiB while it is stretched: strangers who try many at once wait for each other.
var stretching = make(chan struct{}, 4)

func (c cost) stretch(password string, salt []byte) []byte {
	stretching <- struct{}{}
	defer func() { <-stretching }()
	return argon2.IDKey([]byte(password), salt, c.time, c.memory, c.threads, hashLength)
}

// fitsPassword reports whether hash was made of password.
func fitsPassword(hash, password string) bool {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false
	}
	var c cost
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.time, &c.threads); err != nil {
		return false
	}
	return subtle.ConstantTimeCompare(want, c.stretch(password, salt)) == 1
}
