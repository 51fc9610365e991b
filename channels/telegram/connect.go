package telegram

import (
	"context"
	"errors"
	"strconv"

	"parley/channels"
)

// updates we ask for: everything Parse reads. Without the list Telegram leaves out reactions.
var updates = []string{
	"message", "edited_message", "callback_query", "my_chat_member", "message_reaction",
	"business_connection", "business_message", "edited_business_message", "deleted_business_messages",
}

var (
	_ channels.Connector  = (*Adapter)(nil)
	_ channels.Subscriber = (*Adapter)(nil)
)

// Check asks Telegram which bot the token belongs to.
func (a *Adapter) Check(ctx context.Context, account channels.Account) (channels.Account, error) {
	var bot user
	answer, err := a.call(ctx, account, "getMe", object{}, &bot)
	if err != nil {
		return channels.Account{}, channels.Repeatable(err)
	}
	if bot.ID == 0 {
		return channels.Account{}, channels.Repeatable(channels.NotUnderstood(answer, errors.New("the answer names no bot")))
	}
	account.ID = strconv.FormatInt(bot.ID, 10)
	account.Name = bot.author().Name
	if account.Name == "" {
		account.Name = bot.Username
	}
	return account, nil
}

// Subscribe has the bot's updates delivered to webhook, with the account's secret. It can be repeated.
func (a *Adapter) Subscribe(ctx context.Context, account channels.Account, webhook string) error {
	var done bool
	_, err := a.call(ctx, account, "setWebhook", object{
		"url":             webhook,
		"secret_token":    account.Credentials.WebhookSecret,
		"allowed_updates": updates,
	}, &done)
	return channels.Repeatable(err)
}

// Unsubscribe stops the deliveries of the bot.
func (a *Adapter) Unsubscribe(ctx context.Context, account channels.Account) error {
	var done bool
	_, err := a.call(ctx, account, "deleteWebhook", object{}, &done)
	return channels.Repeatable(err)
}
