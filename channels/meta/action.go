package meta

import (
	"cmp"
	"encoding/json"

	"parley/channels"
	"parley/models"
)

// Gesture puts what an account does in a private conversation, beside writing, into the words of the Send API, or says
// why it has none for it.
func Gesture(a channels.Action) (Object, error) {
	recipient := cmp.Or(a.RecipientID, a.ThreadKey)
	gesture := Object{"recipient": Object{"id": recipient}}
	switch a.Kind {
	case models.MarkMessageRead:
		gesture["sender_action"] = "mark_seen"
	case models.ShowTyping:
		gesture["sender_action"] = "typing_on"
	case models.ReactToMessage:
		gesture["sender_action"] = "react"
		gesture["payload"] = Object{"message_id": a.TargetExternalID, "reaction": a.Emoji}
	case models.UnreactMessage:
		gesture["sender_action"] = "unreact"
		gesture["payload"] = Object{"message_id": a.TargetExternalID}
	default:
		return nil, channels.Unsendable("Meta has no such action on private messages")
	}
	switch {
	case recipient == "":
		return nil, channels.Unsendable("action towards nobody")
	case gesture["payload"] != nil && a.TargetExternalID == "":
		return nil, channels.Unsendable("reaction to no message")
	case a.Kind == models.ReactToMessage && a.Emoji == "":
		return nil, channels.Unsendable("reaction without an emoji")
	}
	return gesture, nil
}

// Done refuses an accepting answer that says that nothing was done.
func Done(answer channels.Answer) error {
	var body struct{ Success *bool }
	if json.Unmarshal(answer.Body, &body) == nil && body.Success != nil && !*body.Success {
		return &channels.SendError{
			Failure:    models.Failure{Reason: models.PlatformRefused, Message: "Meta did nothing."},
			HTTPStatus: answer.Status,
			RequestID:  RequestID(answer),
		}
	}
	return nil
}
