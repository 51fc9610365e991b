package meta

import (
	"encoding/json"

	"parley/channels"
	"parley/models"
)

// attachment is one part of a message. Links have their title and address outside the payload at times.
type attachment struct {
	Type    string
	Title   string
	URL     string
	Payload json.RawMessage
}

type payload struct {
	URL         string
	Title       string
	StickerID   channels.Identifier `json:"sticker_id"`
	Coordinates struct {
		Latitude  *float64 `json:"lat"`
		Longitude *float64 `json:"long"`
	}
}

// content is the payload as far as it can be read: what is missing makes the attachment an unsupported one.
func (a attachment) content() payload {
	var p payload
	_ = json.Unmarshal(a.Payload, &p)
	if p.URL == "" {
		p.URL = a.URL
	}
	if p.Title == "" {
		p.Title = a.Title
	}
	return p
}

// Three sizes of the thumb that people tap in place of writing.
var thumbs = map[channels.Identifier]bool{"369239263222822": true, "369239343222814": true, "369239383222810": true}

var mediaKinds = map[string]models.AttachmentKind{
	"image": models.Image, "video": models.Video, "audio": models.Audio, "file": models.File, "sticker": models.Sticker,
}

// tell returns the attachment, or fills in what it says where that is no attachment in our words.
func (a attachment) tell(in *models.Inbound) (models.Attachment, bool) {
	p := a.content()
	kind, isMedia := mediaKinds[a.Type]
	switch {
	case thumbs[p.StickerID]:
		in.Text = "👍"
	case a.Type == "like_heart":
		in.Text = "❤️"
	case a.Type == "template":
		a.tellTemplate(in)
	case a.Type == "location" && p.Coordinates.Latitude != nil && p.Coordinates.Longitude != nil:
		return models.Attachment{
			Kind: models.Location, URL: p.URL, Name: p.Title,
			Latitude: p.Coordinates.Latitude, Longitude: p.Coordinates.Longitude,
		}, true
	case isMedia && p.URL != "":
		return models.Attachment{Kind: kind, URL: p.URL}, true
	case isMedia || (p.URL == "" && p.Title == ""):
		unsupported(in, a.Type)
	default: // links, posts, reels, and whatever else has an address to look at
		if a.Type == "story_mention" {
			in.Details.Story = &models.Story{URL: p.URL, Relation: "mention"}
		}
		return models.Attachment{Kind: models.Share, URL: p.URL, Name: p.Title}, true
	}
	return models.Attachment{}, false
}

// tellTemplate reads the words of a card with buttons, which only apps of our own side send.
func (a attachment) tellTemplate(in *models.Inbound) {
	var template struct {
		Text     string
		Elements []struct{ Title string }
	}
	_ = json.Unmarshal(a.Payload, &template)
	words := template.Text
	if words == "" {
		words = a.Title
	}
	if words == "" && len(template.Elements) > 0 {
		words = template.Elements[0].Title
	}
	if in.Text == "" {
		in.Text = words
	}
	if in.Text == "" {
		unsupported(in, a.Type)
	}
}

// unsupported leaves a placeholder, so that the agent knows that something came.
func unsupported(in *models.Inbound, code string) {
	in.Details.Unsupported, in.Details.UnsupportedCode = true, code
}
