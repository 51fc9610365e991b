package wechat

import (
	"errors"
	"strings"

	"parley/models"
)

// tellEvent reads what a contact did. Events have no id of their own. Those that say nothing to us, such as a visited
// link or a place told in passing, make nothing.
func (f fields) tellEvent(in models.Inbound) ([]models.Inbound, error) {
	key := f["EventKey"]
	switch event := f["Event"]; event {
	case "":
		return nil, errors.New("event without a name")
	case "subscribe":
		in.Kind = models.InboundOptIn
		if scene, scanned := strings.CutPrefix(key, "qrscene_"); scanned && scene != "" {
			in.Details.Payload = scene
			in.Details.Referral = &models.Referral{Source: "link", Payload: scene}
		}
	case "unsubscribe":
		in.Kind = models.InboundOptOut
	case "CLICK":
		in.Kind, in.Details.Payload = models.InboundPostback, key
		in.ExternalID = in.DeliveryID + ":" + event
	case "SCAN":
		in.Kind, in.Details.Payload = models.InboundPostback, key
		in.Details.Referral = &models.Referral{Source: "link", Payload: key}
		in.ExternalID = in.DeliveryID + ":" + event
	case "TEMPLATESENDJOBFINISH":
		return f.tellReceipt(in)
	default: // VIEW, LOCATION, MASSSENDJOBFINISH, and what WeChat will think of
		return nil, nil
	}
	return []models.Inbound{in}, nil
}

// tellReceipt reads what became of a template message.
func (f fields) tellReceipt(in models.Inbound) ([]models.Inbound, error) {
	in.Kind, in.Direction, in.Author = models.InboundReceipt, models.OutboundMessage, models.Author{}
	in.ExternalID = f["MsgID"]
	if in.ExternalID == "" {
		in.ExternalID = f["MsgId"]
	}
	status := f["Status"]
	switch {
	case in.ExternalID == "":
		return nil, errors.New("receipt for nothing")
	case status == "success":
		in.Status = models.Delivered
	case strings.HasPrefix(status, "failed"):
		in.Status = models.Failed
		in.Failure = &models.Failure{Reason: models.PlatformRefused, Code: status}
		if strings.Contains(status, "user block") {
			in.Failure.Reason = models.RecipientBlocked
		}
	default:
		return nil, errors.New("receipt of an unknown status")
	}
	return []models.Inbound{in}, nil
}
