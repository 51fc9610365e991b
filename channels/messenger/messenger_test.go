package messenger_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"parley/channels"
	"parley/channels/channelstest"
	"parley/channels/messenger"
	"parley/models"
)

var adapter = messenger.New(messenger.Config{})

func parse(body []byte) channels.Parsed {
	return adapter.Parse(channels.Delivery{Body: body}, nil)
}

var suite = channelstest.Suite{
	Adapter:  adapter,
	Account:  channels.Account{ID: "wgt_1"},
	Fixtures: "widget",
	Sign:     func(*channels.Delivery) {}, // there is no signature it accepts
	Knowing: func(channelstest.Vector) (channels.Adapter, channels.Account) {
		return adapter, channels.Account{}
	},
	Polled: map[string]func([]byte) channels.Parsed{"message_create.json": parse, "identify_then_message.json": parse},
	Broken: channelstest.Batch{Body: `{"type":"message.create","widget_id":"wgt_1","client_message_id":"1","contact":{},"text":"a"}`},
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	channelstest.Run(t, suite)
}

func FuzzParse(f *testing.F) { channelstest.FuzzParse(f, suite) }

func TestIdentityHash(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/signatures.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			Secret, Identifier string
			Expect             struct {
				Hash string `json:"identifier_hash"`
			}
		}
	}
	if err := json.Unmarshal(content, &file); err != nil || len(file.Vectors) == 0 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	for _, v := range file.Vectors {
		site := models.Credentials{IdentitySecret: v.Secret}
		for hash, genuine := range map[string]bool{
			v.Expect.Hash: true, strings.ToUpper(v.Expect.Hash): true,
			"": false, v.Expect.Hash[1:]: false, v.Expect.Hash + "0": false, models.IdentityHash("", v.Identifier): false,
		} {
			if site.Vouches(models.IdentityClaim{ID: v.Identifier, Hash: hash}) != genuine {
				t.Errorf("%q of %s: want %t", hash, v.Identifier, genuine)
			}
		}
		if (models.Credentials{}).Vouches(models.IdentityClaim{ID: v.Identifier, Hash: models.IdentityHash("", v.Identifier)}) {
			t.Error("a widget without a secret vouches for somebody")
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	t.Run("gives a widget a key and a secret of its own", func(t *testing.T) {
		t.Parallel()
		one, err := adapter.Check(context.Background(), channels.Account{})
		other, otherErr := adapter.Check(context.Background(), channels.Account{})
		if err != nil || otherErr != nil {
			t.Fatal(err, otherErr)
		}
		if !strings.HasPrefix(one.ID, "wgt_") || one.ID == other.ID || one.Credentials.IdentitySecret == other.Credentials.IdentitySecret ||
			len(one.Credentials.IdentitySecret) < 32 {
			t.Errorf("got %s and %s", one.ID, other.ID)
		}
	})
	t.Run("keeps what it has", func(t *testing.T) {
		t.Parallel()
		had := channels.Account{ID: "wgt_Shop1", Name: "Shop", Credentials: models.Credentials{IdentitySecret: "a secret of sixteen bytes"}}
		got, err := adapter.Check(context.Background(), had)
		if err != nil || got != had {
			t.Errorf("got %v, %v", got, err)
		}
	})
	for name, account := range map[string]channels.Account{
		"a key that is no widget's":  {ID: "shop"},
		"a key that breaks a path":   {ID: "wgt_a/b"},
		"a secret that is too short": {ID: "wgt_1", Credentials: models.Credentials{IdentitySecret: "short"}},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			if _, err := adapter.Check(context.Background(), account); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestAct(t *testing.T) {
	t.Parallel()
	var told []string
	a := messenger.New(messenger.Config{Typing: func(key, contact string) { told = append(told, key+" "+contact) }})
	widget := channels.Account{ID: "wgt_1"}
	for kind, refused := range map[models.ActionKind]bool{models.ShowTyping: false, models.MarkMessageRead: false, models.HideMessage: true} {
		err := a.Act(context.Background(), widget, channels.Action{Kind: kind, RecipientID: "vis_1"})
		if (err != nil) != refused {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if len(told) != 1 || told[0] != "wgt_1 vis_1" {
		t.Errorf("typing was told to %q", told)
	}
}
