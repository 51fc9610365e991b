package inbox

import (
	"context"
	"fmt"
	"slices"

	"parley/models"
)

var errNoFiles = models.Refuse(models.UnsupportedByChannel, "attachments", "This widget takes no files.")

// Upload makes room for a file a visitor wants to send, if a widget takes such files.
func (m *Messenger) Upload(ctx context.Context, v models.Visitor, f VisitorFile) (VisitorSlot, error) {
	if m.uploads.Create == nil {
		return VisitorSlot{}, errNoFiles
	}
	if err := checkFile(f); err != nil {
		return VisitorSlot{}, err
	}
	err := m.store.ReadAsVisitor(ctx, v, models.WriteAsVisitor, func(_ *models.Tx, visitor *models.Visitor) error {
		v = *visitor
		return nil
	})
	if err != nil {
		return VisitorSlot{}, err
	}
	return m.uploads.Create(ctx, v, f)
}

func checkFile(f VisitorFile) error {
	if f.Filename == "" || len(f.Filename) > 200 {
		return models.Refuse(models.InvalidInput, "filename", "A file has a name of at most 200 bytes.")
	}
	caps, _ := models.CapabilitiesOf(models.Messenger, models.PrivateMessage)
	for _, rule := range caps.Attachments {
		if !slices.Contains(rule.MIMETypes, f.MIMEType) {
			continue
		}
		if f.SizeBytes < 1 || f.SizeBytes > rule.MaxBytes {
			return models.Refuse(models.InvalidInput, "sizeBytes", fmt.Sprintf("A file of this type has from 1 to %d bytes.", rule.MaxBytes))
		}
		return nil
	}
	return models.Refuse(models.UnsupportedByChannel, "mime", "A widget takes no files of this type.")
}

// Address is where a visitor's browser can read an attachment for a while; "" if it is not there.
func (m *Messenger) Address(ctx context.Context, v models.Visitor, a models.Attachment) (string, error) {
	if m.uploads.Address == nil {
		return "", nil
	}
	return m.uploads.Address(ctx, v, a)
}
