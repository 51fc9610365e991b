package wechat

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"parley/models"
)

// tellMessage reads what a contact wrote or sent.
func (f fields) tellMessage(in models.Inbound) ([]models.Inbound, error) {
	in.Kind, in.ExternalID = models.InboundUtterance, f["MsgId"]
	if in.ExternalID == "" {
		return nil, errors.New("message without an id")
	}
	in.DeliveryID = in.ExternalID
	switch kind := f["MsgType"]; kind {
	case "text":
		in.Text, in.Details.Payload = f["Content"], f["bizmsgmenuid"] // the latter of an answer to a menu of ours
	case "image":
		in.Attachments = f.media(models.Image, models.Attachment{URL: f["PicUrl"]})
	case "voice":
		in.Text = f["Recognition"]
		in.Attachments = f.media(models.Audio, models.Attachment{Voice: true, MIMEType: voiceTypes[f["Format"]]})
	case "video", "shortvideo":
		in.Attachments = f.media(models.Video, models.Attachment{})
	case "location":
		place, err := f.place()
		if err != nil {
			return nil, err
		}
		in.Text, in.Attachments = f["Label"], []models.Attachment{place}
	case "link":
		in.Text = f["Description"]
		in.Attachments = []models.Attachment{{Kind: models.Share, Name: f["Title"], URL: f["Url"]}}
	case "miniprogrampage":
		in.Attachments = []models.Attachment{{Kind: models.Share, Name: f["Title"], MediaID: f["ThumbMediaId"]}}
	default:
		in.Details.Unsupported, in.Details.UnsupportedCode = true, kind
	}
	return []models.Inbound{in}, nil
}

var voiceTypes = map[string]string{"amr": "audio/amr", "speex": "audio/speex", "mp3": "audio/mpeg"}

func (f fields) media(kind models.AttachmentKind, a models.Attachment) []models.Attachment {
	a.Kind, a.MediaID = kind, f["MediaId"]
	return []models.Attachment{a}
}

func (f fields) place() (models.Attachment, error) {
	latitude, err := coordinate(f["Location_X"])
	if err != nil {
		return models.Attachment{}, err
	}
	longitude, err := coordinate(f["Location_Y"])
	if err != nil {
		return models.Attachment{}, err
	}
	return models.Attachment{Kind: models.Location, Name: f["Label"], Latitude: &latitude, Longitude: &longitude}, nil
}

func coordinate(text string) (float64, error) {
	number, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(number) || math.IsInf(number, 0) {
		return 0, errors.New("a place without coordinates")
	}
	return number, nil
}
