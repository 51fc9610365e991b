package meta

import (
	"encoding/json"
	"fmt"
	"strings"

	"parley/channels"
	"parley/models"
)

// ReferencePrefix marks our message ids in the text Meta hands back with an echo.
const ReferencePrefix = "msg:"

type message struct {
	MID           string
	Text          string
	Metadata      string
	IsEcho        bool `json:"is_echo"`
	IsSelf        bool `json:"is_self"`
	IsDeleted     bool `json:"is_deleted"`
	IsUnsupported bool `json:"is_unsupported"`
	Attachments   json.RawMessage
	QuickReply    *struct{ Payload string } `json:"quick_reply"`
	ReplyTo       *struct {
		MID   string
		Story *struct {
			ID  channels.Identifier
			URL string
		}
	} `json:"reply_to"`
	Referral *referral
}

// tell fills in what the message says.
func (m *message) tell(in *models.Inbound) error {
	in.Text = m.Text
	if reference, isOurs := strings.CutPrefix(m.Metadata, ReferencePrefix); isOurs {
		in.Reference = reference
	}
	if m.QuickReply != nil {
		in.Details.Payload = m.QuickReply.Payload
	}
	if m.ReplyTo != nil {
		in.ReplyToExternalID = m.ReplyTo.MID
		if s := m.ReplyTo.Story; s != nil {
			in.Details.Story = &models.Story{ID: string(s.ID), URL: s.URL, Relation: "reply"}
		}
	}
	m.Referral.tell(in)
	if err := m.tellAttachments(in); err != nil {
		return err
	}
	isEmpty := in.Text == "" && len(in.Attachments) == 0 && in.Details.Payload == "" && in.Details.Story == nil
	if m.IsUnsupported || isEmpty {
		in.Details.Unsupported = true
	}
	return nil
}

func (m *message) tellAttachments(in *models.Inbound) error {
	elements, err := channels.Elements(m.Attachments)
	if err != nil {
		return err
	}
	stickers := map[channels.Identifier]int{}
	for i, raw := range elements {
		var a attachment
		if err := json.Unmarshal(raw, &a); err != nil {
			return fmt.Errorf("read attachment %d: %w", i, err)
		}
		attached, isShown := a.tell(in)
		if !isShown {
			continue
		}
		if id := a.content().StickerID; id != "" {
			// A sticker comes as an image and as a sticker until September 2026: both are one.
			if at, twice := stickers[id]; twice {
				in.Attachments[at].Kind = models.Sticker
				continue
			}
			stickers[id] = len(in.Attachments)
		}
		attached.Position = len(in.Attachments)
		in.Attachments = append(in.Attachments, attached)
	}
	return nil
}

// referral says what brought a contact to us.
type referral struct {
	Ref        string
	Source     string
	AdID       channels.Identifier `json:"ad_id"`
	RefererURI string              `json:"referer_uri"`
	Ad         struct {
		Title string `json:"ad_title"`
	} `json:"ads_context_data"`
	Product struct{ ID channels.Identifier }
}

func (r *referral) tell(in *models.Inbound) {
	if r == nil {
		return
	}
	told := &models.Referral{
		Source: "link", SourceID: string(r.AdID), URL: r.RefererURI, Headline: r.Ad.Title, Payload: r.Ref,
	}
	if strings.EqualFold(r.Source, "ADS") || r.AdID != "" {
		told.Source = "ad"
	}
	in.Details.Referral = told
	if r.Product.ID != "" {
		in.Details.Product = &models.Product{RetailerID: string(r.Product.ID)}
	}
}
