package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/channels"
	"parley/models"
)

// Times of a delivery. The lease outlives the send, so that two workers never send one message.
const (
	sendTimeout     = 30 * time.Second
	sendFileTimeout = 100 * time.Second // some platforms want the bytes first
	DeliveryLease   = 2 * time.Minute
)

// renewals is how many attempts wait for a new access token.
const renewals = 4

// Deliver sends one claimed message: it begins an attempt in one transaction, talks to the platform outside any, and
// records the outcome in another. If the process dies in between, the next claim finds an attempt that never ended: an
// adapter that sends once sends again, any other message becomes UNCONFIRMED and a person decides.
func (b *Inbox) Deliver(ctx context.Context, job models.Job) error {
	viewer := models.System(job.OrganizationID)
	var next *delivery
	err := b.store.Do(ctx, viewer, models.DeliverMessages, func(tx *models.Tx) (err error) {
		next, err = b.begin(tx, job.ID)
		return err
	})
	if err != nil || next == nil {
		return err
	}
	sent, failure := next.send(ctx)
	b.sent(next.adapter.Platform(), reasonOf(failure))
	// What the platform answered is recorded even while we are being stopped.
	ctx = context.WithoutCancel(ctx)
	return b.store.Do(ctx, viewer, models.DeliverMessages, func(tx *models.Tx) error {
		return next.finish(tx, sent, failure)
	})
}

// delivery is one attempt on its way.
type delivery struct {
	messageID string
	channelID string
	attempt   int
	adapter   channels.Adapter
	account   channels.Account
	outbound  channels.Outbound
}

// begin looks once more whether the message may be sent, and opens an attempt; nil if there is nothing to send.
func (b *Inbox) begin(tx *models.Tx, messageID string) (*delivery, error) {
	c, m, err := tx.LockMessage(messageID)
	if err != nil {
		return nil, err
	}
	if m.DueAt == nil {
		return nil, nil
	}
	if *m.Status != models.Queued && *m.Status != models.Sending { // a receipt was faster than our record
		m.DueAt = nil
		return nil, tx.Update(m, "due_at")
	}
	reasons, context, err := cannotSend(tx, c, m, true)
	if err != nil {
		return nil, err
	}
	adapter, ok := b.adapters.For(c.Platform)
	switch _, sendsOnce := adapter.(channels.IdempotentSender); {
	case *m.Status == models.Sending && (!sendsOnce || len(reasons) > 0 || m.RetryCount >= tx.Rules.MaxAttempts):
		return nil, giveUpLost(tx, c, m)
	case !ok:
		return nil, fail(tx, c, m, models.Failure{Reason: models.ChannelUnavailable})
	case len(reasons) > 0:
		return nil, fail(tx, c, m, models.Failure{Reason: failureOf(reasons[0])})
	}
	if mode := c.ModeNow(context, tx.Now); m.ReplyMode != models.PrivateReply && mode != m.Mode() {
		m.ReplyMode = mode // the window closed while it waited, and a person wrote it
	}
	return b.openAttempt(tx, adapter, context, c, m)
}

// cannotSend says why a queued message, or one to be queued again, would be refused now.
func cannotSend(tx *models.Tx, c *models.Conversation, m *models.Message, queued bool) ([]models.CannotReplyReason, models.ReplyContext, error) {
	mode := m.Mode()
	if mode == models.HumanAgent {
		mode = models.FreeForm // which of the two it is depends on when it is sent
	}
	r, err := tx.ReplyContext(c, mode)
	if err != nil {
		return nil, r, err
	}
	r.ByPerson, r.Counted = m.AuthorUserID != nil, queued
	if m.PrivateReplyTo == nil {
		return c.CannotReply(r, tx.Now), r, nil
	}
	comment, r, err := privateReplyContext(tx, *m.PrivateReplyTo)
	if err != nil {
		return nil, r, err
	}
	return comment.CannotReplyPrivately(r, tx.Now), r, nil
}

func (b *Inbox) openAttempt(tx *models.Tx, a channels.Adapter, r models.ReplyContext, c *models.Conversation, m *models.Message) (*delivery, error) {
	account, err := open(tx, r.Channel)
	if err != nil {
		return nil, err
	}
	attachments, err := tx.AttachmentsOf([]string{m.ID})
	if err != nil {
		return nil, err
	}
	sending := models.Sending
	m.Status, m.AttemptCount, m.RetryCount = &sending, m.AttemptCount+1, m.RetryCount+1
	if err := tx.Update(m, "status", "attempt_count", "retry_count", "reply_mode"); err != nil {
		return nil, fmt.Errorf("begin to send %s: %w", m.ID, err)
	}
	err = tx.Create(&models.DeliveryAttempt{
		OrganizationID: m.OrganizationID, MessageID: m.ID, Number: m.AttemptCount, StartedAt: tx.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("open attempt for %s: %w", m.ID, err)
	}
	recordDelivery(tx, m)
	next := &delivery{
		messageID: m.ID, channelID: m.ChannelID, attempt: m.AttemptCount, adapter: a, account: *account,
		outbound: channels.Outbound{
			Reference: m.ID, Surface: c.Surface, ThreadKey: c.ThreadKey, RecipientID: r.Identity.ExternalID, Text: m.Text,
			Attachments: b.addressed(attachments, tx.Now), Template: m.Template, ReplyToExternalID: m.ReplyToExternalID,
			HumanAgent: m.ReplyMode == models.HumanAgent, OpenFile: b.openAttachment,
		},
	}
	if m.PrivateReplyTo != nil {
		comment, err := tx.Messages([]string{*m.PrivateReplyTo})
		if err != nil || len(comment) == 0 || comment[0].ExternalID == nil {
			return nil, fmt.Errorf("find the comment that %s answers: %w", m.ID, err)
		}
		next.outbound.PrivateReplyTo = *comment[0].ExternalID
	}
	return next, nil
}

func reasonOf(refusal *channels.SendError) models.FailureReason {
	if refusal == nil {
		return ""
	}
	return refusal.Failure.Reason
}

func (d *delivery) send(ctx context.Context) (channels.Sent, *channels.SendError) {
	patience := sendTimeout
	if len(d.outbound.Attachments) > 0 {
		patience = sendFileTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sent, err := d.adapter.Send(ctx, d.account, d.outbound)
	if err == nil {
		return sent, nil
	}
	var refusal *channels.SendError
	if !errors.As(err, &refusal) { // an adapter that does not say what happened: assume the worst
		refusal = &channels.SendError{Failure: models.Failure{Reason: models.Unconfirmed}, Ambiguous: true, Err: err}
	}
	return sent, refusal
}

// finish records what became of an attempt.
func (d *delivery) finish(tx *models.Tx, sent channels.Sent, refusal *channels.SendError) error {
	// Whoever brings an echo of the message takes the same, in the same order, and the conversation last.
	recipient, err := d.recipient(tx, sent)
	if err != nil {
		return err
	}
	if refusal == nil {
		if err := tx.Meet(d.channelID, sent.ExternalID); err != nil {
			return err
		}
	}
	c, m, err := tx.LockMessage(d.messageID)
	if err != nil {
		return err
	}
	attempt, err := tx.Attempt(m.ID, d.attempt)
	if err != nil {
		return err
	}
	attempt.FinishedAt = &tx.Now
	if refusal == nil {
		attempt.ExternalID, attempt.HTTPStatus, attempt.PlatformRequestID = sent.ExternalID, sent.HTTPStatus, sent.RequestID
		if err := closeAttempt(tx, attempt); err != nil {
			return err
		}
		if err := accepted(tx, m, sent.ExternalID); err != nil {
			return err
		}
		if recipient == nil {
			return nil
		}
		return tx.MoveThread(recipient, d.outbound.ThreadKey, sent.Recipient)
	}
	attempt.HTTPStatus, attempt.PlatformRequestID = refusal.HTTPStatus, refusal.RequestID
	attempt.FailureReason, attempt.FailureCode, attempt.FailureMessage = refusal.Reason, refusal.Code, refusal.Message
	if refusal.Ambiguous {
		attempt.FailureReason = models.Unconfirmed
	}
	renewing := refusal.Reason == models.AuthExpired && d.refreshes() && m.RetryCount < renewals
	if renewing { // the next attempt has a new token
		if err := renewSoon(tx, m.ChannelID, d.account.Credentials); err != nil {
			return err
		}
	}
	return refused(tx, c, m, attempt, refusal, renewing)
}

// refreshes reports whether the account's access token can be renewed.
func (d *delivery) refreshes() bool {
	_, ok := d.adapter.(channels.Refresher)
	return ok && canRefresh(d.account.Credentials)
}

// recipient makes the person a private reply went to known by the id they have in private, too. It is nil if the platform
// told none.
func (d *delivery) recipient(tx *models.Tx, sent channels.Sent) (*models.ContactIdentity, error) {
	if sent.Recipient == "" || sent.Recipient == d.outbound.RecipientID {
		return nil, nil
	}
	return tx.TakeIdentity(d.channelID, models.Author{ID: sent.Recipient, AltID: d.outbound.RecipientID})
}

func closeAttempt(tx *models.Tx, a *models.DeliveryAttempt) error {
	err := tx.Update(a, "finished_at", "external_id", "http_status", "platform_request_id",
		"failure_reason", "failure_code", "failure_message", "retry_at")
	if err != nil {
		return fmt.Errorf("close attempt %d of %s: %w", a.Number, a.MessageID, err)
	}
	return nil
}

// accepted records the platform's id, which was met; echoes and receipts that came before it are applied now.
func accepted(tx *models.Tx, m *models.Message, externalID string) error {
	echo, err := tx.AbsorbEcho(m, externalID)
	if err != nil {
		return err
	}
	m.ExternalID, m.DueAt = &externalID, nil
	advanced := m.Advance(models.Sent, nil, tx.Now)
	if echo != nil {
		advanced = m.Advance(*echo.Status, nil, tx.Now) || advanced
	}
	if err := tx.Update(m, append([]string{"external_id", "due_at"}, models.DeliveryColumns...)...); err != nil {
		return fmt.Errorf("record acceptance of %s: %w", m.ID, err)
	}
	if advanced {
		recordDelivery(tx, m)
	}
	r := reception{tx: tx, channel: &models.Channel{OrganizationID: m.OrganizationID, ID: m.ChannelID}}
	return r.applyEarlyNews(externalID)
}

// refused records why, and tries again later if that can help.
func refused(tx *models.Tx, c *models.Conversation, m *models.Message, a *models.DeliveryAttempt, refusal *channels.SendError, renewing bool) error {
	known := *m.Status != models.Sending // a receipt told us meanwhile what really happened
	again := !known && !refusal.Ambiguous && (renewing || a.FailureReason.IsPassing()) && m.RetryCount < tx.Rules.MaxAttempts
	if again {
		at := tx.Now.Add(max(refusal.RetryAfter, backoff(m.RetryCount)))
		a.RetryAt = &at
	}
	if err := closeAttempt(tx, a); err != nil {
		return err
	}
	if known {
		m.DueAt = nil
		return tx.Update(m, "due_at")
	}
	if again {
		queued := models.Queued
		m.Status, m.DueAt = &queued, a.RetryAt
		if err := tx.Update(m, "status", "due_at"); err != nil {
			return fmt.Errorf("postpone %s: %w", m.ID, err)
		}
		recordDelivery(tx, m)
		return nil
	}
	if err := fail(tx, c, m, models.Failure{Reason: a.FailureReason, Code: a.FailureCode, Message: a.FailureMessage}); err != nil {
		return err
	}
	return doubtChannel(tx, m.ChannelID, a.FailureReason)
}

// backoff doubles from two seconds to ten minutes.
func backoff(attempt int) time.Duration {
	return min(time.Second<<min(attempt, 20), 10*time.Minute)
}

func fail(tx *models.Tx, c *models.Conversation, m *models.Message, f models.Failure) error {
	m.DueAt = nil
	if c.WindowMessagesLeft != nil && f.Reason != models.Unconfirmed {
		caps, _ := models.CapabilitiesOf(c.Platform, c.Surface)
		c.ReturnReply(caps, m.CreatedAt)
		if err := tx.SaveConversation(c, "window_messages_left"); err != nil {
			return err
		}
	}
	m.Advance(models.Failed, &f, tx.Now)
	if err := tx.Update(m, append([]string{"due_at"}, models.DeliveryColumns...)...); err != nil {
		return fmt.Errorf("fail %s: %w", m.ID, err)
	}
	recordDelivery(tx, m)
	return nil
}

// giveUpLost ends an attempt whose process died: the platform may have the message.
func giveUpLost(tx *models.Tx, c *models.Conversation, m *models.Message) error {
	attempt, err := tx.Attempt(m.ID, m.AttemptCount)
	if err != nil {
		return err
	}
	attempt.FinishedAt, attempt.FailureReason = &tx.Now, models.Unconfirmed
	if err := closeAttempt(tx, attempt); err != nil {
		return err
	}
	return fail(tx, c, m, models.Failure{Reason: models.Unconfirmed})
}

// doubtChannel marks a channel whose account the platform does not accept any more.
func doubtChannel(tx *models.Tx, channelID string, why models.FailureReason) error {
	if why != models.AuthExpired && why != models.PermissionMissing && why != models.ChannelRestricted {
		return nil
	}
	var c models.Channel
	if err := tx.Lock(&c, channelID); err != nil {
		return err
	}
	if c.Status != models.Connected {
		return nil
	}
	c.Status, c.StatusReason, c.Version = models.NeedsAttention, why, c.Version+1
	if err := tx.Update(&c, "status", "status_reason", "version"); err != nil {
		return fmt.Errorf("mark channel %s: %w", c.ID, err)
	}
	recordChannel(tx, &c)
	return nil
}

func recordChannel(tx *models.Tx, c *models.Channel) {
	tx.Record(models.Event{
		Type: models.ChannelChanged, ChannelID: c.ID, Data: models.EventData{To: string(c.Status), Reason: string(c.StatusReason)},
	})
}

func failureOf(reason models.CannotReplyReason) models.FailureReason {
	switch reason {
	case models.CannotInactive:
		return models.InboxUnavailable
	case models.CannotDisconnected, models.CannotPlan:
		return models.ChannelUnavailable
	case models.CannotOptedOut:
		return models.RecipientBlocked
	case models.CannotWindow:
		return models.WindowClosed
	default:
		return models.InvalidRequest
	}
}
