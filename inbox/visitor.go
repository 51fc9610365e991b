package inbox

import (
	"context"
	"log/slog"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"parley/models"
)

// Messenger is the visitors' side of the inbox: what the people who see a widget of ours can do. Each verb looks again at
// whether the visitor's token is good.
type Messenger struct {
	inbox    *Inbox
	store    *models.Store
	feed     *Feed
	whispers *Whispers
	uploads  VisitorUploads
	beat     time.Duration
	log      *slog.Logger
	owners   *lru.Cache[string, models.ContactIdentity] // whom a conversation is with
}

// MessengerConfig is what a Messenger needs.
type MessengerConfig struct {
	Inbox    *Inbox
	Feed     *Feed
	Whispers *Whispers
	Uploads  VisitorUploads
	Beat     time.Duration // how often an idle stream shows that it lives, and the token is looked at; 0: 25 seconds
	Log      *slog.Logger
}

// VisitorUploads is where the files of visitors go. Without its functions a widget takes no files.
type VisitorUploads struct {
	// Create makes room for a file, and says where the browser brings it.
	Create func(ctx context.Context, v models.Visitor, f VisitorFile) (VisitorSlot, error)

	// Attach says what a visitor's finished upload is: as an attachment, its MediaID the upload's id. It refuses what is not
	// there, or another visitor's. For the same upload it always says the same.
	Attach func(ctx context.Context, v models.Visitor, uploadID string) (models.Attachment, error)

	// Address is where the browser can read an attachment of a message for a while; "" if it is not there.
	Address func(ctx context.Context, v models.Visitor, a models.Attachment) (string, error)
}

// What the functions of VisitorUploads speak of.
type (
	VisitorFile = models.VisitorFile
	VisitorSlot = models.VisitorSlot
)

// NewMessenger makes a Messenger.
func NewMessenger(c MessengerConfig) *Messenger {
	if c.Beat == 0 {
		c.Beat = 25 * time.Second
	}
	owners, err := lru.New[string, models.ContactIdentity](8192)
	if err != nil {
		panic(err) // of a size below one
	}
	return &Messenger{
		inbox: c.Inbox, store: c.Inbox.store, feed: c.Feed, whispers: c.Whispers, uploads: c.Uploads, beat: c.Beat, log: c.Log, owners: owners,
	}
}

// Widget finds the widget with a key; nil if no channel is connected to it.
func (m *Messenger) Widget(ctx context.Context, key string) (*models.Widget, error) {
	return m.store.LocateWidget(ctx, key)
}

// Visitor finds whom a token stands for on a widget.
func (m *Messenger) Visitor(ctx context.Context, w models.Widget, token string) (models.Visitor, error) {
	return m.store.AuthenticateVisitor(ctx, w, token)
}

// Begin gives a browser a token. If the widget's site vouches for the claim, the visitor is that customer from the start;
// else they are anonymous, whatever they claim.
func (m *Messenger) Begin(ctx context.Context, w models.Widget, claim *models.IdentityClaim) (v models.Visitor, token string, err error) {
	if claim != nil {
		if err := claim.Check(); err != nil {
			return v, "", err
		}
	}
	err = m.store.Do(ctx, models.FromPlatform(w.OrganizationID), models.AdmitVisitors, func(tx *models.Tx) error {
		if err := tx.ForgetVisits(); err != nil {
			return err
		}
		visitor, secret, err := tx.NewVisitor(w.ChannelID)
		if err != nil {
			return err
		}
		if claim != nil {
			genuine, err := isVouchedFor(tx, w.ChannelID, *claim)
			if err != nil {
				return err
			}
			if genuine {
				visitor.CustomerID, visitor.Name = &claim.ID, claim.Name
			}
		}
		v, token = *visitor, secret
		return tx.Create(visitor)
	})
	return v, token, err
}

func isVouchedFor(tx *models.Tx, channelID string, claim models.IdentityClaim) (bool, error) {
	var c models.Channel
	if err := tx.Find(&c, channelID); err != nil {
		return false, err
	}
	credentials, err := tx.OpenCredentials(&c)
	return credentials.Vouches(claim), err
}

// End ends a visitor's token, as when somebody leaves a shared computer. What was said stays.
func (m *Messenger) End(ctx context.Context, v models.Visitor) error {
	return m.store.DoAsVisitor(ctx, v, models.IdentifyAsVisitor, func(tx *models.Tx, visitor *models.Visitor) error {
		visitor.EndedAt = &tx.Now
		return tx.Update(visitor, "ended_at")
	})
}
