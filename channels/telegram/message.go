package telegram

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"

	"parley/channels"
	"parley/models"
)

// message is one message, with the part that says what is in it.
type message struct {
	ID        int64 `json:"message_id"`
	From      *user
	Chat      chat
	Date      channels.Moment
	EditDate  channels.Moment `json:"edit_date"`
	Business  string          `json:"business_connection_id"`
	AlbumID   string          `json:"media_group_id"`
	Forwarded json.RawMessage `json:"forward_origin"`
	ReplyTo   *struct {
		ID int64 `json:"message_id"`
	} `json:"reply_to_message"`

	Text     string
	Caption  string
	Entities []entity

	Photo     []file
	Document  *file
	Audio     *file
	Voice     *file
	Video     *file
	VideoNote *file `json:"video_note"`
	Animation *file
	Sticker   *file
	Location  *location
	Venue     *venue
	Contact   *contact

	unsupported
	service
}

type entity struct {
	Type           string
	Offset, Length int // in UTF-16 units
}

type file struct {
	ID         string `json:"file_id"`
	Name       string `json:"file_name"`
	MIMEType   string `json:"mime_type"`
	Size       int64  `json:"file_size"`
	Width      int64
	Height     int64
	IsAnimated bool `json:"is_animated"`
	IsVideo    bool `json:"is_video"`
}

type location struct{ Latitude, Longitude *float64 }

type venue struct {
	Location       location
	Title, Address string
}

type contact struct {
	Phone     string `json:"phone_number"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
}

// unsupported are contents we know of and cannot show.
type unsupported struct {
	Poll      json.RawMessage
	Dice      json.RawMessage
	Game      json.RawMessage
	Story     json.RawMessage
	Invoice   json.RawMessage
	Checklist json.RawMessage
	PaidMedia json.RawMessage `json:"paid_media"`
}

func (u unsupported) name() string {
	for name, part := range map[string]json.RawMessage{
		"poll": u.Poll, "dice": u.Dice, "game": u.Game, "story": u.Story, "invoice": u.Invoice,
		"checklist": u.Checklist, "paid_media": u.PaidMedia,
	} {
		if len(part) > 0 {
			return name
		}
	}
	return ""
}

// service are Telegram's own remarks in a private chat. Nobody said them.
type service struct {
	Pinned             json.RawMessage `json:"pinned_message"`
	AutoDelete         json.RawMessage `json:"message_auto_delete_timer_changed"`
	WriteAccessAllowed json.RawMessage `json:"write_access_allowed"`
	ConnectedWebsite   json.RawMessage `json:"connected_website"`
	ChatBackground     json.RawMessage `json:"chat_background_set"`
}

func (s service) isSet() bool {
	return len(s.Pinned)+len(s.AutoDelete)+len(s.WriteAccessAllowed)+len(s.ConnectedWebsite)+len(s.ChatBackground) > 0
}

func (m *message) read(in models.Inbound, kind models.InboundKind) ([]models.Inbound, error) {
	private, err := m.Chat.isPrivate()
	if err != nil || !private || m.service.isSet() {
		return nil, err
	}
	if m.ID == 0 || m.From == nil || m.From.ID == 0 {
		return nil, errors.New("message without an id or from nobody")
	}
	in.Kind, in.At = kind, m.Date.Time
	if kind == models.InboundEdit && !m.EditDate.IsZero() {
		in.At = m.EditDate.Time
	}
	in.ExternalID, in.ThreadKey = externalID(m.Chat.ID, m.ID, m.Business), threadKey(m.Chat.ID, m.Business)
	in.Author = m.From.author()
	if m.Business != "" && m.From.ID != m.Chat.ID { // the account's owner wrote, not the person at the other end
		in.Direction, in.Echo, in.Recipient = models.OutboundMessage, true, strconv.FormatInt(m.Chat.ID, 10)
	}
	m.tell(&in)
	return []models.Inbound{in}, nil
}

func (m *message) tell(in *models.Inbound) {
	in.Text = m.Text + m.Caption // never both
	if m.ReplyTo != nil && m.ReplyTo.ID != 0 {
		in.ReplyToExternalID = externalID(m.Chat.ID, m.ReplyTo.ID, m.Business)
	}
	in.Details.Forwarded = len(m.Forwarded) > 0
	in.Details.AlbumID = m.AlbumID
	m.tellCommand(in)
	if a, ok := m.attachment(); ok {
		in.Attachments = []models.Attachment{a}
	}
	if in.Text == "" && len(in.Attachments) == 0 {
		in.Details.Unsupported, in.Details.UnsupportedCode = true, m.unsupported.name()
	}
}

// tellCommand reads a bot command at the start of a text. What follows /start came from the link that brought the
// person here.
func (m *message) tellCommand(in *models.Inbound) {
	if len(m.Entities) == 0 || m.Entities[0].Type != "bot_command" || m.Entities[0].Offset != 0 {
		return
	}
	units := utf16.Encode([]rune(m.Text))
	length := m.Entities[0].Length
	if length < 2 || length > len(units) {
		return
	}
	command := string(utf16.Decode(units[1:length]))
	in.Details.Command, _, _ = strings.Cut(command, "@") // /start@our_bot is /start
	payload := strings.TrimSpace(string(utf16.Decode(units[length:])))
	if in.Details.Command == "start" && payload != "" {
		in.Details.Payload = payload
		in.Details.Referral = &models.Referral{Source: "link", Payload: payload}
	}
}

// attachment is the one attachment a message can have. An animation comes as a document too and a venue as a
// location: the telling one goes first.
func (m *message) attachment() (models.Attachment, bool) {
	switch {
	case len(m.Photo) > 0:
		return largest(m.Photo).attachment(models.Image), true
	case m.Animation != nil:
		a := m.Animation.attachment(models.Video)
		a.Animated = true
		return a, true
	case m.Document != nil:
		return m.Document.attachment(models.File), true
	case m.Audio != nil:
		return m.Audio.attachment(models.Audio), true
	case m.Voice != nil:
		a := m.Voice.attachment(models.Audio)
		a.Voice = true
		return a, true
	case m.Video != nil:
		return m.Video.attachment(models.Video), true
	case m.VideoNote != nil:
		return m.VideoNote.attachment(models.Video), true
	case m.Sticker != nil:
		a := m.Sticker.attachment(models.Sticker)
		a.Animated = m.Sticker.IsAnimated || m.Sticker.IsVideo
		return a, true
	case m.Venue != nil:
		a := m.Venue.Location.attachment()
		a.Name, a.Address = m.Venue.Title, m.Venue.Address
		return a, true
	case m.Location != nil:
		return m.Location.attachment(), true
	case m.Contact != nil:
		return m.Contact.attachment(), true
	}
	return models.Attachment{}, false
}

// largest of the sizes Telegram offers. They come in order, but nothing promises it.
func largest(sizes []file) file {
	best := sizes[0]
	for _, size := range sizes {
		if size.Width*size.Height >= best.Width*best.Height {
			best = size
		}
	}
	return best
}

func (f file) attachment(kind models.AttachmentKind) models.Attachment {
	return models.Attachment{Kind: kind, MediaID: f.ID, Filename: f.Name, MIMEType: f.MIMEType, SizeBytes: f.Size}
}

func (l location) attachment() models.Attachment {
	return models.Attachment{Kind: models.Location, Latitude: l.Latitude, Longitude: l.Longitude}
}

func (c contact) attachment() models.Attachment {
	a := models.Attachment{Kind: models.ContactCard, Name: strings.TrimSpace(c.FirstName + " " + c.LastName)}
	if c.Phone != "" {
		a.Phones = []string{c.Phone}
	}
	return a
}
