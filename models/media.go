package models

import (
	"fmt"
	"path"
	"time"

	"gorm.io/gorm/clause"
)

// Media is a file beside a message: a contact's, brought here from its platform, or uploaded to be sent.
type Media struct {
	OrganizationID string `gorm:"primaryKey"`
	ID             string `gorm:"primaryKey"`
	ChannelID      *string
	MessageID      *string // nil: an upload nobody sent yet
	Kind           AttachmentKind
	SourceURL      string // where the platform serves it
	SourceID       string // the platform's handle
	MIMEType       string // as announced, and once it is stored what it turned out to be
	Filename       string
	SizeBytes      int64  // like MIMEType; 0: not known
	SHA256         string // of the stored bytes, in hex
	Status         MediaStatus
	Failure        MediaFailure
	AttemptCount   int
	DueAt          *time.Time // when to fetch or to delete it
	UploadedBy     *string    // the member who brought it …
	VisitorID      *string    // … or the visitor of a widget; both nil: a platform told us of it
	CreatedAt      time.Time  `gorm:"autoCreateTime:false"`
}

// TableName is media, which is a plural already.
func (Media) TableName() string { return "media" }

// MediaStatus says where a file is.
type MediaStatus string

// A contact's file is PENDING until it is STORED or FAILED for good, an upload is UPLOADING until it is STORED. Of what is
// DELETED nothing is left but the fact.
const (
	MediaUploading MediaStatus = "UPLOADING"
	MediaPending   MediaStatus = "PENDING"
	MediaStored    MediaStatus = "STORED"
	MediaFailed    MediaStatus = "FAILED"
	MediaDeleted   MediaStatus = "DELETED"
)

// MediaFailure says why a contact's file is not here.
type MediaFailure string

// The failures.
const (
	MediaTooLarge       MediaFailure = "TOO_LARGE"
	MediaTypeNotAllowed MediaFailure = "TYPE_NOT_ALLOWED" // a page came in place of a picture, a sound or a film
	MediaNotFound       MediaFailure = "NOT_FOUND"        // the platform does not have it any more
	MediaUnreachable    MediaFailure = "UNREACHABLE"      // nobody gave it, however often we asked
	MediaRefused        MediaFailure = "REFUSED"          // we may not have it, or do not go where it is
)

// StorageKey is where its bytes are: always the same place, so that bringing them again leaves no second file.
func (m Media) StorageKey() string { return path.Join(m.OrganizationID, m.ID) }

// IsUpload reports whether somebody brought it, and no platform told us of it.
func (m Media) IsUpload() bool { return m.UploadedBy != nil || m.VisitorID != nil }

// Forget has it deleted, and takes away all that tells of it. See MediaForgotten.
func (m *Media) Forget(now time.Time) {
	m.Status, m.Failure, m.SourceURL, m.SourceID, m.Filename, m.SHA256 = MediaDeleted, "", "", "", "", ""
	m.AttemptCount, m.DueAt = 0, &now
}

// MediaForgotten are the columns Forget writes.
var MediaForgotten = []string{
	"status", "failure", "source_url", "source_id", "filename", "sha256", "attempt_count", "due_at",
}

// MediaSecret is what addresses of files are signed with: always the same.
func (s *Store) MediaSecret() string { return s.cipher.Derive("media") }

// Media reads the files with these ids.
func (tx *Tx) Media(ids []string) ([]Media, error) {
	var media []Media
	if err := tx.own().Where("id IN ?", ids).Find(&media).Error; err != nil {
		return nil, fmt.Errorf("read media: %w", err)
	}
	return media, nil
}

// keepMedia makes files its own that come with a new message: what a platform keeps is due to be fetched, uploads are taken.
func (tx *Tx) keepMedia(m *Message, attachments []Attachment) error {
	fromOutside := m.IsInbound() || m.ExternalID != nil
	for i := range attachments {
		a := &attachments[i]
		var err error
		switch {
		case !fromOutside:
			err = tx.sendUpload(m, a)
		case isID(a.MediaID, MediaPrefix):
			err = tx.takeVisitorsUpload(m, a)
		default:
			err = tx.fetchLater(m, a)
		}
		if err != nil {
			return fmt.Errorf("keep media of %s: %w", m.ID, err)
		}
	}
	return nil
}

// fetchLater has a file brought here from its platform.
func (tx *Tx) fetchLater(m *Message, a *Attachment) error {
	a.MediaRef = nil
	if !a.isFile() {
		return nil
	}
	media := &Media{
		OrganizationID: m.OrganizationID, ID: newID(MediaPrefix), ChannelID: &m.ChannelID, MessageID: &m.ID, Kind: a.Kind,
		SourceURL: a.URL, SourceID: a.MediaID, MIMEType: a.MIMEType, Filename: a.Filename, SizeBytes: a.SizeBytes,
		Status: MediaPending, DueAt: &tx.Now, CreatedAt: tx.Now,
	}
	a.MediaRef = &media.ID
	return tx.Create(media)
}

// dropMedia has a message's files deleted. One that is being fetched is deleted when that is over: its due time is the end of
// the lease.
func (tx *Tx) dropMedia(m *Message) error {
	var files []Media
	err := tx.own().Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).
		Where("message_id = ? AND status <> 'DELETED'", m.ID).Order("id").Find(&files).Error
	if err != nil {
		return fmt.Errorf("find media of %s: %w", m.ID, err)
	}
	for _, f := range files {
		due := tx.Now
		if f.DueAt != nil && f.DueAt.After(due) {
			due = *f.DueAt
		}
		f.Forget(due)
		if err := tx.Update(&f, MediaForgotten...); err != nil {
			return fmt.Errorf("drop media %s: %w", f.ID, err)
		}
	}
	return nil
}
