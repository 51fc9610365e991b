package wechat

import (
	"errors"
	"fmt"
	"strings"

	"parley/channels"
	"parley/models"
)

// Parse reads one message or event: WeChat delivers them one by one.
func (*Adapter) Parse(d channels.Delivery, account *channels.Account) channels.Parsed {
	inbound, err := read(d, account)
	if err != nil {
		return channels.Parsed{Unreadable: []error{fmt.Errorf("read delivery: %w", err)}}
	}
	return channels.Parsed{Inbound: inbound}
}

func read(d channels.Delivery, account *channels.Account) ([]models.Inbound, error) {
	if account == nil {
		return nil, errors.New("delivery for an unknown account")
	}
	body := d.Body
	if account.Credentials.EncodingKey != "" {
		var err error
		if body, err = open(d, *account); err != nil {
			return nil, err
		}
	}
	f, err := readFields(body)
	switch {
	case err != nil:
		return nil, err
	case f["MsgType"] == "" && f["Encrypt"] != "":
		return nil, errors.New("encrypted, but the account has no EncodingAESKey")
	case f["ToUserName"] != account.ID: // whoever knows a token must not speak for others
		return nil, errors.New("delivery for another account")
	}
	return f.tell(d.AccountID)
}

func (f fields) tell(accountID string) ([]models.Inbound, error) {
	var at channels.Moment
	if err := at.UnmarshalJSON([]byte(strings.TrimSpace(f["CreateTime"]))); err != nil {
		return nil, fmt.Errorf("read CreateTime: %w", err)
	}
	contact := f["FromUserName"]
	if contact == "" {
		return nil, errors.New("from nobody")
	}
	in := models.Inbound{
		AccountID: accountID,
		// WeChat's own rule for what it repeats: https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_event_pushes.html
		DeliveryID: contact + ":" + strings.TrimSpace(f["CreateTime"]),
		ThreadKey:  contact, Surface: models.PrivateMessage, Direction: models.InboundMessage,
		Author: models.Author{ID: contact}, At: at.Time,
	}
	switch f["MsgType"] {
	case "":
		return nil, errors.New("of no type")
	case "event":
		return f.tellEvent(in)
	default:
		return f.tellMessage(in)
	}
}
