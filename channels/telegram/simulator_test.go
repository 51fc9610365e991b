package telegram_test

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
	"parley/channels/telegram"
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
		heard <- channels.Delivery{AccountID: "123456789", Header: r.Header, Body: body}
	}))
	t.Cleanup(hook.Close)
	world := simulator.New(simulator.Config{})
	t.Cleanup(func() { _ = world.Close(context.WithoutCancel(ctx)) })
	api := httptest.NewServer(world.Handler())
	t.Cleanup(api.Close)
	const token = "123456789:AAtest_token-1"
	bot := world.AddTelegramBot(simulator.TelegramBot{Token: token, Username: "linden_bot"})
	account := channels.Account{ID: bot.ID, Credentials: models.Credentials{AccessToken: token, WebhookSecret: "kept"}}
	adapter := telegram.New(telegram.Config{APIBase: api.URL + "/telegram", HTTP: api.Client()})
	if err := adapter.Subscribe(ctx, account, hook.URL); err != nil {
		t.Fatal(err)
	}

	paper := []byte("%PDF, or so")
	_, err := world.CustomerWrites(ctx, simulator.Inbound{
		Account: bot, Customer: simulator.Customer{ID: "3527065", Name: "Nic"}, Kind: simulator.Document,
		Media: &simulator.Media{Name: "März.pdf", MIME: "application/pdf", Data: paper},
	})
	if err != nil {
		t.Fatal(err)
	}
	delivery := <-heard
	if err := adapter.Verify(delivery, &account); err != nil {
		t.Fatalf("verify: %v", err)
	}
	in := adapter.Parse(delivery, &account).Inbound[0]

	res, err := adapter.OpenMedia(ctx, account, in.Attachments[0])
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer func() { _ = res.Body.Close() }()
	if got, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 200 || !bytes.Equal(got, paper) {
		t.Errorf("opened %d %q, %v", res.StatusCode, got, err)
	}

	sent, err := adapter.Send(ctx, account, channels.Outbound{ThreadKey: in.ThreadKey, Text: "Ja"})
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	theirs := channels.Action{ThreadKey: in.ThreadKey, RecipientID: in.Author.ID, TargetExternalID: in.ExternalID}
	ours := channels.Action{ThreadKey: in.ThreadKey, RecipientID: in.Author.ID, TargetExternalID: sent.ExternalID, Ours: true}
	var actions []channels.Action
	for _, kind := range []models.ActionKind{models.ShowTyping, models.ReactToMessage, models.UnreactMessage} {
		theirs.Kind, theirs.Emoji = kind, "❤️"
		actions = append(actions, theirs)
	}
	for _, kind := range []models.ActionKind{models.EditMessage, models.DeleteMessage} {
		ours.Kind, ours.Text = kind, "Nein"
		actions = append(actions, ours)
	}
	for _, action := range actions {
		for _, again := range []string{"once", "twice"} {
			if err := adapter.Act(ctx, account, action); err != nil {
				t.Errorf("%s %s: %v", action.Kind, again, err)
			}
		}
	}
	var did []string
	for _, seen := range append(world.Actions(bot), world.Sent(bot)...) {
		did = append(did, string(seen.Kind)+seen.Text)
	}
	want := "typing typing editNein delete textJa reaction❤ reaction❤ reaction reaction"
	if got := strings.Join(did, " "); got != want {
		t.Errorf("the contact saw %q, want %q", got, want)
	}
}
