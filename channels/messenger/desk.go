package messenger

import (
	"context"
	"iter"

	"parley/models"
)

// Desk is what visitors can do: the inbox behind a widget. Each verb looks at the visitor's token again.
type Desk interface {
	// Widget finds the widget with a key; nil if no channel is connected to it.
	Widget(ctx context.Context, key string) (*models.Widget, error)

	// Visitor finds whom a token stands for on a widget.
	Visitor(ctx context.Context, w models.Widget, token string) (models.Visitor, error)

	// Begin gives a browser a token: of the customer it claims to be, if the widget's site vouches for that.
	Begin(ctx context.Context, w models.Widget, claim *models.IdentityClaim) (models.Visitor, string, error)

	// Identify makes an anonymous visitor the customer the widget's site vouches for.
	Identify(ctx context.Context, v models.Visitor, claim models.IdentityClaim) (models.Visitor, error)

	// End ends a token.
	End(ctx context.Context, v models.Visitor) error

	// Say takes in a message, once for its id.
	Say(ctx context.Context, w models.Widget, v models.Visitor, in models.Inbound) (*models.VisitorSaid, error)

	// History reads what was said, newest first.
	History(ctx context.Context, w models.Widget, v models.Visitor, before *string, limit int) (*models.VisitorPage, error)

	// Follow yields what happens from the cursor on, until ctx or the token ends.
	Follow(ctx context.Context, w models.Widget, v models.Visitor, after string) iter.Seq2[models.VisitorEvent, error]

	// Read says that the visitor has read our messages up to this one.
	Read(ctx context.Context, w models.Widget, v models.Visitor, messageID string) error

	// Types says that the visitor is writing.
	Types(ctx context.Context, v models.Visitor) error

	// Upload makes room for a file.
	Upload(ctx context.Context, v models.Visitor, f models.VisitorFile) (models.VisitorSlot, error)

	// Address is where an attachment can be read for a while; "" if it is not there.
	Address(ctx context.Context, v models.Visitor, a models.Attachment) (string, error)
}
