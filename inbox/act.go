package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/channels"
	"parley/models"
)

// ActionLease is how long a claimed action is nobody else's.
const ActionLease = time.Minute

// typingTimeout is how long anybody waits for a sign that is over in seconds.
const typingTimeout = 5 * time.Second

// ActRequest asks to do something with a message on its platform.
type ActRequest struct {
	MessageID string
	Kind      models.ActionKind
	Emoji     string // of REACT
	Text      string // of EDIT
	Key       string `json:"-"`
}

// opposites are the actions that undo each other: a newer one takes the place of one that still waits.
var opposites = map[models.ActionKind][]models.ActionKind{
	models.HideMessage:    {models.HideMessage, models.UnhideMessage},
	models.UnhideMessage:  {models.HideMessage, models.UnhideMessage},
	models.LikeMessage:    {models.LikeMessage, models.UnlikeMessage},
	models.UnlikeMessage:  {models.LikeMessage, models.UnlikeMessage},
	models.ReactToMessage: {models.ReactToMessage, models.UnreactMessage},
	models.UnreactMessage: {models.ReactToMessage, models.UnreactMessage},
	models.EditMessage:    {models.EditMessage},
}

// Act queues an action on a message, unless its platform has no such action. What the message looks like changes once the
// platform has done it: see Perform.
func (b *Inbox) Act(ctx context.Context, viewer models.Viewer, r ActRequest) (*models.Message, error) {
	message, err := once[models.Message](ctx, b, viewer, models.ActOnMessage, r.Key, r, func(tx *models.Tx) (string, error) {
		return r.MessageID, queueAction(tx, r)
	})
	if err != nil {
		return nil, err
	}
	b.wake(models.DueActions)
	return message, nil
}

func queueAction(tx *models.Tx, r ActRequest) error {
	c, m, err := tx.LockMessage(r.MessageID)
	if err != nil {
		return err
	}
	context, err := tx.ReplyContext(c, models.FreeForm)
	if err != nil {
		return err
	}
	if err := mayAct(context, m, r); err != nil {
		return err
	}
	if err := tx.DropQueuedActions(m, opposites[r.Kind]...); err != nil {
		return err
	}
	action := tx.NewAction(m, r.Kind)
	action.Emoji, action.Text = r.Emoji, r.Text
	if err := tx.Create(action); err != nil {
		return fmt.Errorf("queue action on %s: %w", m.ID, err)
	}
	recordAction(tx, m, action)
	return nil
}

func mayAct(r models.ReplyContext, m *models.Message, a ActRequest) error {
	switch {
	case !r.Organization.IsActive():
		return refuseReply(models.CannotInactive)
	case r.Channel.Status == models.OnHold:
		return refuseReply(models.CannotPlan)
	case !r.Channel.IsConnected():
		return refuseReply(models.CannotDisconnected)
	case !r.Capabilities.Can(a.Kind, !m.IsInbound()):
		return models.Refuse(models.UnsupportedByChannel, "messageId", "This cannot be done with this message on its platform: see the channel's capabilities.")
	case m.ExternalID == nil || m.DeletedAt != nil:
		return models.Refuse(models.UnsupportedByChannel, "messageId", "This message is not on its platform.")
	case a.Kind == models.ReactToMessage && (a.Emoji == "" || len(a.Emoji) > 64):
		return models.Refuse(models.InvalidInput, "emoji", "A reaction is one emoji.")
	case a.Kind == models.EditMessage && a.Text == "":
		return models.Refuse(models.InvalidInput, "text", "An edited message has words.")
	case a.Kind == models.EditMessage:
		return r.Capabilities.CheckText(a.Text, r.Capabilities.TextLimit)
	default:
		return nil
	}
}

// Perform does one claimed action on its platform. An action done twice is the same as done once, so whatever was lost on
// the way is simply done again.
func (b *Inbox) Perform(ctx context.Context, job models.Job) error {
	viewer := models.System(job.OrganizationID)
	var next *performance
	err := b.store.Do(ctx, viewer, models.DeliverMessages, func(tx *models.Tx) (err error) {
		next, err = b.openAction(tx, job.ID)
		return err
	})
	if err != nil || next == nil {
		return err
	}
	refusal := next.act(ctx)
	ctx = context.WithoutCancel(ctx)
	return b.store.Do(ctx, viewer, models.DeliverMessages, func(tx *models.Tx) error { return next.finish(tx, refusal) })
}

// performance is one action on its way to a platform.
type performance struct {
	id      string
	adapter channels.Actor
	renews  bool // the account's access token can be renewed
	account channels.Account
	action  channels.Action
}

func (b *Inbox) openAction(tx *models.Tx, id string) (*performance, error) {
	var a models.MessageAction
	if err := tx.Lock(&a, id); models.CodeOf(err) == models.NotFound { // another one took its place meanwhile
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if a.DueAt == nil {
		return nil, nil
	}
	var m models.Message
	if err := tx.Find(&m, a.MessageID); err != nil {
		return nil, err
	}
	var c models.Conversation
	if err := tx.Find(&c, m.ConversationID); err != nil {
		return nil, err
	}
	r, err := tx.ReplyContext(&c, models.FreeForm)
	if err != nil {
		return nil, err
	}
	registered, _ := b.adapters.For(c.Platform)
	actor, ok := registered.(channels.Actor)
	switch {
	case !r.Organization.IsActive():
		return nil, failAction(tx, &m, &a, models.Failure{Reason: models.InboxUnavailable})
	case !ok || !r.Channel.IsConnected():
		return nil, failAction(tx, &m, &a, models.Failure{Reason: models.ChannelUnavailable})
	case m.ExternalID == nil || m.DeletedAt != nil:
		return nil, failAction(tx, &m, &a, models.Failure{Reason: models.InvalidRequest})
	}
	account, err := open(tx, r.Channel)
	if err != nil {
		return nil, err
	}
	a.AttemptCount++
	if err := tx.Update(&a, "attempt_count"); err != nil {
		return nil, err
	}
	_, refreshes := registered.(channels.Refresher)
	return &performance{id: id, adapter: actor, renews: refreshes && canRefresh(account.Credentials), account: *account, action: channels.Action{
		Kind: a.Kind, Surface: c.Surface, ThreadKey: c.ThreadKey, RecipientID: r.Identity.ExternalID,
		TargetExternalID: *m.ExternalID, Ours: !m.IsInbound(), Emoji: a.Emoji, Text: a.Text,
	}}, nil
}

func (p *performance) act(ctx context.Context) *channels.SendError {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	err := p.adapter.Act(ctx, p.account, p.action)
	if err == nil {
		return nil
	}
	var refusal *channels.SendError
	if !errors.As(err, &refusal) {
		refusal = &channels.SendError{Failure: models.Failure{Reason: models.Transient}, Err: err}
	}
	return refusal
}

func (p *performance) finish(tx *models.Tx, refusal *channels.SendError) error {
	var a models.MessageAction
	if err := tx.Find(&a, p.id); err != nil {
		return err
	}
	_, m, err := tx.LockMessage(a.MessageID)
	if err != nil {
		return err
	}
	a = models.MessageAction{}
	if err := tx.Lock(&a, p.id); err != nil || a.Status != models.ActionQueued {
		return err
	}
	renewing := refusal != nil && refusal.Reason == models.AuthExpired && p.renews && a.AttemptCount < renewals
	if renewing { // the next attempt has a new token
		if err := renewSoon(tx, m.ChannelID, p.account.Credentials); err != nil {
			return err
		}
	}
	switch {
	case refusal == nil:
		return finishAction(tx, m, &a)
	case (renewing || refusal.Reason.IsPassing() || refusal.Ambiguous) && a.AttemptCount < tx.Rules.MaxAttempts:
		at := tx.Now.Add(max(refusal.RetryAfter, backoff(a.AttemptCount)))
		a.DueAt = &at
		return tx.Update(&a, "due_at")
	default:
		if err := failAction(tx, m, &a, refusal.Failure); err != nil {
			return err
		}
		if a.Kind == models.MarkMessageRead { // nobody asked for it
			return nil
		}
		return doubtChannel(tx, m.ChannelID, refusal.Reason)
	}
}

func failAction(tx *models.Tx, m *models.Message, a *models.MessageAction, f models.Failure) error {
	a.Status, a.FinishedAt, a.DueAt = models.ActionFailed, &tx.Now, nil
	a.FailureReason, a.FailureCode, a.FailureMessage = f.Reason, f.Code, f.Message
	if err := tx.Update(a, "status", "finished_at", "due_at", "failure_reason", "failure_code", "failure_message"); err != nil {
		return fmt.Errorf("fail action %s: %w", a.ID, err)
	}
	recordAction(tx, m, a)
	return nil
}

// finishAction records that the platform has done it, and makes the message look like it.
func finishAction(tx *models.Tx, m *models.Message, a *models.MessageAction) error {
	a.Status, a.FinishedAt, a.DueAt = models.ActionDone, &tx.Now, nil
	if err := tx.Update(a, "status", "finished_at", "due_at"); err != nil {
		return fmt.Errorf("finish action %s: %w", a.ID, err)
	}
	var columns []string
	switch a.Kind {
	case models.HideMessage:
		m.HiddenAt, columns = &tx.Now, []string{"hidden_at"}
	case models.UnhideMessage:
		m.HiddenAt, columns = nil, []string{"hidden_at"}
	case models.LikeMessage:
		m.LikedAt, columns = &tx.Now, []string{"liked_at"}
	case models.UnlikeMessage:
		m.LikedAt, columns = nil, []string{"liked_at"}
	case models.ReactToMessage:
		m.OwnReaction, columns = a.Emoji, []string{"own_reaction"}
	case models.UnreactMessage:
		m.OwnReaction, columns = "", []string{"own_reaction"}
	case models.EditMessage:
		if m.DeletedAt != nil {
			break // meanwhile, and words that are gone do not come back
		}
		m.Text, m.EditedAt, columns = a.Text, &tx.Now, []string{"text", "edited_at"}
	case models.DeleteMessage:
		recordAction(tx, m, a)
		if m.DeletedAt != nil { // the platform told us before it answered
			return nil
		}
		return erase(tx, m, tx.Now)
	}
	recordAction(tx, m, a)
	if len(columns) == 0 {
		return nil
	}
	if err := tx.Update(m, columns...); err != nil {
		return fmt.Errorf("change %s: %w", m.ID, err)
	}
	return nil
}

func recordAction(tx *models.Tx, m *models.Message, a *models.MessageAction) {
	if a.Kind == models.MarkMessageRead {
		return // seen by the contact alone
	}
	recordMessage(tx, models.MessageActionChanged, m, models.EventData{
		Change: string(a.Kind), To: string(a.Status), FailureReason: a.FailureReason,
	})
}
