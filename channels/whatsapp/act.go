package whatsapp

import (
	"cmp"
	"context"
	"net/http"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

var _ channels.Actor = (*Adapter)(nil)

// Act reacts to what a contact wrote, or shows them that we have read it or are writing. A reaction that WhatsApp accepts
// may still fail: a status tells, under an id of its own.
func (a *Adapter) Act(ctx context.Context, account channels.Account, action channels.Action) error {
	payload, err := gesture(action)
	if err != nil {
		return err
	}
	answer, err := a.call(ctx, http.MethodPost, account, []string{"messages"}, nil, payload)
	if err != nil {
		return channels.Repeatable(err)
	}
	return meta.Done(answer)
}

// gesture puts an action into Meta's words, or says why it has none for it.
func gesture(action channels.Action) (meta.Object, error) {
	switch {
	case action.Ours:
		return nil, channels.Unsendable("only what the contact wrote can be acted on")
	case action.TargetExternalID == "":
		return nil, channels.Unsendable("action on no message")
	}
	switch action.Kind {
	case models.ReactToMessage:
		if action.Emoji == "" {
			return nil, channels.Unsendable("reaction without an emoji")
		}
		return reaction(action, action.Emoji)
	case models.UnreactMessage:
		return reaction(action, "")
	case models.MarkMessageRead:
		return seen(action), nil
	case models.ShowTyping: // whoever answers has read
		typing := seen(action)
		typing["typing_indicator"] = meta.Object{"type": "text"}
		return typing, nil
	default:
		return nil, channels.Unsendable("WhatsApp has no such action")
	}
}

func reaction(action channels.Action, emoji string) (meta.Object, error) {
	return addressed(cmp.Or(action.RecipientID, action.ThreadKey), "reaction", meta.Object{
		"message_id": action.TargetExternalID, "emoji": emoji,
	})
}

// seen names the newest message that was read: WhatsApp takes those before it for read, too.
func seen(action channels.Action) meta.Object {
	return meta.Object{"messaging_product": "whatsapp", "status": "read", "message_id": action.TargetExternalID}
}
