package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/channels"
	"parley/models"
)

// importAttempts is how often a platform is asked for what an element lacks, before it is taken in as it is.
const importAttempts = 8

// Import takes in something quarantined: what was kept while nothing could be taken in, what somebody wants replayed, what
// lacks words that only the platform can tell. What still cannot be read or kept stays in quarantine.
func (b *Inbox) Import(ctx context.Context, job models.Job) error {
	viewer := models.System(job.OrganizationID)
	next, err := b.openImport(ctx, viewer, job.ID)
	if err != nil || next == nil {
		return err
	}
	elements, unreadable := next.read()
	completed, retryAfter, err := next.complete(ctx, elements)
	if err != nil {
		return err
	}
	if next.tokenEnded {
		if err := b.tokenRefused(ctx, viewer, next.held.ChannelID, models.AuthExpired); err != nil {
			return err
		}
	}
	return b.store.Do(ctx, viewer, models.ReceiveFromPlatform, func(tx *models.Tx) error {
		var q models.Quarantined
		if err := tx.Lock(&q, job.ID); err != nil {
			return err
		}
		switch {
		case q.DueAt == nil || q.Settlement != models.Unsettled:
			return nil
		case retryAfter > 0:
			return postponeImport(tx, &q, retryAfter)
		default:
			return settleImport(tx, &q, completed, unreadable)
		}
	})
}

// importing is one quarantined delivery on its way into the inbox.
type importing struct {
	held       models.Quarantined
	adapter    channels.Adapter
	account    *channels.Account
	tokenEnded bool // the platform said so
}

func (b *Inbox) openImport(ctx context.Context, viewer models.Viewer, id string) (*importing, error) {
	next := &importing{}
	err := b.store.Read(ctx, viewer, models.ReceiveFromPlatform, func(tx *models.Tx) error {
		if err := tx.Find(&next.held, id); err != nil {
			return err
		}
		var channel models.Channel
		if err := tx.Find(&channel, next.held.ChannelID); err != nil {
			return err
		}
		adapter, ok := b.adapters.For(channel.Platform)
		if !ok {
			return fmt.Errorf("no adapter for %s", channel.Platform)
		}
		next.adapter = adapter
		var err error
		next.account, err = open(tx, &channel)
		return err
	})
	if err != nil || next.held.DueAt == nil || next.held.Settlement != models.Unsettled {
		return nil, err
	}
	return next, nil
}

// read returns the elements; those of a body are read anew, by an adapter that may know better by now.
func (i *importing) read() (elements []models.Inbound, unreadable bool) {
	if i.held.Body == nil {
		return i.held.Elements, false
	}
	d := channels.Delivery{Body: i.held.Body, ReceivedAt: i.held.ReceivedAt}
	var named *channels.Account
	if _, ok := i.adapter.(channels.PerAccountWebhook); ok {
		d.AccountID, named = i.account.ID, i.account
	}
	parsed, err := parseAgain(i.adapter, d, named)
	if err != nil {
		return nil, true
	}
	mine := slices.DeleteFunc(parsed.Inbound, func(in models.Inbound) bool { return in.AccountID != i.account.ID })
	return mine, len(parsed.Unreadable) > 0
}

func parseAgain(adapter channels.Adapter, d channels.Delivery, account *channels.Account) (parsed channels.Parsed, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the adapter panicked")
		}
	}()
	return adapter.Parse(d, account), nil
}

// complete asks the platform for what elements lack. It says when to ask again, if the platform cannot answer now.
func (i *importing) complete(ctx context.Context, elements []models.Inbound) ([]models.Inbound, time.Duration, error) {
	completer, ok := i.adapter.(channels.Completer)
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	completed := slices.Clone(elements)
	for n, in := range elements {
		if !in.Incomplete {
			continue
		}
		completed[n].Incomplete = false
		if !ok {
			continue
		}
		whole, err := completer.Complete(ctx, *i.account, in)
		var refusal *channels.SendError
		i.tokenEnded = errors.As(err, &refusal) && refusal.Reason == models.AuthExpired
		switch {
		case err == nil:
			whole.Incomplete = false
			completed[n] = whole
		case refusal == nil:
			return nil, 0, fmt.Errorf("complete an element: %w", err)
		case mayPass(refusal) && i.held.AttemptCount+1 < importAttempts:
			return nil, max(refusal.RetryAfter, backoff(i.held.AttemptCount+1)), nil
		default: // it happened, even if the platform does not say what
			completed[n].Details.Unsupported, completed[n].Details.UnsupportedCode = true, strings.TrimSpace(refusal.Code)
		}
	}
	return completed, 0, nil
}

// mayPass reports whether the same question may be answered later. An ended token may be renewed meanwhile.
func mayPass(e *channels.SendError) bool {
	return e.Reason.IsPassing() || e.Ambiguous || e.Reason == models.AuthExpired
}

func postponeImport(tx *models.Tx, q *models.Quarantined, wait time.Duration) error {
	at := tx.Now.Add(wait)
	q.DueAt, q.AttemptCount = &at, q.AttemptCount+1
	return tx.Update(q, "due_at", "attempt_count")
}

// holdAgain leaves in quarantine what nobody may take in now: activation, or another plan, releases it.
func holdAgain(tx *models.Tx, q *models.Quarantined, why models.QuarantineReason) error {
	q.Reason, q.Explanation = why, "The inbox is deactivated."
	if why == models.HeldOnHold {
		q.Explanation = "The channel is on hold."
	}
	if err := tx.Update(q, "due_at", "reason", "explanation"); err != nil {
		return err
	}
	return stillHeld(tx, q.ChannelID, why)
}

// settleImport takes the elements in. Whatever the database still refuses keeps all of it in quarantine, as taking an
// element in twice does nothing.
func settleImport(tx *models.Tx, q *models.Quarantined, elements []models.Inbound, unreadable bool) error {
	caller, organization, err := enter(tx, q.ChannelID, len(elements))
	if err != nil {
		return err
	}
	q.DueAt, q.Explanation = nil, ""
	for _, in := range elements {
		if why := holdBack(organization, caller.channel, in); why != "" {
			return holdAgain(tx, q, why)
		}
	}
	if unreadable {
		q.Explanation = "It still cannot be read."
	}
	for _, in := range elements {
		refused, err := caller.takeAlone(in)
		if err != nil {
			return err
		}
		if refused {
			q.Reason, q.Explanation = models.HeldRefused, "The database refuses it."
		}
	}
	if q.Explanation != "" {
		return tx.Update(q, "due_at", "reason", "explanation")
	}
	q.Settlement, q.SettledAt, q.Elements, q.Body = models.Imported, &tx.Now, nil, nil
	return tx.Update(q, "due_at", "explanation", "settlement", "settled_at", "elements", "body")
}
