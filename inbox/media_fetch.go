package inbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"parley/channels"
	"parley/media"
	"parley/models"
)

// Times of files. The lease outlives the fetch, so that two workers never bring one file.
const (
	MediaLease     = 10 * time.Minute
	fetchTimeout   = 8 * time.Minute
	storageTimeout = time.Minute // between tries of a storage that does not work
)

// mediaBackoff doubles from half a minute to an hour: platforms keep files for days, and what is down comes back.
func mediaBackoff(attempt int) time.Duration {
	return min(15*time.Second<<min(attempt, 20), time.Hour)
}

// FetchMedia does what is due with one file. What a contact sent is brought here from its platform: it begins an attempt in
// one transaction, fetches and stores outside any, and records the outcome in another. If the process dies in between, the
// next attempt finds what was stored. What nobody may see any more, or nobody sent, is deleted.
func (b *Inbox) FetchMedia(ctx context.Context, job models.Job) error {
	viewer := models.System(job.OrganizationID)
	var next *fetch
	err := b.store.Do(ctx, viewer, models.ReceiveFromPlatform, func(tx *models.Tx) (err error) {
		next, err = b.beginFetch(tx, job.ID)
		return err
	})
	if err != nil || next == nil {
		return err
	}
	if next.media.Status == models.MediaDeleted {
		return b.deleteMedia(ctx, viewer, next.media)
	}
	kept, failed := next.run(ctx)
	stopped := ctx.Err() != nil
	ctx = context.WithoutCancel(ctx)
	if next.refusal != nil && next.refusal.Reason == models.AuthExpired {
		if err := b.tokenRefused(ctx, viewer, *next.media.ChannelID, models.AuthExpired); err != nil {
			return err
		}
	}
	err = b.store.Do(ctx, viewer, models.ReceiveFromPlatform, func(tx *models.Tx) error {
		return next.finish(tx, kept, failed, stopped)
	})
	if err != nil || failed == nil || stopped {
		return err
	}
	var fault *media.Fault
	if !errors.As(failed, &fault) {
		return fmt.Errorf("keep %s: %w", next.media.ID, failed) // ours, for people to look at
	}
	b.log.Info("media was not fetched", "media", next.media.ID, "attempt", next.media.AttemptCount, "passing", fault.Passing, "error", fault)
	return nil
}

// fetch is one attempt to bring a file here.
type fetch struct {
	desk    mediaDesk
	media   models.Media
	reader  channels.MediaReader // nil: the address is for everyone
	account *channels.Account
	closed  bool                // the channel is not connected any more
	refusal *channels.SendError // of the platform
}

// beginFetch opens an attempt; nil if there is nothing to do.
func (b *Inbox) beginFetch(tx *models.Tx, id string) (*fetch, error) {
	var m models.Media
	if err := tx.Lock(&m, id); err != nil {
		return nil, err
	}
	switch {
	case m.DueAt == nil:
		return nil, nil
	case m.Status == models.MediaDeleted:
		m.AttemptCount++
		return &fetch{media: m}, tx.Update(&m, "attempt_count")
	case m.IsUpload() && m.MessageID == nil:
		m.Forget(*m.DueAt) // the end of the lease
		return &fetch{media: m}, tx.Update(&m, models.MediaForgotten...)
	case m.Status != models.MediaPending:
		m.DueAt = nil
		return nil, tx.Update(&m, "due_at")
	case m.AttemptCount >= tx.Rules.MaxAttempts: // the last one never ended
		return nil, settleMedia(tx, &m, models.MediaUnreachable)
	}
	m.AttemptCount++
	if err := tx.Update(&m, "attempt_count"); err != nil {
		return nil, fmt.Errorf("begin to fetch %s: %w", m.ID, err)
	}
	return b.openFetch(tx, m)
}

func (b *Inbox) openFetch(tx *models.Tx, m models.Media) (*fetch, error) {
	var channel models.Channel
	if err := tx.Find(&channel, *m.ChannelID); err != nil {
		return nil, err
	}
	account, err := open(tx, &channel)
	if err != nil {
		return nil, err
	}
	adapter, _ := b.adapters.For(channel.Platform)
	reader, _ := adapter.(channels.MediaReader)
	return &fetch{desk: b.media, media: m, reader: reader, account: account, closed: channel.Status == models.Disconnected}, nil
}

// run brings the file here.
func (f *fetch) run(ctx context.Context) (media.Kept, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if f.media.AttemptCount > 1 {
		kept, err := media.Recall(ctx, f.desk.storage, f.media.StorageKey(), f.media.MIMEType)
		if !errors.Is(err, media.ErrNotStored) {
			return kept, err
		}
	}
	if f.media.SizeBytes > f.desk.maxBytes { // as the platform says: not worth a call
		return media.Kept{}, &media.Fault{Failure: media.TooLarge, Err: errors.New("the platform says so")}
	}
	res, err := f.open(ctx)
	if err != nil {
		return media.Kept{}, err
	}
	defer func() { _ = res.Body.Close() }()
	return media.Keep(ctx, f.desk.storage, f.media.StorageKey(), res.Body, media.Terms{
		NoText: f.media.Kind != models.File, Said: said(res, f.media), Size: res.ContentLength, Limit: f.desk.maxBytes,
	})
}

// said is what type the file is, as far as anyone says: its server, or the platform before.
func said(res *http.Response, m models.Media) string {
	header := res.Header.Get("Content-Type")
	if _, known := media.Known(header); known {
		return header
	}
	return cmp.Or(m.MIMEType, header)
}

func (f *fetch) open(ctx context.Context) (*http.Response, error) {
	switch {
	case f.reader != nil && f.closed:
		return nil, &media.Fault{Failure: media.Refused, Passing: true, Err: errors.New("the channel is disconnected")}
	case f.reader != nil:
		return f.openAtPlatform(ctx)
	case f.media.SourceURL == "":
		return nil, &media.Fault{Failure: media.Unavailable, Err: errors.New("nobody knows how to ask for it")}
	default:
		return f.desk.fetcher.Fetch(ctx, f.media.SourceURL)
	}
}

func (f *fetch) openAtPlatform(ctx context.Context) (*http.Response, error) {
	res, err := f.reader.OpenMedia(ctx, *f.account, models.Attachment{
		OrganizationID: f.media.OrganizationID, MessageID: *f.media.MessageID, Kind: f.media.Kind, URL: f.media.SourceURL,
		MediaID: f.media.SourceID, MIMEType: f.media.MIMEType, Filename: f.media.Filename, SizeBytes: f.media.SizeBytes,
	})
	if errors.Is(err, channels.ErrPublic) {
		return f.desk.fetcher.Fetch(ctx, f.media.SourceURL)
	}
	if err != nil {
		return nil, f.faultOf(err)
	}
	file, err := f.desk.fetcher.Follow(ctx, res)
	var fault *media.Fault
	if errors.As(err, &fault) && fault.Auth {
		fault.Passing = true // the token may be renewed meanwhile
	}
	return file, err
}

// faultOf says what a platform's refusal means for the file.
func (f *fetch) faultOf(err error) *media.Fault {
	if !errors.As(err, &f.refusal) {
		return media.Unreachable(err)
	}
	fault := &media.Fault{Failure: media.Refused, Passing: mayPass(f.refusal), RetryAfter: f.refusal.RetryAfter, Err: f.refusal}
	switch {
	case f.refusal.HTTPStatus == http.StatusNotFound || f.refusal.HTTPStatus == http.StatusGone:
		fault.Failure = media.NotFound
	case fault.Passing && f.refusal.Reason != models.AuthExpired:
		fault.Failure = media.Unavailable
	}
	return fault
}

// finish records what became of an attempt.
func (f *fetch) finish(tx *models.Tx, kept media.Kept, failed error, stopped bool) error {
	var m models.Media
	if err := tx.Lock(&m, f.media.ID); err != nil {
		return err
	}
	switch {
	case m.Status == models.MediaDeleted: // erased meanwhile: what was stored goes at once
		m.DueAt = &tx.Now
		return tx.Update(&m, "due_at")
	case m.Status != models.MediaPending || m.AttemptCount != f.media.AttemptCount:
		return nil
	case failed == nil:
		m.MIMEType, m.SizeBytes, m.SHA256 = kept.MIME, kept.Size, kept.SHA256
		return settleMedia(tx, &m, "")
	case stopped:
		return postponeMedia(tx, &m, 0, m.AttemptCount-1)
	}
	var fault *media.Fault
	switch {
	case !errors.As(failed, &fault): // the storage's, and no reason to give the file up
		return postponeMedia(tx, &m, storageTimeout, m.AttemptCount-1)
	case fault.Passing && m.AttemptCount < tx.Rules.MaxAttempts:
		return postponeMedia(tx, &m, max(fault.RetryAfter, mediaBackoff(m.AttemptCount)), m.AttemptCount)
	default:
		return settleMedia(tx, &m, models.MediaFailure(fault.Failure))
	}
}

func postponeMedia(tx *models.Tx, m *models.Media, wait time.Duration, attempts int) error {
	at := tx.Now.Add(wait)
	m.DueAt, m.AttemptCount = &at, attempts
	return tx.Update(m, "due_at", "attempt_count")
}

// settleMedia records that a file is here, or why it will not come.
func settleMedia(tx *models.Tx, m *models.Media, why models.MediaFailure) error {
	m.Status, m.Failure, m.DueAt = models.MediaStored, why, nil
	if why != "" {
		m.Status = models.MediaFailed
	}
	if err := tx.Update(m, "status", "failure", "due_at", "mime_type", "size_bytes", "sha256"); err != nil {
		return fmt.Errorf("settle media %s: %w", m.ID, err)
	}
	var about models.Message
	if err := tx.Find(&about, *m.MessageID); err != nil {
		return fmt.Errorf("find message of %s: %w", m.ID, err)
	}
	recordMessage(tx, models.MessageChanged, &about, models.EventData{Change: "MEDIA"})
	return nil
}

// deleteMedia deletes a file for good; a storage that does not work is asked again until it does.
func (b *Inbox) deleteMedia(ctx context.Context, viewer models.Viewer, m models.Media) error {
	failed := b.media.storage.Delete(ctx, m.StorageKey())
	err := b.store.Do(context.WithoutCancel(ctx), viewer, models.ReceiveFromPlatform, func(tx *models.Tx) error {
		if err := tx.Lock(&m, m.ID); err != nil {
			return err
		}
		if failed != nil {
			return postponeMedia(tx, &m, mediaBackoff(m.AttemptCount), m.AttemptCount)
		}
		m.DueAt = nil
		return tx.Update(&m, "due_at")
	})
	if failed != nil {
		return errors.Join(fmt.Errorf("delete %s: %w", m.ID, failed), err)
	}
	return err
}
