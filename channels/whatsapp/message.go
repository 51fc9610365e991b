package whatsapp

import (
	"encoding/json"
	"errors"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// message is one element of messages or message_echoes. Only the part named by Type is set.
type message struct {
	ID         string
	From       channels.Identifier
	FromUserID channels.Identifier `json:"from_user_id"`
	To         channels.Identifier
	ToUserID   channels.Identifier `json:"to_user_id"`
	GroupID    channels.Identifier `json:"group_id"`
	Timestamp  channels.Moment

	content

	System *struct {
		Type    string
		Body    string
		WaID    channels.Identifier `json:"wa_id"`
		NewWaID channels.Identifier `json:"new_wa_id"`
	}
	Edit *struct {
		OriginalID string `json:"original_message_id"`
		Message    *content
	}
	Revoke *struct {
		OriginalID string `json:"original_message_id"`
	}
	Reaction *struct {
		MessageID string `json:"message_id"`
		Emoji     string
	}
}

// content is what a message says. An edit carries one too.
type content struct {
	Type     string
	Context  *replyContext
	Referral *referral
	Errors   []meta.Problem

	Text        *struct{ Body string }
	Image       *media
	Video       *media
	Audio       *media
	Document    *media
	Sticker     *media
	Location    *location
	Contacts    []contactCard
	Order       *order
	Button      *struct{ Payload, Text string }
	Interactive *interactive
}

type replyContext struct {
	ID                  string
	Forwarded           bool
	FrequentlyForwarded bool `json:"frequently_forwarded"`
	Product             *struct {
		CatalogID  channels.Identifier `json:"catalog_id"`
		RetailerID channels.Identifier `json:"product_retailer_id"`
	} `json:"referred_product"`
}

type referral struct {
	SourceURL  string              `json:"source_url"`
	SourceID   channels.Identifier `json:"source_id"`
	SourceType string              `json:"source_type"`
	Headline   string
}

type media struct {
	ID       channels.Identifier
	URL      string
	MIMEType string `json:"mime_type"`
	SHA256   string
	Caption  string
	Filename string
	Voice    bool
	Animated bool
}

type location struct {
	Latitude, Longitude *float64
	Name, Address, URL  string
}

type contactCard struct {
	Name struct {
		Formatted string `json:"formatted_name"`
		First     string `json:"first_name"`
	}
	Phones []struct{ Phone string }
}

type order struct {
	CatalogID channels.Identifier `json:"catalog_id"`
	Text      string
	Items     []struct {
		RetailerID channels.Identifier `json:"product_retailer_id"`
		Quantity   int
		Price      json.Number `json:"item_price"`
		Currency   string
	} `json:"product_items"`
}

type interactive struct {
	Type        string
	ButtonReply *choice `json:"button_reply"`
	ListReply   *choice `json:"list_reply"`
	FlowReply   *struct {
		Body     string
		Response string `json:"response_json"`
	} `json:"nfm_reply"`
}

type choice struct{ ID, Title string }

// message reads what a contact did. Nil without an error is nothing for us: a group's talk, an opened chat.
func (n number) message(raw json.RawMessage) (*models.Inbound, error) {
	m, err := decode(raw)
	if err != nil || m.GroupID != "" || m.Type == "request_welcome" {
		return nil, err
	}
	author := n.author(m.From, m.FromUserID)
	if author.ID == "" {
		return nil, errors.New("message from nobody")
	}
	in := n.inbound(m)
	in.Author, in.ThreadKey, in.Direction = author, author.ID, models.InboundMessage
	return in, m.tell(in)
}

// echo reads what our own side wrote in the WhatsApp Business app.
func (n number) echo(raw json.RawMessage) (*models.Inbound, error) {
	m, err := decode(raw)
	if err != nil || m.GroupID != "" {
		return nil, err
	}
	contact := n.author(m.To, m.ToUserID)
	if contact.ID == "" {
		return nil, errors.New("message echo to nobody")
	}
	in := n.inbound(m)
	in.Author.ID, in.ThreadKey, in.Direction, in.Echo = n.id, contact.ID, models.OutboundMessage, true
	return in, m.tell(in)
}

func decode(raw json.RawMessage) (*message, error) {
	var m message
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	if m.ID == "" {
		return nil, errors.New("message without an id")
	}
	return &m, nil
}

func (n number) inbound(m *message) *models.Inbound {
	return &models.Inbound{AccountID: n.id, Surface: models.PrivateMessage, At: m.Timestamp.Time}
}

// tell fills in what the message says, or that it changes another one. Only then is its own id the delivery's.
func (m *message) tell(in *models.Inbound) error {
	switch m.Type {
	case "system":
		return m.tellSystem(in)
	case "reaction":
		return m.tellReaction(in)
	case "edit":
		return m.tellEdit(in)
	case "revoke":
		return m.tellRevoke(in)
	}
	in.Kind, in.ExternalID = models.InboundUtterance, m.ID
	return m.content.tell(in)
}

func (m *message) tellSystem(in *models.Inbound) error {
	if m.System == nil {
		return errors.New("system message without its content")
	}
	in.ExternalID = m.ID
	switch m.System.Type {
	case "user_changed_number", "customer_changed_number":
		in.Kind, in.Text = models.InboundRekey, m.System.Body
		in.NewAuthorID = string(m.System.NewWaID)
		if in.NewAuthorID == "" {
			in.NewAuthorID = string(m.System.WaID)
		}
		if in.NewAuthorID == "" {
			return errors.New("changed number without the new one")
		}
	default: // customer_identity_changed and whatever else Meta has to say about a contact
		in.Kind = models.InboundNotice
		in.Notice = &models.Notice{Type: m.System.Type, Subject: in.Author.ID, Explains: m.System.Body}
	}
	return nil
}

func (m *message) tellReaction(in *models.Inbound) error {
	if m.Reaction == nil || m.Reaction.MessageID == "" {
		return errors.New("reaction to no message")
	}
	in.Kind, in.DeliveryID = models.InboundReaction, m.ID
	in.TargetExternalID, in.Emoji = m.Reaction.MessageID, m.Reaction.Emoji
	return nil
}

func (m *message) tellEdit(in *models.Inbound) error {
	if m.Edit == nil || m.Edit.OriginalID == "" || m.Edit.Message == nil {
		return errors.New("edit of no message")
	}
	in.Kind, in.DeliveryID, in.ExternalID = models.InboundEdit, m.ID, m.Edit.OriginalID
	return m.Edit.Message.tell(in)
}

func (m *message) tellRevoke(in *models.Inbound) error {
	if m.Revoke == nil || m.Revoke.OriginalID == "" {
		return errors.New("deletion of no message")
	}
	in.Kind, in.DeliveryID, in.ExternalID = models.InboundDeletion, m.ID, m.Revoke.OriginalID
	return nil
}

func (c *content) tell(in *models.Inbound) error {
	c.tellContext(in)
	switch c.Type {
	case "text":
		if c.Text == nil {
			return c.incomplete()
		}
		in.Text = c.Text.Body
	case "image":
		return c.attach(in, models.Image, c.Image)
	case "video":
		return c.attach(in, models.Video, c.Video)
	case "audio":
		return c.attach(in, models.Audio, c.Audio)
	case "document":
		return c.attach(in, models.File, c.Document)
	case "sticker":
		return c.attach(in, models.Sticker, c.Sticker)
	case "location":
		return c.tellLocation(in)
	case "contacts":
		c.tellContacts(in)
	case "order":
		return c.tellOrder(in)
	case "button":
		if c.Button == nil {
			return c.incomplete()
		}
		in.Text, in.Details.Payload = c.Button.Text, c.Button.Payload
	case "interactive":
		return c.tellInteractive(in)
	default:
		c.tellUnsupported(in)
	}
	return nil
}

func (c *content) incomplete() error {
	return errors.New("message without the content its type promises")
}

func (c *content) tellContext(in *models.Inbound) {
	if context := c.Context; context != nil {
		in.ReplyToExternalID = context.ID
		in.Details.Forwarded = context.Forwarded || context.FrequentlyForwarded
		if product := context.Product; product != nil {
			in.Details.Product = &models.Product{
				CatalogID: string(product.CatalogID), RetailerID: string(product.RetailerID),
			}
		}
	}
	if r := c.Referral; r != nil {
		in.Details.Referral = &models.Referral{
			Source: r.SourceType, SourceID: string(r.SourceID), URL: r.SourceURL, Headline: r.Headline,
		}
	}
}

func (c *content) attach(in *models.Inbound, kind models.AttachmentKind, m *media) error {
	if m == nil {
		return c.incomplete()
	}
	in.Text = m.Caption
	in.Attachments = []models.Attachment{{
		Kind:     kind,
		URL:      m.URL,
		MediaID:  string(m.ID),
		MIMEType: m.MIMEType,
		Filename: m.Filename,
		SHA256:   m.SHA256,
		Voice:    m.Voice,
		Animated: m.Animated,
	}}
	return nil
}

func (c *content) tellLocation(in *models.Inbound) error {
	l := c.Location
	if l == nil || l.Latitude == nil || l.Longitude == nil {
		return c.incomplete()
	}
	in.Attachments = []models.Attachment{{
		Kind: models.Location, URL: l.URL, Name: l.Name, Address: l.Address, Latitude: l.Latitude, Longitude: l.Longitude,
	}}
	return nil
}

func (c *content) tellContacts(in *models.Inbound) {
	for i, card := range c.Contacts {
		a := models.Attachment{Position: i, Kind: models.ContactCard, Name: card.Name.Formatted}
		if a.Name == "" {
			a.Name = card.Name.First
		}
		for _, p := range card.Phones {
			if p.Phone != "" {
				a.Phones = append(a.Phones, p.Phone)
			}
		}
		in.Attachments = append(in.Attachments, a)
	}
}

func (c *content) tellOrder(in *models.Inbound) error {
	if c.Order == nil {
		return c.incomplete()
	}
	in.Text = c.Order.Text
	placed := &models.Order{CatalogID: string(c.Order.CatalogID), Note: c.Order.Text}
	for _, item := range c.Order.Items {
		placed.Items = append(placed.Items, models.OrderItem{
			RetailerID: string(item.RetailerID),
			Quantity:   item.Quantity,
			Price:      item.Price.String(), // as it was written: a float would not keep it
			Currency:   item.Currency,
		})
	}
	in.Details.Order = placed
	return nil
}

func (c *content) tellInteractive(in *models.Inbound) error {
	i := c.Interactive
	switch {
	case i == nil:
		return c.incomplete()
	case i.ButtonReply != nil:
		in.Text, in.Details.Payload = i.ButtonReply.Title, i.ButtonReply.ID
	case i.ListReply != nil:
		in.Text, in.Details.Payload = i.ListReply.Title, i.ListReply.ID
	case i.FlowReply != nil:
		in.Text, in.Details.Payload = i.FlowReply.Body, i.FlowReply.Response
	default:
		c.tellUnsupported(in)
	}
	return nil
}

// tellUnsupported leaves a placeholder, so that the agent knows that something came.
func (c *content) tellUnsupported(in *models.Inbound) {
	in.Details.Unsupported = true
	in.Details.UnsupportedCode = c.Type
	if len(c.Errors) > 0 {
		in.Details.UnsupportedCode = string(c.Errors[0].Code)
	}
}
