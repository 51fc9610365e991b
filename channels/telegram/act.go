package telegram

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"parley/channels"
	"parley/models"
)

var _ channels.Actor = (*Adapter)(nil)

// Act reacts to what a contact wrote, shows them that we are writing, and edits or deletes what we wrote.
func (a *Adapter) Act(ctx context.Context, account channels.Account, action channels.Action) error {
	switch action.Kind {
	case models.ShowTyping:
		return a.showTyping(ctx, account, action)
	case models.ReactToMessage, models.UnreactMessage:
		return a.react(ctx, account, action)
	case models.EditMessage:
		return a.edit(ctx, account, action)
	case models.DeleteMessage:
		return a.delete(ctx, account, action)
	default:
		return channels.Unsendable("Telegram has no such action")
	}
}

func (a *Adapter) showTyping(ctx context.Context, account channels.Account, action channels.Action) error {
	chatID, connection, err := address(action.ThreadKey, action.RecipientID)
	if err != nil {
		return err
	}
	arguments := object{"chat_id": chatID, "action": "typing"}
	if connection != "" {
		arguments["business_connection_id"] = connection
	}
	return a.do(ctx, account, "sendChatAction", arguments)
}

// What Telegram calls a request that asks for what is already so, in its own words and in those of its servers.
var (
	unchanged  = []string{"message is not modified", "message_not_modified"}
	notReacted = []string{"message is not modified", "message_not_modified", "reaction_empty", "message to react not found", "message_id_invalid"}
	notThere   = []string{"message to delete not found", "message_id_invalid"}
)

// emojiStyle asks for the colourful form of a character. Telegram's list of reactions goes without, and ❤️ is none of them.
const emojiStyle = "\ufe0f"

// react sets the only reaction a bot has: the one before goes.
func (a *Adapter) react(ctx context.Context, account channels.Account, action channels.Action) error {
	at, err := find(action.TargetExternalID)
	emoji := strings.ReplaceAll(action.Emoji, emojiStyle, "")
	switch {
	case err != nil:
		return err
	case action.Ours:
		return channels.Unsendable("only what the contact wrote can be reacted to")
	case at.connection != "": // setMessageReaction knows no business connections
		return channels.Unsendable("a bot cannot react for the account of a person")
	case action.Kind == models.UnreactMessage:
		return without(a.do(ctx, account, "setMessageReaction", at.with("reaction", []object{})), notReacted)
	case emoji == "":
		return channels.Unsendable("reaction without an emoji")
	}
	reaction := []object{{"type": "emoji", "emoji": emoji}}
	return without(a.do(ctx, account, "setMessageReaction", at.with("reaction", reaction)), unchanged)
}

// edit changes the text of a message, or what is written beside its attachment: nobody tells us which of them it has.
func (a *Adapter) edit(ctx context.Context, account channels.Account, action channels.Action) error {
	at, err := find(action.TargetExternalID)
	switch {
	case err != nil:
		return err
	case !action.Ours:
		return channels.Unsendable("only words of our own can be edited")
	case action.Text == "":
		return channels.Unsendable("message without words")
	case units(action.Text) > textLimit:
		return channels.Unsendable("text is longer than Telegram takes")
	}
	err = without(a.do(ctx, account, "editMessageText", at.with("text", action.Text)), unchanged)
	if !says(err, []string{"there is no text in the message to edit"}) {
		return err
	}
	if units(action.Text) > captionLimit {
		return channels.Unsendable("text beside an attachment is longer than Telegram takes")
	}
	return without(a.do(ctx, account, "editMessageCaption", at.with("caption", action.Text)), unchanged)
}

// delete takes a message back for everyone, which Telegram allows within 48 hours.
func (a *Adapter) delete(ctx context.Context, account channels.Account, action channels.Action) error {
	at, err := find(action.TargetExternalID)
	switch {
	case err != nil:
		return err
	case !action.Ours:
		return channels.Unsendable("only messages of our own can be deleted")
	case at.connection != "": // has a method of its own
		arguments := object{"business_connection_id": at.connection, "message_ids": []int64{at.messageID}}
		return without(a.do(ctx, account, "deleteBusinessMessages", arguments), notThere)
	default:
		arguments := object{"chat_id": at.chatID, "message_id": at.messageID}
		return without(a.do(ctx, account, "deleteMessage", arguments), notThere)
	}
}

// do calls a method whose result tells nothing new.
func (a *Adapter) do(ctx context.Context, account channels.Account, method string, arguments object) error {
	var done any // true, or the message as it is now
	_, err := a.call(ctx, account, method, arguments, &done)
	return channels.Repeatable(err)
}

// place is where a message is: in which chat, and in whose account.
type place struct {
	chatID, messageID int64
	connection        string
}

// find reads an external id.
func find(external string) (place, error) {
	parts := strings.SplitN(external, ":", 3)
	if len(parts) < 2 {
		return place{}, channels.Unsendable("the message is not Telegram's")
	}
	chatID, badChat := strconv.ParseInt(parts[0], 10, 64)
	messageID, badMessage := strconv.ParseInt(parts[1], 10, 64)
	if badChat != nil || badMessage != nil || chatID == 0 || messageID <= 0 {
		return place{}, channels.Unsendable("the message is not Telegram's")
	}
	at := place{chatID: chatID, messageID: messageID}
	if len(parts) == 3 {
		at.connection = parts[2]
	}
	return at, nil
}

// with are the arguments of a method about the message, and one of the method's own.
func (at place) with(name string, value any) object {
	arguments := object{"chat_id": at.chatID, "message_id": at.messageID, name: value}
	if at.connection != "" {
		arguments["business_connection_id"] = at.connection
	}
	return arguments
}

// without takes refusals in the given words for success.
func without(err error, words []string) error {
	if says(err, words) {
		return nil
	}
	return err
}

// says reports whether Telegram called the request a bad one in any of the given words, of lower case.
func says(err error, words []string) bool {
	var refused *channels.SendError
	if !errors.As(err, &refused) || refused.Code != "400" {
		return false
	}
	description := strings.ToLower(refused.Message)
	for _, w := range words {
		if strings.Contains(description, w) {
			return true
		}
	}
	return false
}
