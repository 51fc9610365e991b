package models

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Cipher seals secrets for the database with AES-256-GCM, and makes secrets of its own.
type Cipher struct {
	key  []byte
	aead cipher.AEAD
}

// NewCipher takes a key of 32 bytes.
func NewCipher(key []byte) (*Cipher, error) {
	if len(key) != 32 {
		return nil, errors.New("the key must have 32 bytes")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return &Cipher{key: slices.Clone(key), aead: aead}, nil
}

// Seal encrypts value as JSON. What belongs to another place (another row, another tenant) cannot be opened in this one.
func (c *Cipher) Seal(value any, place string) ([]byte, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	nonce := make([]byte, c.aead.NonceSize(), c.aead.NonceSize()+len(plain)+c.aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return c.aead.Seal(nonce, nonce, plain, []byte(place)), nil
}

// Open decrypts what Seal made for the same place into value.
func (c *Cipher) Open(sealed []byte, place string, value any) error {
	size := c.aead.NonceSize()
	if len(sealed) < size {
		return errors.New("open: too short")
	}
	plain, err := c.aead.Open(nil, sealed[:size], sealed[size:], []byte(place))
	if err != nil {
		return errors.New("open: wrong key, or not sealed for this place")
	}
	if err := json.Unmarshal(plain, value); err != nil {
		return errors.New("open: not what was sealed")
	}
	return nil
}

// Derive makes the secret of a place: always the same one, which tells nothing of the key or of another place's.
func (c *Cipher) Derive(place string) string {
	secret, err := hkdf.Key(sha256.New, c.key, nil, "parley "+place, 24)
	if err != nil {
		panic(fmt.Sprintf("derive a secret of fixed length: %v", err))
	}
	return hex.EncodeToString(secret)
}

func hashOf(content []byte) []byte {
	sum := sha256.Sum256(content)
	return sum[:]
}
