package wechat

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/url"
	"strings"
	"testing"

	"parley/channels"
	"parley/channels/channelstest"
	"parley/models"
)

const (
	token       = "a token"
	encodingKey = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	appID       = "wx0123456789abcdef"
)

var (
	plain   = channels.Account{ID: "gh_e136c6e50636", Credentials: models.Credentials{WebhookSecret: token}}
	private = channels.Account{ID: "gh_e136c6e50636", Credentials: models.Credentials{
		WebhookSecret: token, EncodingKey: encodingKey, AppID: appID,
	}}
	// sampler is the account of WeChat's own example of an encrypted delivery.
	sampler = channels.Account{ID: "gh_10f6c3c3ac5a", Credentials: models.Credentials{
		WebhookSecret: "spamtest", EncodingKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", AppID: "wx2c2769f8efd9abc2",
	}}
)

func knowing(v channelstest.Vector) (channels.Adapter, channels.Account) {
	return New(Config{}), channels.Account{ID: "gh_1", Credentials: models.Credentials{
		WebhookSecret: v.Secret, EncodingKey: v.AESKey, AppID: v.AppID,
	}}
}

// inPlain are the deliveries of an account without an EncodingKey.
var inPlain = channelstest.Suite{
	Adapter:  New(Config{}),
	Account:  plain,
	Fixtures: "wechat",
	Sign:     func(d *channels.Delivery) { signPlain(d, token) },
	Knowing:  knowing,
	Broken:   channelstest.Batch{Body: strings.Replace(aText, "1785000000", "soon", 1)},
	Accounts: map[string]channels.Account{
		"text_aes_compat_mode.xml": {ID: sampler.ID, Credentials: models.Credentials{WebhookSecret: token}},
	},
}

// encrypted are the same deliveries, and WeChat's example, as an account with an EncodingKey gets them.
var encrypted = channelstest.Suite{
	Adapter:  New(Config{}),
	Account:  private,
	Fixtures: "wechat",
	Sign: func(d *channels.Delivery) {
		account := private
		if d.AccountID == sampler.ID {
			account = sampler
		}
		seal(d, account)
	},
	Knowing:  knowing,
	Broken:   channelstest.Batch{Body: strings.Replace(aText, "1785000000", "soon", 1)},
	Accounts: map[string]channels.Account{"text_aes_compat_mode.xml": sampler},
}

const aText = `<xml><ToUserName>gh_e136c6e50636</ToUserName><FromUserName>her</FromUserName><CreateTime>1785000000</CreateTime>` +
	`<MsgType>text</MsgType><Content>a</Content><MsgId>1</MsgId></xml>`

func signPlain(d *channels.Delivery, token string) {
	query := d.URL.Query()
	query.Set("timestamp", "1460537339")
	query.Set("nonce", "486452656")
	query.Set("signature", sign(token, "1460537339", "486452656"))
	d.URL.RawQuery = query.Encode()
}

// seal encrypts a delivery that is not yet, and signs it.
func seal(d *channels.Delivery, account channels.Account) {
	c := account.Credentials
	signPlain(d, c.WebhookSecret)
	sealed, err := readFields(d.Body)
	if err != nil || sealed["Encrypt"] == "" {
		sealed = fields{"Encrypt": encrypt(c.EncodingKey, c.AppID, d.Body)}
		d.Body = []byte("<xml><ToUserName>" + account.ID + "</ToUserName><Encrypt>" + sealed["Encrypt"] + "</Encrypt></xml>")
	}
	query := d.URL.Query()
	query.Set("encrypt_type", "aes")
	query.Set("msg_signature", sign(c.WebhookSecret, query.Get("timestamp"), query.Get("nonce"), sealed["Encrypt"]))
	d.URL.RawQuery = query.Encode()
}

func encrypt(encodingKey, appID string, content []byte) string {
	text := []byte("sixteen of chance")[:randomLen]
	text = binary.BigEndian.AppendUint32(text, uint32(len(content)))
	text = append(append(text, content...), appID...)
	fill := padding - len(text)%padding
	text = append(text, strings.Repeat(string(rune(fill)), fill)...)
	return encryptText(encodingKey, text)
}

func encryptText(encodingKey string, text []byte) string {
	key, err := aesKey(encodingKey)
	if err != nil {
		panic(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	cipher.NewCBCEncrypter(block, key[:aes.BlockSize]).CryptBlocks(text, text)
	return base64.StdEncoding.EncodeToString(text)
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	t.Run("in plain", func(t *testing.T) { t.Parallel(); channelstest.Run(t, inPlain) })
	t.Run("encrypted", func(t *testing.T) { t.Parallel(); channelstest.Run(t, encrypted) })
}

func FuzzParse(f *testing.F) { channelstest.FuzzParse(f, inPlain) }

// FuzzVerify looks for a body and a signature that are accepted though the signature is another one's.
func FuzzVerify(f *testing.F) {
	d := channels.Delivery{URL: &url.URL{}, Body: []byte(aText)}
	seal(&d, private)
	f.Add(d.Body, d.URL.Query().Get("msg_signature"))
	f.Add([]byte(aText), sign(token, "1460537339", "486452656"))
	f.Add([]byte(`<xml><Encrypt>AAAA</Encrypt></xml>`), "")
	f.Fuzz(func(t *testing.T, body []byte, signature string) {
		d := channels.Delivery{AccountID: private.ID, URL: &url.URL{}, Body: body}
		signPlain(&d, token)
		query := d.URL.Query()
		query.Set("msg_signature", signature)
		d.URL.RawQuery = query.Encode()
		if New(Config{}).Verify(d, &private) != nil {
			return
		}
		sealed, err := readFields(body)
		if err != nil || signature != sign(token, "1460537339", "486452656", sealed["Encrypt"]) {
			t.Errorf("accepted %q", signature)
		}
	})
}

func TestVerify(t *testing.T) {
	t.Parallel()
	delivery := func(prepare func(d *channels.Delivery)) channels.Delivery {
		d := channels.Delivery{AccountID: private.ID, URL: &url.URL{Path: "/"}, Body: []byte(aText)}
		prepare(&d)
		return d
	}
	inPlain := func(d *channels.Delivery) { signPlain(d, token) }
	sealed := func(d *channels.Delivery) { seal(d, private) }
	forApp := func(id string) func(d *channels.Delivery) {
		return func(d *channels.Delivery) {
			other := private
			other.Credentials.AppID = id
			seal(d, other)
		}
	}
	without := func(names ...string) func(d *channels.Delivery) {
		return func(d *channels.Delivery) {
			seal(d, private)
			query := d.URL.Query()
			for _, name := range names {
				query.Del(name)
			}
			d.URL.RawQuery = query.Encode()
		}
	}
	withoutToken := channels.Account{ID: private.ID}

	for name, c := range map[string]struct {
		d       channels.Delivery
		account *channels.Account
		right   bool
	}{
		"accepts plain, however long ago it was signed":     {delivery(inPlain), &plain, true},
		"accepts encrypted":                                 {delivery(sealed), &private, true},
		"accepts encrypted without the plain signature":     {delivery(without("signature", "encrypt_type")), &private, true},
		"accepts encrypted when only the console encrypts":  {delivery(sealed), &plain, true},
		"refuses plain of an account that encrypts":         {delivery(inPlain), &private, false},
		"refuses encrypted without a signature of the body": {delivery(without("msg_signature")), &private, false},
		"refuses what was encrypted for another app":        {delivery(forApp("wxOTHER")), &private, false},
		"refuses what was encrypted for no app":             {delivery(forApp("")), &channels.Account{Credentials: models.Credentials{WebhookSecret: token, EncodingKey: encodingKey}}, false},
		"refuses for an account nobody connected":           {delivery(inPlain), nil, false},
		"refuses for an account without a token":            {delivery(func(d *channels.Delivery) { signPlain(d, "") }), &withoutToken, false},
		"refuses without an address":                        {channels.Delivery{Body: []byte(aText)}, &private, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := New(Config{}).Verify(c.d, c.account)
			if (err == nil) != c.right || err != nil && !errors.Is(err, channels.ErrNotSigned) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestDecrypt(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":                 "",
		"no base64":               "***",
		"half a block":            base64.StdEncoding.EncodeToString([]byte("half")),
		"less than a header":      encryptText(encodingKey, []byte(strings.Repeat("\x10", 16))),
		"a filling of 33":         encryptText(encodingKey, []byte(strings.Repeat("\x21", 64))),
		"no filling":              encryptText(encodingKey, make([]byte, 64)),
		"a length beyond the end": encryptText(encodingKey, []byte(strings.Repeat("\xff", 63)+"\x01")),
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			if content, _, err := decrypt(encodingKey, text); err == nil {
				t.Errorf("made %q of it", content)
			}
		})
	}
	t.Run("refuses with a key that is none", func(t *testing.T) {
		t.Parallel()
		if _, _, err := decrypt("short", encrypt(encodingKey, appID, nil)); err == nil {
			t.Error("decrypted")
		}
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"an empty body":          ``,
		"no XML":                 `{"MsgType":"text"}`,
		"a type declared inside": `<!DOCTYPE xml [<!ENTITY a "b">]>` + aText,
		"an entity of its own":   strings.Replace(aText, "<Content>a", "<Content>&lol;", 1),
		"a bomb of entities": `<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>` +
			strings.Replace(aText, "<Content>a", "<Content>&b;", 1),
		"a well without bottom":       `<xml>` + strings.Repeat("<a>", 100_000) + strings.Repeat("</a>", 100_000) + `</xml>`,
		"two documents":               aText + aText,
		"text behind the document":    aText + "a",
		"a comment in a comment":      strings.Replace(aText, "<Content>", "<!-- <!-- --> --><Content>", 1),
		"a CDATA that never ends":     strings.Replace(aText, "<Content>a", "<Content><![CDATA[a", 1),
		"another character set":       `<?xml version="1.0" encoding="GB2312"?>` + aText,
		"a NUL":                       strings.Replace(aText, "<Content>a", "<Content>\x00", 1),
		"a NUL in disguise":           strings.Replace(aText, "<Content>a", "<Content>&#0;", 1),
		"an element that comes twice": strings.Replace(aText, "<Content>", "<MsgId>2</MsgId><Content>", 1),
		"too many elements":           strings.Replace(aText, "<Content>", manyElements(), 1),
		"a delivery for another":      strings.Replace(aText, "gh_e136c6e50636", "gh_other", 1),
		"a message from nobody":       strings.Replace(aText, "her", "", 1),
		"a message without an id":     strings.Replace(aText, "<MsgId>1</MsgId>", "", 1),
		"a message of no type":        strings.Replace(aText, "text", "", 1),
		"an event without a name":     strings.Replace(aText, "text", "event", 1),
		"a time that is a promise":    strings.Replace(aText, "1785000000", "soon", 1),
		"a place without where":       strings.Replace(aText, "text", "location", 1),
		"a place nowhere":             strings.Replace(strings.Replace(aText, "text", "location", 1), "<MsgId>", "<Location_X>NaN</Location_X><Location_Y>1</Location_Y><MsgId>", 1),
		"only what is encrypted":      `<xml><ToUserName>gh_e136c6e50636</ToUserName><Encrypt>AAAA</Encrypt></xml>`,
		"a receipt for nothing":       eventNamed("TEMPLATESENDJOBFINISH", "<Status>success</Status>"),
		"a receipt that says little":  eventNamed("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID>"),
	} {
		t.Run("keeps for later "+name, func(t *testing.T) {
			t.Parallel()
			parsed := New(Config{}).Parse(channels.Delivery{AccountID: plain.ID, Body: []byte(body)}, &plain)
			if len(parsed.Inbound) != 0 || len(parsed.Unreadable) != 1 {
				t.Fatalf("%d inbound, unreadable: %v; want one unreadable", len(parsed.Inbound), parsed.Unreadable)
			}
			if strings.Contains(parsed.Unreadable[0].Error(), "lol") {
				t.Errorf("the error quotes the contact: %v", parsed.Unreadable[0])
			}
		})
	}

	t.Run("believes only what is encrypted", func(t *testing.T) {
		t.Parallel()
		d := channels.Delivery{AccountID: private.ID, URL: &url.URL{}, Body: []byte(aText)}
		seal(&d, private)
		forged := strings.Replace(aText, "<Content>a", "<Content>forged", 1)
		encrypted, _ := readFields(d.Body)
		d.Body = []byte(strings.Replace(forged, "</xml>", "<Encrypt>"+encrypted["Encrypt"]+"</Encrypt></xml>", 1))
		if err := New(Config{}).Verify(d, &private); err != nil {
			t.Fatalf("verify: %v", err)
		}
		parsed := New(Config{}).Parse(d, &private)
		if len(parsed.Inbound) != 1 || parsed.Inbound[0].Text != "a" {
			t.Errorf("got %+v", parsed)
		}
	})

	t.Run("reads nothing for an account nobody connected", func(t *testing.T) {
		t.Parallel()
		if parsed := New(Config{}).Parse(channels.Delivery{Body: []byte(aText)}, nil); len(parsed.Unreadable) != 1 {
			t.Errorf("got %+v", parsed)
		}
	})
}

func manyElements() string {
	var all strings.Builder
	for i := range maxFields {
		name := "e" + strings.Repeat("e", i)
		all.WriteString("<" + name + "/>")
	}
	return all.String() + "<Content>"
}

func eventNamed(name, more string) string {
	return strings.Replace(strings.Replace(aText, "text", "event", 1), "<MsgId>1</MsgId>", "<Event>"+name+"</Event>"+more, 1)
}

func TestGreeting(t *testing.T) {
	t.Parallel()
	t.Run("is the word WeChat waits for", func(t *testing.T) {
		t.Parallel()
		if kind, text := New(Config{}).Greeting(); kind != "text/plain; charset=utf-8" || text != "success" {
			t.Errorf("got %s: %s", kind, text)
		}
	})
}
