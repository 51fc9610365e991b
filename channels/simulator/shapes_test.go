package simulator_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"parley/channels/simulator"
)

// TestShapes compares what is delivered with recorded payloads: the same fields, none more and none missing.
func TestShapes(t *testing.T) {
	t.Parallel()
	const fixtures = "../../../shared/fixtures"
	if _, err := os.Stat(fixtures); err != nil {
		t.Skip("the recorded payloads are not here")
	}
	nic := simulator.Customer{ID: "3527065", Name: "Nic Pottier", Username: "nicp", Language: "de"}
	w := newWorld(t)
	theirs, _ := w.customerWrites("Hallo?")
	w.webhook(`["message","edited_message","callback_query","my_chat_member"]`)
	greeting, _ := w.inbound(simulator.Inbound{Account: w.bot, Customer: nic, Text: "Hallo"})
	ours := w.tell(nic.ID, "Bewertung?")

	for _, c := range []struct {
		fixture string
		in      simulator.Inbound
		without []string // what the recording has beyond it
	}{
		{"whatsapp/text", simulator.Inbound{Text: "Hallo"}, nil},
		{"whatsapp/reply_context", simulator.Inbound{Text: "Hallo", Target: theirs}, nil},
		{"whatsapp/image_caption", simulator.Inbound{Kind: simulator.Image, Text: "Bild"}, nil},
		{"whatsapp/video", simulator.Inbound{Kind: simulator.Video}, nil},
		{"whatsapp/voice_note", simulator.Inbound{Kind: simulator.Voice}, nil},
		{"whatsapp/document", simulator.Inbound{Kind: simulator.Document, Text: "R"}, []string{"context"}},
		{"whatsapp/reaction", simulator.Inbound{Kind: simulator.Reaction, Target: theirs, Emoji: "👍"}, nil},
		{"whatsapp/unreaction_no_emoji", simulator.Inbound{Kind: simulator.Reaction, Target: theirs}, nil},
		{"whatsapp/message_revoke", simulator.Inbound{Kind: simulator.Revoke, Target: theirs}, nil},
		{"whatsapp/interactive_button_reply", simulator.Inbound{Kind: simulator.Button, Target: theirs, Text: "Ja", Payload: "yes"}, nil},
		{"telegram/text", simulator.Inbound{Account: w.bot, Text: "Hallo"}, nil},
		{"telegram/start_command_deeplink", simulator.Inbound{Account: w.bot, Text: "/start src_qr7"}, nil},
		{"telegram/photo_caption", simulator.Inbound{Account: w.bot, Kind: simulator.Image, Text: "Foto"}, nil},
		{"telegram/document", simulator.Inbound{Account: w.bot, Kind: simulator.Document}, nil},
		{"telegram/voice", simulator.Inbound{Account: w.bot, Kind: simulator.Voice}, nil},
		{"telegram/edited_message", simulator.Inbound{Account: w.bot, Kind: simulator.Edit, Target: greeting, Text: "Hallo!"}, nil},
		{"telegram/reply_to_message", simulator.Inbound{Account: w.bot, Text: "ja bitte", Target: ours}, nil},
		{"telegram/callback_query", simulator.Inbound{Account: w.bot, Kind: simulator.Button, Target: ours, Payload: "csat_5"}, []string{"username"}},
		{"telegram/bot_blocked_by_user", simulator.Inbound{Account: w.bot, Kind: simulator.Block}, []string{"username"}},
	} {
		t.Run(c.fixture, func(t *testing.T) {
			c.in.Customer = nic
			if c.in.Account == (simulator.Account{}) {
				c.in.Account, c.in.Customer = w.number, erika
			}
			_, told := w.inbound(c.in)
			raw, err := os.ReadFile(filepath.Join(fixtures, c.fixture+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var recorded any
			if err := json.Unmarshal(raw, &recorded); err != nil {
				t.Fatal(err)
			}
			want, got := fields(recorded, "", c.without), fields(told.json, "", c.without)
			for path, kind := range want {
				same(t, path, got[path], kind)
			}
			for path := range got {
				if want[path] == "" {
					t.Errorf("%s is not in the recording", path)
				}
			}
		})
	}
}

// fields maps every path into JSON to the kind of its value, leaving out the named ones.
func fields(v any, path string, without []string) map[string]string {
	found := map[string]string{}
	switch v := v.(type) {
	case map[string]any:
	next:
		for name, value := range v {
			for _, w := range without {
				if w == name {
					continue next
				}
			}
			for p, kind := range fields(value, path+"/"+name, without) {
				found[p] = kind
			}
		}
	case []any:
		for _, value := range v {
			for p, kind := range fields(value, path+"[]", without) {
				found[p] = kind
			}
		}
	case string:
		found[path] = "string"
	case float64:
		found[path] = "number"
	case bool:
		found[path] = "bool"
	}
	return found
}
