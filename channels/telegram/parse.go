package telegram

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"parley/channels"
	"parley/models"
)

// Parse reads one update: Telegram delivers them one by one.
func (*Adapter) Parse(d channels.Delivery, _ *channels.Account) channels.Parsed {
	inbound, err := read(d)
	if err != nil {
		return channels.Parsed{Unreadable: []error{fmt.Errorf("read update: %w", err)}}
	}
	return channels.Parsed{Inbound: channels.Distinct(inbound)}
}

// update is one thing that happened. Exactly one part besides the id is set; those we did not ask for are left out.
type update struct {
	ID                     int64 `json:"update_id"`
	Message                *message
	EditedMessage          *message            `json:"edited_message"`
	CallbackQuery          *callbackQuery      `json:"callback_query"`
	MyChatMember           *chatMember         `json:"my_chat_member"`
	MessageReaction        *messageReaction    `json:"message_reaction"`
	BusinessConnection     *businessConnection `json:"business_connection"`
	BusinessMessage        *message            `json:"business_message"`
	EditedBusinessMessage  *message            `json:"edited_business_message"`
	DeletedBusinessMessage *businessDeletion   `json:"deleted_business_messages"`
}

func read(d channels.Delivery) ([]models.Inbound, error) {
	document, err := channels.Document(d.Body)
	if err != nil {
		return nil, err
	}
	var u update
	if err := json.Unmarshal(document, &u); err != nil {
		return nil, err
	}
	about := models.Inbound{
		AccountID:  d.AccountID,
		DeliveryID: strconv.FormatInt(u.ID, 10),
		Surface:    models.PrivateMessage,
		Direction:  models.InboundMessage,
	}
	switch {
	case u.Message != nil:
		return u.Message.read(about, models.InboundUtterance)
	case u.EditedMessage != nil:
		return u.EditedMessage.read(about, models.InboundEdit)
	case u.CallbackQuery != nil:
		return u.CallbackQuery.read(about)
	case u.MyChatMember != nil:
		return u.MyChatMember.read(about)
	case u.MessageReaction != nil:
		return u.MessageReaction.read(about)
	case u.BusinessConnection != nil:
		return u.BusinessConnection.read(about)
	case u.BusinessMessage != nil:
		return u.BusinessMessage.read(about, models.InboundUtterance)
	case u.EditedBusinessMessage != nil:
		return u.EditedBusinessMessage.read(about, models.InboundEdit)
	case u.DeletedBusinessMessage != nil:
		return u.DeletedBusinessMessage.read(about)
	}
	return nil, nil
}

type user struct {
	ID           int64
	FirstName    string `json:"first_name"`
	LastName     string `json:"last_name"`
	Username     string
	LanguageCode string `json:"language_code"`
}

func (u user) author() models.Author {
	return models.Author{
		ID:       strconv.FormatInt(u.ID, 10),
		Name:     strings.TrimSpace(u.FirstName + " " + u.LastName),
		Handle:   u.Username,
		Language: u.LanguageCode,
	}
}

type chat struct {
	ID   int64
	Type string
}

// isPrivate tells a talk with one person from a group or a channel, which are nothing for an inbox.
func (c chat) isPrivate() (bool, error) {
	if c.ID == 0 || c.Type == "" {
		return false, errors.New("no chat")
	}
	return c.Type == "private", nil
}

// A chat and a message in it, as ids of ours. A bot may also speak for a person's own account, its business
// connection. Chats and messages are then numbered by that account, so its id is part of ours.

func threadKey(chatID int64, connection string) string {
	key := strconv.FormatInt(chatID, 10)
	if connection != "" {
		key += ":" + connection
	}
	return key
}

func externalID(chatID, messageID int64, connection string) string {
	id := strconv.FormatInt(chatID, 10) + ":" + strconv.FormatInt(messageID, 10)
	if connection != "" {
		id += ":" + connection
	}
	return id
}

// callbackQuery is a tap on a button under one of our messages.
type callbackQuery struct {
	ID      string
	From    user
	Data    string
	Message *struct {
		ID       int64 `json:"message_id"`
		Chat     chat
		Business string `json:"business_connection_id"`
		Markup   struct {
			Rows [][]struct {
				Text string
				Data string `json:"callback_data"`
			} `json:"inline_keyboard"`
		} `json:"reply_markup"`
	}
}

func (q *callbackQuery) read(in models.Inbound) ([]models.Inbound, error) {
	if q.Message == nil { // under a message sent through somebody else's chat
		return nil, nil
	}
	private, err := q.Message.Chat.isPrivate()
	if err != nil || !private {
		return nil, err
	}
	if q.ID == "" || q.From.ID == 0 {
		return nil, errors.New("tap by nobody")
	}
	in.Kind, in.ExternalID, in.Author = models.InboundPostback, q.ID, q.From.author()
	in.ThreadKey = threadKey(q.Message.Chat.ID, q.Message.Business)
	in.ReplyToExternalID = externalID(q.Message.Chat.ID, q.Message.ID, q.Message.Business)
	in.Details.Payload = q.Data
	for _, row := range q.Message.Markup.Rows {
		for _, button := range row {
			if button.Data == q.Data && in.Text == "" {
				in.Text = button.Text
			}
		}
	}
	return []models.Inbound{in}, nil
}

// chatMember says that a person blocked the bot, or lets it write again.
type chatMember struct {
	Chat chat
	From user
	Date channels.Moment
	New  struct{ Status string } `json:"new_chat_member"`
}

func (m *chatMember) read(in models.Inbound) ([]models.Inbound, error) {
	private, err := m.Chat.isPrivate()
	if err != nil || !private {
		return nil, err
	}
	switch m.New.Status {
	case "kicked":
		in.Kind = models.InboundOptOut
	case "member":
		in.Kind = models.InboundOptIn
	default:
		return nil, nil
	}
	if m.From.ID == 0 {
		return nil, errors.New("block by nobody")
	}
	in.Author, in.ThreadKey, in.At = m.From.author(), threadKey(m.Chat.ID, ""), m.Date.Time
	return []models.Inbound{in}, nil
}

// messageReaction replaces all reactions of one person to one message.
type messageReaction struct {
	Chat      chat
	MessageID int64 `json:"message_id"`
	User      *user
	Date      channels.Moment
	Old       []reaction `json:"old_reaction"`
	New       []reaction `json:"new_reaction"`
}

type reaction struct{ Type, Emoji string }

func (m *messageReaction) read(in models.Inbound) ([]models.Inbound, error) {
	private, err := m.Chat.isPrivate()
	if err != nil || !private || m.User == nil {
		return nil, err
	}
	if m.User.ID == 0 || m.MessageID == 0 {
		return nil, errors.New("reaction by nobody or to nothing")
	}
	in.Kind, in.Author, in.At = models.InboundReaction, m.User.author(), m.Date.Time
	in.ThreadKey, in.TargetExternalID = threadKey(m.Chat.ID, ""), externalID(m.Chat.ID, m.MessageID, "")
	in.Emoji = newest(m.New)
	if in.Emoji == "" && newest(m.Old) == "" {
		return nil, nil
	}
	return []models.Inbound{in}, nil
}

// newest is the last reaction of a list: of several by one person, which paying users may give, one is kept. Reactions
// without a character to show, such as a custom picture, are none.
func newest(reactions []reaction) (emoji string) {
	for _, r := range reactions {
		if r.Type == "emoji" && r.Emoji != "" {
			emoji = r.Emoji
		}
	}
	return emoji
}

// businessConnection says that a person lets the bot speak for them, or no more.
type businessConnection struct {
	ID        string
	Date      channels.Moment
	IsEnabled bool `json:"is_enabled"`
}

func (c *businessConnection) read(in models.Inbound) ([]models.Inbound, error) {
	if c.ID == "" {
		return nil, errors.New("business connection without an id")
	}
	state := "disabled"
	if c.IsEnabled {
		state = "enabled"
	}
	in.Kind, in.At = models.InboundNotice, c.Date.Time
	in.Notice = &models.Notice{Type: "business_connection", Subject: c.ID, State: state}
	return []models.Inbound{in}, nil
}

type businessDeletion struct {
	Connection string `json:"business_connection_id"`
	Chat       chat
	MessageIDs []int64 `json:"message_ids"`
}

func (d *businessDeletion) read(in models.Inbound) ([]models.Inbound, error) {
	private, err := d.Chat.isPrivate()
	if err != nil || !private {
		return nil, err
	}
	in.Kind, in.ThreadKey = models.InboundDeletion, threadKey(d.Chat.ID, d.Connection)
	var all []models.Inbound
	for _, id := range d.MessageIDs {
		in.ExternalID = externalID(d.Chat.ID, id, d.Connection)
		all = append(all, in)
	}
	return all, nil
}
