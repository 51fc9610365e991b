package whatsapp_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley/channels"
	"parley/channels/simulator"
	"parley/channels/whatsapp"
	"parley/models"
)

// TestAgainstTheSimulator lets the adapter and the simulated platform, which know nothing of each other, talk.
func TestAgainstTheSimulator(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	heard := make(chan channels.Delivery, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		heard <- channels.Delivery{Header: r.Header, Body: body}
	}))
	t.Cleanup(hook.Close)
	world := simulator.New(simulator.Config{WebhookURL: hook.URL, WhatsAppAppSecret: "app secret"})
	t.Cleanup(func() { _ = world.Close(context.WithoutCancel(ctx)) })
	api := httptest.NewServer(world.Handler())
	t.Cleanup(api.Close)
	number := world.AddWhatsAppNumber(simulator.WhatsAppNumber{PhoneNumberID: "106540352242922", AccessToken: "EAAB-token"})
	account := channels.Account{ID: number.ID, Credentials: models.Credentials{AccessToken: "EAAB-token"}}
	adapter := whatsapp.New(whatsapp.Config{AppSecrets: []string{"app secret"}, APIBase: api.URL + "/whatsapp", HTTP: api.Client()})

	picture := []byte("JFIF, or so")
	_, err := world.CustomerWrites(ctx, simulator.Inbound{
		Account: number, Customer: simulator.Customer{ID: "4915112345678"}, Kind: simulator.Image,
		Media: &simulator.Media{MIME: "image/jpeg", Data: picture},
	})
	if err != nil {
		t.Fatal(err)
	}
	delivery := <-heard
	if err := adapter.Verify(delivery, nil); err != nil {
		t.Fatalf("verify: %v", err)
	}
	in := adapter.Parse(delivery, nil).Inbound[0]

	res, err := adapter.OpenMedia(ctx, account, in.Attachments[0])
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer func() { _ = res.Body.Close() }()
	if got, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 200 || !bytes.Equal(got, picture) {
		t.Errorf("opened %d %q, %v", res.StatusCode, got, err)
	}

	action := channels.Action{RecipientID: in.Author.ID, ThreadKey: in.ThreadKey, TargetExternalID: in.ExternalID, Emoji: "👍"}
	for _, action.Kind = range []models.ActionKind{models.ShowTyping, models.MarkMessageRead, models.ReactToMessage, models.UnreactMessage} {
		for _, again := range []string{"once", "twice"} {
			if err := adapter.Act(ctx, account, action); err != nil {
				t.Errorf("%s %s: %v", action.Kind, again, err)
			}
		}
	}
	var did []string
	for _, sent := range append(world.Actions(number), world.Sent(number)...) {
		if sent.Target != in.ExternalID || sent.Recipient != in.Author.ID {
			t.Errorf("%s was about %s of %s", sent.Kind, sent.Target, sent.Recipient)
		}
		did = append(did, string(sent.Kind)+sent.Text)
	}
	if got, want := strings.Join(did, " "), "read typing read typing read read reaction👍 reaction👍 reaction reaction"; got != want {
		t.Errorf("the contact saw %q, want %q", got, want)
	}
}
