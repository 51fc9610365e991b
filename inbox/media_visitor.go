package inbox

import (
	"context"

	"parley/media"
	"parley/models"
)

// VisitorUploads keeps the files of visitors where all others are.
func (b *Inbox) VisitorUploads() VisitorUploads {
	return VisitorUploads{Create: b.createVisitorsUpload, Attach: b.visitorsUpload, Address: b.attachmentAddress}
}

func (b *Inbox) createVisitorsUpload(ctx context.Context, v models.Visitor, f models.VisitorFile) (models.VisitorSlot, error) {
	if err := b.checkUpload(UploadRequest{Filename: f.Filename, MIMEType: f.MIMEType, SizeBytes: f.SizeBytes}); err != nil {
		return models.VisitorSlot{}, err
	}
	mime, _ := media.Known(f.MIMEType)
	var m *models.Media
	err := b.store.Do(ctx, models.System(v.OrganizationID), models.ReceiveFromPlatform, func(tx *models.Tx) (err error) {
		if m, err = tx.NewVisitorsUpload(v.ChannelID, v.ID, f.Filename, mime, f.SizeBytes); err != nil {
			return err
		}
		return tx.Create(m)
	})
	if err != nil {
		return models.VisitorSlot{}, err
	}
	slot := b.slot(m)
	return models.VisitorSlot{UploadID: m.ID, URL: slot.Address, ExpiresAt: slot.ExpiresAt}, nil
}

func (b *Inbox) visitorsUpload(ctx context.Context, v models.Visitor, id string) (a models.Attachment, err error) {
	err = b.store.Read(ctx, models.System(v.OrganizationID), models.ReceiveFromPlatform, func(tx *models.Tx) error {
		a, err = tx.VisitorsUpload(v.ID, id)
		return err
	})
	return a, err
}

// attachmentAddress is where an attachment of a visitor's conversation can be read.
func (b *Inbox) attachmentAddress(ctx context.Context, v models.Visitor, a models.Attachment) (string, error) {
	if a.MediaRef == nil {
		return a.URL, nil
	}
	var files []models.Media
	err := b.store.Read(ctx, models.System(v.OrganizationID), models.ViewInbox, func(tx *models.Tx) (err error) {
		files, err = tx.Media([]string{*a.MediaRef})
		return err
	})
	if err != nil || len(files) == 0 {
		return "", err
	}
	address, _ := b.MediaAddress(files[0])
	return address, nil
}
