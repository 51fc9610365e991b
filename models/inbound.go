package models

import (
	"encoding/hex"
	"strings"
	"time"
)

// InboundKind is what a platform tells us about.
type InboundKind string

// The kinds of inbound news. Edits, deletions, reactions and receipts refer to another object by its external id.
const (
	InboundUtterance InboundKind = "MESSAGE"  // a message, comment or post, from a contact or (Echo) from us
	InboundPostback  InboundKind = "POSTBACK" // a tap on a button we sent
	InboundEdit      InboundKind = "EDIT"
	InboundDeletion  InboundKind = "DELETION"
	InboundReaction  InboundKind = "REACTION"
	InboundReceipt   InboundKind = "RECEIPT"
	InboundRekey     InboundKind = "REKEY"   // the contact goes by another id from now on
	InboundOptOut    InboundKind = "OPT_OUT" // the contact blocked us
	InboundOptIn     InboundKind = "OPT_IN"
	InboundHidden    InboundKind = "HIDDEN" // a comment was hidden from the public
	InboundShown     InboundKind = "SHOWN"  // … and is shown again
	InboundTyping    InboundKind = "TYPING" // the contact is writing: of this moment only, never kept
	InboundNotice    InboundKind = "NOTICE" // about the account itself: kept as an event, shown to nobody's contact
)

// Inbound is one thing a platform told us, in our words. Adapters make it, the inbox receives it.
type Inbound struct {
	Kind       InboundKind
	AccountID  string // the platform's id of our account: finds the channel
	DeliveryID string // the platform's id of this delivery, where it has one
	ExternalID string // the id of the object: what is said, edited, deleted or acknowledged; unique in the account
	ThreadKey  string // the platform's thread, without our account: what makes two messages one conversation
	Surface    Surface
	Direction  Direction
	Echo       bool // our own words coming back, whoever typed them
	Author     Author
	Recipient  string    // of an echo: the contact's id; empty where the thread is named by it
	At         time.Time // the platform's time; zero when it gives none
	Reference  string    // our message id, where the platform hands it back

	Post              *PostFacts // in public: what it is about, as far as the platform says
	Text              string
	ReplyToExternalID string
	Attachments       []Attachment
	Details           MessageDetails

	TargetExternalID string // of a reaction
	Emoji            string // of a reaction; empty takes the author's reaction away

	Status     DeliveryStatus // of a receipt
	Failure    *Failure       // of a receipt with status FAILED
	UpTo       time.Time      // of a receipt without ExternalID: it holds for all we said to the Author until then
	AndEarlier bool           // of a receipt with ExternalID: it holds for all we said to the Author before, too

	Incomplete bool // the platform names the object only: see channels.Completer

	NewAuthorID string // of a rekey

	Notice *Notice
}

// Author is the person outside a platform speaks of.
type Author struct {
	ID       string // the id to answer to
	AltID    string // another id of the same person (WhatsApp's business-scoped user id)
	Name     string
	Handle   string
	Language string // BCP 47
}

// Failure is a platform's refusal: our class, and the platform's own words for the record.
type Failure struct {
	Reason  FailureReason
	Code    string // the platform's code, as it writes it
	Message string // the platform's text; for people, never for decisions
}

// Notice is news about the account itself, such as a rejected template.
type Notice struct {
	Type     string // "template_status", …
	Subject  string // what it is about
	State    string // the platform's word
	Explains string // the platform's reason
}

// Fingerprint is the same for the same notice of the same time.
func (n Notice) Fingerprint(at time.Time) string {
	said := strings.Join([]string{n.Type, n.Subject, n.State, n.Explains, at.UTC().Format(time.RFC3339Nano)}, "\x00")
	return hex.EncodeToString(hashOf([]byte(said)))
}

// MessageDetails are the parts of a message that only some platforms have. Empty parts are absent.
type MessageDetails struct {
	Payload         string    `json:"payload,omitempty"` // what a button or menu entry carries
	Command         string    `json:"command,omitempty"` // a bot command, without its slash
	Forwarded       bool      `json:"forwarded,omitempty"`
	Referral        *Referral `json:"referral,omitempty"`
	Product         *Product  `json:"product,omitempty"`
	Order           *Order    `json:"order,omitempty"`
	AlbumID         string    `json:"albumId,omitempty"`         // messages sent together as one album share it
	Unsupported     bool      `json:"unsupported,omitempty"`     // the platform tells us that something came, not what
	UnsupportedCode string    `json:"unsupportedCode,omitempty"` // the platform's reason
	Story           *Story    `json:"story,omitempty"`
	QuotedID        string    `json:"quotedId,omitempty"` // the platform's id of a post of ours that is quoted
}

// Story is a story of ours that a contact answered, or one of theirs that names us.
type Story struct {
	ID       string `json:"id,omitempty"`
	URL      string `json:"url,omitempty"`
	Relation string `json:"relation"` // "reply", "mention"
}

// PostFacts is what a platform says of a post that people comment on. Empty parts were not said.
type PostFacts struct {
	ExternalID  string
	Permalink   string
	Text        string
	AuthorID    string
	AuthorName  string
	PublishedAt time.Time
	MediaKind   AttachmentKind // of the first picture or video
	MediaURL    string
	Promotion   Promotion
	AdID        string // the ad that shows it
}

// Promotion says whether a post is paid for.
type Promotion string

// A dark post is an ad no follower sees; a boosted one is an ordinary post that is advertised as well.
const (
	PromotionUnknown Promotion = ""
	Organic          Promotion = "ORGANIC"
	Boosted          Promotion = "BOOSTED"
	Dark             Promotion = "DARK"
)

// Referral says what brought the contact to us.
type Referral struct {
	Source   string `json:"source"`             // "ad", "post", "link"
	SourceID string `json:"sourceId,omitempty"` // the ad's or post's id
	URL      string `json:"url,omitempty"`
	Headline string `json:"headline,omitempty"`
	Payload  string `json:"payload,omitempty"` // of a deep link
}

// Product is the catalogue item a message is about.
type Product struct {
	CatalogID  string `json:"catalogId,omitempty"`
	RetailerID string `json:"retailerId"`
}

// Order is a cart a contact sent.
type Order struct {
	CatalogID string      `json:"catalogId,omitempty"`
	Note      string      `json:"note,omitempty"`
	Items     []OrderItem `json:"items"`
}

// OrderItem is one line of an order.
type OrderItem struct {
	RetailerID string `json:"retailerId"`
	Quantity   int    `json:"quantity"`
	Price      string `json:"price"` // decimal, in Currency
	Currency   string `json:"currency"`
}
