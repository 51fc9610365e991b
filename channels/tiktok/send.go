package tiktok

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"parley/channels"
	"parley/models"
)

const textLimit = 1200 // characters

// Send answers a comment in public or, where the video itself is answered, comments on it.
func (a *Adapter) Send(ctx context.Context, account channels.Account, m channels.Outbound) (channels.Sent, error) {
	path, comment, err := write(m)
	if err != nil {
		return channels.Sent{}, err
	}
	var created struct {
		ID channels.Identifier `json:"comment_id"`
	}
	answer, err := a.tell(ctx, account, path, comment, &created)
	if err != nil {
		return channels.Sent{}, err
	}
	if created.ID == "" {
		return channels.Sent{}, channels.NotUnderstood(answer.Answer, errors.New("the answer names no comment"))
	}
	return channels.Sent{ExternalID: string(created.ID), RequestID: answer.requestID, HTTPStatus: answer.Status}, nil
}

func write(m channels.Outbound) (path string, comment object, err error) {
	video, root, _ := strings.Cut(m.ThreadKey, ":")
	answered := m.ReplyToExternalID
	if answered == "" {
		answered = root
	}
	switch {
	case video == "" || answered == "":
		return "", nil, channels.Unsendable("answer to no comment")
	case m.Template != nil:
		return "", nil, channels.Unsendable("TikTok has no templates")
	case len(m.Attachments) > 0:
		return "", nil, channels.Unsendable("TikTok takes no attachments in a comment")
	case m.Text == "":
		return "", nil, channels.Unsendable("comment without a text")
	case utf8.RuneCountInString(m.Text) > textLimit:
		return "", nil, channels.Unsendable("text is longer than TikTok takes")
	case answered == video:
		return "business/comment/create/", object{"video_id": video, "text": m.Text}, nil
	}
	return "business/comment/reply/create/", object{"video_id": video, "comment_id": answered, "text": m.Text}, nil
}

// deeds are the methods that change a comment, and the word for what is done.
var deeds = map[models.ActionKind]struct{ path, word string }{
	models.HideMessage:   {"business/comment/hide/", "HIDE"},
	models.UnhideMessage: {"business/comment/hide/", "UNHIDE"},
	models.LikeMessage:   {"business/comment/like/", "LIKE"},
	models.UnlikeMessage: {"business/comment/like/", "UNLIKE"},
	models.DeleteMessage: {"business/comment/delete/", ""},
}

// Act hides, likes or deletes a comment. Only our own can be deleted.
func (a *Adapter) Act(ctx context.Context, account channels.Account, action channels.Action) error {
	deed, known := deeds[action.Kind]
	video, _, _ := strings.Cut(action.ThreadKey, ":")
	switch {
	case !known:
		return channels.Unsendable("TikTok has no such action")
	case action.TargetExternalID == "" || video == "":
		return channels.Unsendable("an action on no comment")
	case action.Kind == models.DeleteMessage && !action.Ours:
		return channels.Unsendable("TikTok deletes only comments of the account")
	}
	arguments := object{"comment_id": action.TargetExternalID}
	if deed.word != "" {
		arguments["video_id"], arguments["action"] = video, deed.word
	}
	_, err := a.tell(ctx, account, deed.path, arguments, &struct{}{})
	var refused *channels.SendError
	if action.Kind == models.DeleteMessage && errors.As(err, &refused) && refused.Code == goneCode {
		return nil
	}
	return channels.Repeatable(err)
}
