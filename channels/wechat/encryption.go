package wechat

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"parley/channels"
)

// open returns what an encrypted delivery says, after its signature was found right. Only that counts: WeChat may send
// the same in plain beside it, where anyone could have changed it.
func open(d channels.Delivery, account channels.Account) ([]byte, error) {
	if d.URL == nil {
		return nil, channels.ErrUnsigned
	}
	sealed, err := readFields(d.Body)
	if err != nil {
		return nil, err
	}
	encrypted := sealed["Encrypt"]
	if encrypted == "" {
		return nil, errors.New("not encrypted")
	}
	query := d.URL.Query()
	token := account.Credentials.WebhookSecret
	if token == "" || !isSame(sign(token, query.Get("timestamp"), query.Get("nonce"), encrypted), query.Get("msg_signature")) {
		return nil, channels.ErrNotSigned
	}
	content, appID, err := decrypt(account.Credentials.EncodingKey, encrypted)
	if err != nil {
		return nil, err
	}
	if appID == "" || appID != account.Credentials.AppID {
		return nil, errors.New("encrypted for another app")
	}
	return content, nil
}

const (
	padding   = 32 // WeChat fills up to blocks of this size, not of AES's
	randomLen = 16 // random bytes before the text
	headerLen = randomLen + 4
)

// aesKey reads the key as WeChat's console shows it: base64 without its last sign.
func aesKey(encodingKey string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(encodingKey + "=")
	if err != nil || len(key) != 32 {
		return nil, errors.New("the EncodingAESKey is not one")
	}
	return key, nil
}

// decrypt takes apart random bytes, the text's length, the text and the app's id.
func decrypt(encodingKey, encrypted string) (content []byte, appID string, err error) {
	key, err := aesKey(encodingKey)
	if err != nil {
		return nil, "", err
	}
	text, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil || len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return nil, "", errors.New("what is encrypted is not whole")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, "", err
	}
	cipher.NewCBCDecrypter(block, key[:aes.BlockSize]).CryptBlocks(text, text)
	fill := int(text[len(text)-1])
	if fill < 1 || fill > padding || fill > len(text)-headerLen {
		return nil, "", errors.New("what is encrypted is not filled up as it should be")
	}
	text = text[:len(text)-fill]
	length := uint64(binary.BigEndian.Uint32(text[randomLen:headerLen]))
	if length > uint64(len(text)-headerLen) {
		return nil, "", errors.New("what is encrypted is shorter than it says")
	}
	return text[headerLen : headerLen+int(length)], string(bytes.Clone(text[headerLen+int(length):])), nil
}
