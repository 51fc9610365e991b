package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"parley/channels"
	"parley/models"
)

// clientID is what a browser may call what is written in it.
var clientID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// Say takes in what a visitor says. The element says what: its ExternalID is the browser's own id of the message, its
// attachments name uploads. Who says it, and when, we know better. The same id again is the same message; with other words
// it is refused. A visitor does not learn whether the inbox is active.
func (m *Messenger) Say(ctx context.Context, w models.Widget, v models.Visitor, in models.Inbound) (*models.VisitorSaid, error) {
	if !clientID.MatchString(in.ExternalID) {
		return nil, models.Refuse(models.InvalidInput, "clientMessageId", "A message has an id of the browser's own: at most 64 letters, digits, dots, dashes.")
	}
	if err := m.complete(ctx, v, &in); err != nil {
		return nil, err
	}
	// Two browsers may choose the same id.
	in.ExternalID = v.ID + ":" + in.ExternalID
	in.Kind, in.Surface, in.Direction, in.AccountID = models.InboundUtterance, models.PrivateMessage, models.InboundMessage, w.Key
	err := m.store.DoAsVisitor(ctx, v, models.WriteAsVisitor, func(tx *models.Tx, visitor *models.Visitor) (err error) {
		v = *visitor
		in.Author = visitor.Author()
		in.ThreadKey = in.Author.ID
		in.At, err = claimMessage(tx, visitor, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := m.receive(ctx, in); err != nil {
		return nil, err
	}
	if !v.IsIdentified() {
		if err := m.reunite(ctx, v); err != nil && models.CodeOf(err) == "" { // the message is in, whatever became of the token
			return nil, err
		}
	}
	return &models.VisitorSaid{ID: in.ExternalID, CreatedAt: in.At}, nil
}

// complete checks what was said against what a widget takes, and looks up its files.
func (m *Messenger) complete(ctx context.Context, v models.Visitor, in *models.Inbound) error {
	caps, _ := models.CapabilitiesOf(models.Messenger, models.PrivateMessage)
	switch {
	case in.Text == "" && len(in.Attachments) == 0:
		return models.Refuse(models.InvalidInput, "text", "Write something, or attach a file.")
	case len(in.Attachments) > caps.MaxAttachments:
		return models.Refuse(models.InvalidInput, "attachments", fmt.Sprintf("A message takes at most %d attachments.", caps.MaxAttachments))
	case len(in.Attachments) > 0 && m.uploads.Attach == nil:
		return errNoFiles
	}
	if err := caps.CheckText(in.Text, caps.TextLimit); err != nil {
		return err
	}
	for i := range in.Attachments {
		id := in.Attachments[i].MediaID
		if id == "" || len(id) > 100 {
			return models.Refuse(models.InvalidInput, "attachments.uploadId", "An attachment names an upload.")
		}
		file, err := m.uploads.Attach(ctx, v, id)
		if err != nil {
			return err
		}
		file.Position = i
		in.Attachments[i] = file
	}
	return nil
}

// claimMessage settles when a message was said first, and refuses an id that was used for other words.
func claimMessage(tx *models.Tx, v *models.Visitor, in models.Inbound) (time.Time, error) {
	files := []string{}
	for _, a := range in.Attachments {
		files = append(files, a.MediaID)
	}
	at, err := tx.Once(models.WriteAsVisitor, in.ExternalID, []any{in.Text, files}, func() (string, error) {
		known, err := tx.MessagesByExternalIDs(v.ChannelID, []string{in.ExternalID})
		if err != nil {
			return "", err
		}
		if len(known) == 0 {
			return tx.Now.Format(time.RFC3339Nano), nil
		}
		if known[0].Text != in.Text {
			return "", models.Refuse(models.IdempotencyConflict, "clientMessageId", "This id was used for another message.")
		}
		return known[0].At().Format(time.RFC3339Nano), nil
	})
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, at)
}

// receive hands an element to the inbox by the door that all platforms use.
func (m *Messenger) receive(ctx context.Context, in models.Inbound) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write down what a visitor did: %w", err)
	}
	delivery := channels.Delivery{AccountID: in.AccountID, Body: body, ReceivedAt: m.store.Now()}
	return m.inbox.Receive(ctx, models.Messenger, delivery, channels.Parsed{Inbound: []models.Inbound{in}})
}
