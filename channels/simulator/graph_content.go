package simulator

import (
	"fmt"
	"strings"
)

// content is what is sent, and how the echo tells it.
func (p *graphAccount) content(call graphSend) (Sent, object, error) {
	m, limits := call.message, p.network.limits()
	files := m.Attachments
	if m.Attachment != nil {
		files = append(files, *m.Attachment)
	}
	sent := Sent{Kind: Text, Text: m.Text, Target: call.replyTo.MID, Reference: m.Metadata}
	content := object{}
	switch {
	case strings.TrimSpace(m.Text) == "" && len(files) == 0:
		return sent, nil, graphInvalid("The parameter message must have a text or an attachment")
	case m.Text != "" && len(files) > 0:
		return sent, nil, graphInvalid("Only one of the text and the attachment fields can be specified")
	case len(files) > limits.images || m.Attachment != nil && len(files) > 1:
		return sent, nil, graphInvalid("The message has too many attachments")
	case len(m.QuickReplies) > graphQuickReplies:
		return sent, nil, graphInvalid("The message has too many quick replies")
	case len(files) > 0:
		return attach(sent, content, files)
	case !limits.text(m.Text):
		return sent, nil, graphInvalid("Length of param message[text] must be less than or equal to the limit")
	}
	if len(m.QuickReplies) > 0 {
		sent.Kind = Interactive
	}
	content["text"] = m.Text
	return sent, content, nil
}

// attach reads files; several of them must be pictures.
func attach(sent Sent, content object, files []graphAttachment) (Sent, object, error) {
	kinds := map[string]Kind{"image": Image, "video": Video, "audio": Audio, "file": Document, "like_heart": Sticker,
		"template": Interactive}
	var links []string
	var told []object
	for _, file := range files {
		kind, known := kinds[file.Type]
		link := file.Payload.URL + file.Payload.AttachmentID
		switch {
		case !known:
			return sent, nil, graphInvalid(fmt.Sprintf("Param attachment[type] %q is not one that is known", file.Type))
		case len(files) > 1 && kind != Image:
			return sent, nil, graphInvalid("Only images can be sent together")
		case kind.isMedia() && kind != Sticker && link == "":
			return sent, nil, graphInvalid("The parameter attachment[payload][url] is required")
		case file.Payload.URL != "" && !isWebAddress(file.Payload.URL):
			return sent, nil, graphError{status: 400, code: 100, subcode: 2018008, message: "(#100) Failed to fetch the file from the url"}
		}
		sent.Kind, sent.Text = kind, file.Payload.Text
		attachment := object{"type": file.Type}
		if link != "" {
			links = append(links, link)
			attachment["payload"] = object{"url": link}
		}
		told = append(told, attachment)
	}
	sent.Media, content["attachments"] = strings.Join(links, " "), told
	return sent, content, nil
}
