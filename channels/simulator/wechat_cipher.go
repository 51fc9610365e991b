package simulator

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
)

// encipher is WeChat's safe mode: AES-256-CBC over 16 random bytes, the length, the words and the app's id, padded to
// blocks of 32.
func encipher(key []byte, appID string, plain []byte) string {
	text := make([]byte, 16, 64+len(plain)+len(appID))
	_, _ = rand.Read(text) // crypto/rand does not fail
	text = binary.BigEndian.AppendUint32(text, uint32(len(plain)))
	text = append(append(text, plain...), appID...)
	pad := 32 - len(text)%32
	text = append(text, bytes.Repeat([]byte{byte(pad)}, pad)...)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // AddWeChatAccount has seen its length
	}
	cipher.NewCBCEncrypter(block, key[:16]).CryptBlocks(text, text)
	return base64.StdEncoding.EncodeToString(text)
}
