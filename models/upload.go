package models

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Times and limits of uploads.
const (
	UploadWithin = 15 * time.Minute // an upload begins within
	UnsentFor    = 24 * time.Hour   // what nobody sent within is deleted
	unsentLimit  = 100              // of one person at a time
)

// NewUpload makes room for a file of the viewer's. It is to be created.
func (tx *Tx) NewUpload(filename, mime string, size int64) (*Media, error) {
	m := tx.newUpload(filename, mime, size)
	m.UploadedBy = &tx.Viewer.UserID
	return m, tx.limitUnsent("uploaded_by = ?", tx.Viewer.UserID)
}

// NewVisitorsUpload makes room for a file of a visitor's. It is to be created.
func (tx *Tx) NewVisitorsUpload(channelID, visitorID, filename, mime string, size int64) (*Media, error) {
	m := tx.newUpload(filename, mime, size)
	m.ChannelID, m.VisitorID = &channelID, &visitorID
	return m, tx.limitUnsent("uploaded_by IS NULL AND visitor_id = ?", visitorID)
}

func (tx *Tx) newUpload(filename, mime string, size int64) *Media {
	gone := tx.Now.Add(UnsentFor)
	return &Media{
		OrganizationID: tx.Viewer.OrganizationID, ID: newID(MediaPrefix), Kind: KindOf(mime), MIMEType: mime, Filename: filename,
		SizeBytes: size, Status: MediaUploading, DueAt: &gone, CreatedAt: tx.Now,
	}
}

func (tx *Tx) limitUnsent(whose, id string) error {
	var unsent int64
	err := tx.db.Model(&Media{}).Where("organization_id = ?", tx.Viewer.OrganizationID).Where(whose, id).
		Where("message_id IS NULL AND status IN ('UPLOADING', 'STORED')").Count(&unsent).Error
	if err != nil {
		return fmt.Errorf("count unsent uploads: %w", err)
	}
	if unsent >= unsentLimit {
		return Refuse(InvalidInput, "", fmt.Sprintf("There are %d uploads nobody sent. Send some, or wait: they are deleted after a day.", unsent))
	}
	return nil
}

// KindOf is what a file of a media type is sent as, unless somebody wants it otherwise.
func KindOf(mime string) AttachmentKind {
	family, _, _ := strings.Cut(mime, "/")
	switch family {
	case "image":
		return Image
	case "video":
		return Video
	case "audio":
		return Audio
	default:
		return File
	}
}

// isOfKind reports whether a file of a media type can be sent as a kind.
func isOfKind(mime string, kind AttachmentKind) bool {
	return kind == File || kind == KindOf(mime) || kind == Sticker && KindOf(mime) == Image
}

var (
	errNoUpload    = Refuse(NotFound, "attachments", "There is no such upload of yours.")
	errNotUploaded = Refuse(InvalidInput, "attachments", "This file has not been uploaded yet.")
	errUploadSent  = Refuse(InvalidInput, "attachments", "This file was sent already. Upload it once more.")
)

// Uploads returns attachments of a draft of the viewer's with what is known of the uploads they name. Until the transaction
// ends nobody else can send these.
func (tx *Tx) Uploads(attachments []Attachment) ([]Attachment, error) {
	attachments = slices.Clone(attachments)
	taken := make(map[string]bool)
	for i := range attachments {
		a := &attachments[i]
		if a.MediaRef == nil {
			continue
		}
		if taken[*a.MediaRef] {
			return nil, errUploadSent
		}
		taken[*a.MediaRef] = true
		if err := tx.describeUpload(a); err != nil {
			return nil, err
		}
	}
	return attachments, nil
}

func (tx *Tx) describeUpload(a *Attachment) error {
	var m Media
	err := tx.Lock(&m, *a.MediaRef)
	switch {
	case errors.Is(err, errNotFound):
		return errNoUpload
	case err != nil:
		return fmt.Errorf("find upload: %w", err)
	case m.UploadedBy == nil || *m.UploadedBy != tx.Viewer.UserID:
		return errNoUpload
	}
	if err := m.mayBeSent(); err != nil {
		return err
	}
	if a.Kind != "" && !isOfKind(m.MIMEType, a.Kind) {
		return Refuse(InvalidInput, "attachments.kind", fmt.Sprintf("A file of type %s cannot be sent as %s.", m.MIMEType, a.Kind))
	}
	m.describe(a)
	return nil
}

// mayBeSent refuses an upload that is not there, or was sent.
func (m Media) mayBeSent() error {
	switch {
	case m.Status == MediaDeleted:
		return errNoUpload
	case m.MessageID != nil:
		return errUploadSent
	case m.Status != MediaStored:
		return errNotUploaded
	default:
		return nil
	}
}

func (m Media) describe(a *Attachment) {
	a.Kind = AttachmentKind(or(string(a.Kind), string(m.Kind)))
	a.Filename = or(a.Filename, m.Filename)
	a.MIMEType, a.SizeBytes, a.SHA256 = m.MIMEType, m.SizeBytes, m.SHA256
}

// VisitorsUpload says what a visitor's finished upload is, whether it was sent or not.
func (tx *Tx) VisitorsUpload(visitorID, id string) (Attachment, error) {
	var m Media
	err := tx.Find(&m, id)
	switch {
	case errors.Is(err, errNotFound):
		return Attachment{}, errNoUpload
	case err != nil:
		return Attachment{}, fmt.Errorf("find upload: %w", err)
	case m.VisitorID == nil || *m.VisitorID != visitorID || m.Status == MediaDeleted:
		return Attachment{}, errNoUpload
	case m.Status != MediaStored:
		return Attachment{}, errNotUploaded
	}
	a := Attachment{MediaID: m.ID}
	m.describe(&a)
	return a, nil
}

// sendUpload makes a member's upload a message's own.
func (tx *Tx) sendUpload(m *Message, a *Attachment) error {
	if a.MediaRef == nil {
		return nil
	}
	sent, err := tx.takeUpload(m, *a.MediaRef, "uploaded_by IS NOT NULL")
	if err == nil && !sent {
		return errUploadSent
	}
	return err
}

// takeVisitorsUpload makes a visitor's upload a message's own, if it is still there and was not sent before.
func (tx *Tx) takeVisitorsUpload(m *Message, a *Attachment) error {
	taken, err := tx.takeUpload(m, a.MediaID, "visitor_id IS NOT NULL AND channel_id = @channel")
	a.MediaRef = nil
	if taken {
		a.MediaRef = &a.MediaID
	}
	return err
}

func (tx *Tx) takeUpload(m *Message, id, whose string) (taken bool, err error) {
	result := tx.db.Exec(`
		UPDATE media SET message_id = @message, channel_id = @channel, due_at = NULL
		WHERE organization_id = @org AND id = @id AND message_id IS NULL AND status = 'STORED' AND `+whose,
		map[string]any{"message": m.ID, "channel": m.ChannelID, "org": m.OrganizationID, "id": id})
	return result.RowsAffected > 0, result.Error
}
