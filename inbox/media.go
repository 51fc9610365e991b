package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"parley/media"
	"parley/models"
)

// MediaConfig says where files are kept and how they are had.
type MediaConfig struct {
	Storage  media.Storage  // nil: none are kept
	Fetcher  *media.Fetcher // nil: one for the public internet
	MaxBytes int64          // of one file; 0: 100 MB
}

const defaultMaxBytes = 100 << 20

// mediaDesk is what an inbox has to do with files.
type mediaDesk struct {
	storage  media.Storage
	fetcher  *media.Fetcher
	signer   *media.Signer
	maxBytes int64
}

func openMediaDesk(c MediaConfig, secret, public string) mediaDesk {
	d := mediaDesk{storage: c.Storage, fetcher: c.Fetcher, signer: media.NewSigner(secret, public), maxBytes: c.MaxBytes}
	if d.storage == nil {
		d.storage = nowhere{}
	}
	if d.fetcher == nil {
		d.fetcher = media.NewFetcher(media.FetcherConfig{})
	}
	if d.maxBytes == 0 {
		d.maxBytes = defaultMaxBytes
	}
	return d
}

// MediaHandler serves the addresses of files: /media/.
func (b *Inbox) MediaHandler() http.Handler {
	return media.NewHandler(b.media.signer, library{b}, b.store.Now, b.log)
}

// MediaAddress is where a viewer of a file can have it, for an hour or a little longer; "" if it is not here. Whoever has the
// address can have the file.
func (b *Inbox) MediaAddress(m models.Media) (address string, until time.Time) {
	if m.Status != models.MediaStored {
		return "", time.Time{}
	}
	until = media.Lasting(media.ForViewers, b.store.Now())
	return b.media.signer.Address(media.Ref{Purpose: media.Download, OrganizationID: m.OrganizationID, ID: m.ID}, until), until
}

// addressed returns attachments of a message on its way, with addresses where a platform can fetch what was uploaded.
func (b *Inbox) addressed(attachments []models.Attachment, now time.Time) []models.Attachment {
	attachments = slices.Clone(attachments)
	for i := range attachments {
		a := &attachments[i]
		if a.MediaRef != nil {
			ref := media.Ref{Purpose: media.Download, OrganizationID: a.OrganizationID, ID: *a.MediaRef}
			a.URL = b.media.signer.Address(ref, media.Lasting(media.ForPlatforms, now))
		}
	}
	return attachments
}

// openAttachment opens an attachment for a platform that wants its bytes: an upload from the storage, anything else from
// where its sender said it is.
func (b *Inbox) openAttachment(ctx context.Context, a models.Attachment) (io.ReadCloser, error) {
	if a.MediaRef != nil {
		file, _, err := b.media.storage.Open(ctx, models.Media{OrganizationID: a.OrganizationID, ID: *a.MediaRef}.StorageKey())
		if err != nil {
			return nil, fmt.Errorf("open upload %s: %w", *a.MediaRef, err)
		}
		return file, nil
	}
	res, err := b.media.fetcher.Fetch(ctx, a.URL) //nolint:bodyclose // whoever reads it closes it
	if err != nil {
		return nil, fmt.Errorf("fetch attachment: %w", err)
	}
	return media.Limit(res.Body, b.media.maxBytes), nil
}

// library is what the media handler sees of an inbox.
type library struct{ inbox *Inbox }

// OpenFile implements media.Library.
func (l library) OpenFile(ctx context.Context, organizationID, id string) (*media.Served, error) {
	var m models.Media
	err := l.inbox.store.Read(ctx, models.System(organizationID), models.ViewInbox, func(tx *models.Tx) error { return tx.Find(&m, id) })
	if models.CodeOf(err) == models.NotFound || err == nil && m.Status != models.MediaStored {
		return nil, media.ErrNotStored
	}
	if err != nil {
		return nil, err
	}
	file, info, err := l.inbox.media.storage.Open(ctx, m.StorageKey())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", m.ID, err)
	}
	return &media.Served{
		ReadSeekCloser: file, MIME: m.MIMEType, Filename: m.Filename, SHA256: m.SHA256, Size: info.Size, StoredAt: info.StoredAt,
	}, nil
}

// nowhere is the storage of an inbox that keeps no files.
type nowhere struct{}

var errNowhere = errors.New("no media storage is configured")

func (nowhere) Put(context.Context, string, io.Reader, int64, string) error { return errNowhere }

func (nowhere) Open(context.Context, string) (io.ReadSeekCloser, media.Info, error) {
	return nil, media.Info{}, errNowhere
}

func (nowhere) Delete(context.Context, string) error { return errNowhere }
