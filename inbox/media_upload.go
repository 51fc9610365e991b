package inbox

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"parley/media"
	"parley/models"
)

// UploadRequest asks for room for a file that is to be sent.
type UploadRequest struct {
	Filename  string
	MIMEType  string
	SizeBytes int64
	Key       string `json:"-"` // idempotency
}

// UploadSlot is where a file is to be brought by PUT, and until when. Drafts name it by the media's id.
type UploadSlot struct {
	Media     *models.Media
	Address   string
	ExpiresAt time.Time
}

// CreateUpload makes room for a file of the viewer's. It is brought within 15 minutes, by exactly so many bytes of that type,
// and sent with one message within a day, or else deleted.
func (b *Inbox) CreateUpload(ctx context.Context, viewer models.Viewer, r UploadRequest) (*UploadSlot, error) {
	if err := b.checkUpload(r); err != nil {
		return nil, err
	}
	mime, _ := media.Known(r.MIMEType)
	m, err := once[models.Media](ctx, b, viewer, models.Reply, r.Key, []any{"upload", r}, func(tx *models.Tx) (string, error) {
		m, err := tx.NewUpload(r.Filename, mime, r.SizeBytes)
		if err != nil {
			return "", err
		}
		return m.ID, tx.Create(m)
	})
	if err != nil {
		return nil, err
	}
	return b.slot(m), nil
}

func (b *Inbox) checkUpload(r UploadRequest) error {
	mime, known := media.Known(r.MIMEType)
	switch {
	case r.Filename == "" || len(r.Filename) > 200 || strings.ContainsFunc(r.Filename, unicode.IsControl):
		return models.Refuse(models.InvalidInput, "filename", "A file has a name of at most 200 bytes.")
	case r.SizeBytes < 1 || r.SizeBytes > b.media.maxBytes:
		return models.Refuse(models.InvalidInput, "sizeBytes", fmt.Sprintf("A file has from 1 to %d bytes.", b.media.maxBytes))
	case !known && mime != media.AnyType:
		return models.Refuse(models.InvalidInput, "mime", "Files of this type are not kept. Upload it as application/octet-stream.")
	default:
		return nil
	}
}

// slot gives the same address whenever it is asked for the same upload.
func (b *Inbox) slot(m *models.Media) *UploadSlot {
	until := m.CreatedAt.Add(models.UploadWithin)
	ref := media.Ref{Purpose: media.Upload, OrganizationID: m.OrganizationID, ID: m.ID}
	return &UploadSlot{Media: m, Address: b.media.signer.Address(ref, until), ExpiresAt: until}
}

// TakeUpload implements media.Library. The slot is promised to the first whole body that comes; from then on only the same
// bytes are taken, so that what is stored, twice or after a crash, is what is recorded.
func (l library) TakeUpload(ctx context.Context, organizationID, id string, u media.Body) error {
	b, viewer := l.inbox, models.System(organizationID)
	var m models.Media
	err := b.store.Read(ctx, viewer, models.ReceiveFromPlatform, func(tx *models.Tx) error { return tx.Find(&m, id) })
	if models.CodeOf(err) == models.NotFound || err == nil && !(m.IsUpload() && m.Status != models.MediaDeleted) {
		return media.ErrNotStored
	}
	if err != nil {
		return err
	}
	body, err := receiveBody(u, m)
	if err != nil {
		return err
	}
	defer body.discard()
	m, err = b.promise(ctx, viewer, id, body.sha256)
	if err != nil || m.Status == models.MediaStored {
		return err
	}
	if err := b.media.storage.Put(ctx, m.StorageKey(), body.file, m.SizeBytes, m.MIMEType); err != nil {
		return fmt.Errorf("store upload %s: %w", id, err)
	}
	return b.uploaded(context.WithoutCancel(ctx), viewer, id)
}

// promise gives a slot to a body, unless it has been given to another.
func (b *Inbox) promise(ctx context.Context, viewer models.Viewer, id, sha256 string) (m models.Media, err error) {
	err = b.store.Do(ctx, viewer, models.ReceiveFromPlatform, func(tx *models.Tx) error {
		m = models.Media{}
		if err := tx.Lock(&m, id); err != nil {
			return err
		}
		switch {
		case m.Status == models.MediaDeleted:
			return media.ErrNotStored
		case m.SHA256 == "":
			m.SHA256 = sha256
			return tx.Update(&m, "sha256")
		case m.SHA256 != sha256:
			return media.ErrTaken
		default:
			return nil
		}
	})
	return m, err
}

func (b *Inbox) uploaded(ctx context.Context, viewer models.Viewer, id string) error {
	return b.store.Do(ctx, viewer, models.ReceiveFromPlatform, func(tx *models.Tx) error {
		var m models.Media
		if err := tx.Lock(&m, id); err != nil {
			return err
		}
		switch m.Status {
		case models.MediaUploading:
			m.Status = models.MediaStored
			return tx.Update(&m, "status")
		case models.MediaDeleted: // it took longer than a day
			m.DueAt = &tx.Now
			return tx.Update(&m, "due_at")
		default:
			return nil
		}
	})
}

// uploadBody is what came, in a file without a name: what it is must be known before it is stored.
type uploadBody struct {
	file   *os.File
	sha256 string
}

func (u *uploadBody) discard() {
	_ = u.file.Close()
	_ = os.Remove(u.file.Name()) // where an open file could not be removed
}

// receiveBody reads a body that is what the slot is for.
func receiveBody(u media.Body, m models.Media) (*uploadBody, error) {
	if u.Size >= 0 && u.Size != m.SizeBytes {
		return nil, media.ErrWrongSize
	}
	if said, _ := media.Known(cmp.Or(u.MIME, m.MIMEType)); said != m.MIMEType {
		return nil, media.ErrWrongType
	}
	file, err := os.CreateTemp("", "parley-upload-")
	if err != nil {
		return nil, fmt.Errorf("make room for upload: %w", err)
	}
	_ = os.Remove(file.Name()) // a crash leaves nothing
	body := &uploadBody{file: file}
	if err := body.read(u, m); err != nil {
		body.discard()
		return nil, err
	}
	return body, nil
}

func (u *uploadBody) read(from media.Body, m models.Media) error {
	sum := sha256.New()
	source := &outside{r: io.LimitReader(from, m.SizeBytes+1)}
	n, err := io.Copy(io.MultiWriter(u.file, sum), source)
	switch {
	case source.err != nil:
		return media.ErrBrokenOff
	case err != nil:
		return fmt.Errorf("keep upload: %w", err)
	case n != m.SizeBytes:
		return media.ErrWrongSize
	}
	is, err := media.TypeAt(m.MIMEType, u.file)
	if err == nil && is != m.MIMEType && m.MIMEType != media.AnyType {
		return media.ErrWrongType
	}
	if err == nil {
		_, err = u.file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("read upload: %w", err)
	}
	u.sha256 = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// outside remembers what went wrong with what it reads, which is not our fault.
type outside struct {
	r   io.Reader
	err error
}

func (o *outside) Read(p []byte) (int, error) {
	n, err := o.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		o.err = err
	}
	return n, err
}
