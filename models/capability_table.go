package models

import "time"

const (
	kilobyte = 1 << 10
	megabyte = 1 << 20
	day      = 24 * time.Hour
)

// Words that hold on several surfaces.
const (
	noteVideoComments = "Meta does not hand over comments that carry a video: open them on the platform."
	noteImageComments = "Meta does not hand over Instagram comments with several images: open them on Instagram."
	noteHumanAgent    = "After 24 hours, and for seven days after the contact's last message, only a person may still answer, if Meta has approved the Human Agent feature."
	notePrivateReply  = "A comment can be answered in private once, within seven days. The conversation goes on when the contact answers."
)

var freeForm = []ReplyMode{FreeForm}

func anyOf(kinds ...ActionKind) (rules []ActionRule) {
	for _, k := range kinds {
		rules = append(rules, ActionRule{Kind: k, Ours: true, Theirs: true})
	}
	return rules
}

func ours(kinds ...ActionKind) (rules []ActionRule) {
	for _, k := range kinds {
		rules = append(rules, ActionRule{Kind: k, Ours: true})
	}
	return rules
}

func theirs(kinds ...ActionKind) (rules []ActionRule) {
	for _, k := range kinds {
		rules = append(rules, ActionRule{Kind: k, Theirs: true})
	}
	return rules
}

func actions(groups ...[]ActionRule) (all []ActionRule) {
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

// capabilities is the table. Sources: the platforms' documentation as of August 2026.
var capabilities = []Capabilities{
	{
		Platform: Facebook, Surface: PrivateMessage, Plan: Standard,
		Openings:    []Opening{{By: Writes, For: day}, {By: Taps, For: day}, {By: Reacts, For: day}, {By: ClickAd, For: 7 * day}},
		ModesInside: freeForm, HumanAgentFor: 7 * day, ContactMustStart: true,
		TextLimit: 2000, TextUnit: Characters,
		Attachments: []AttachmentRule{
			{Kind: Image, MIMETypes: []string{"image/jpeg", "image/png", "image/gif"}, MaxBytes: 8 * megabyte},
			{Kind: Video, MIMETypes: []string{"video/mp4"}, MaxBytes: 25 * megabyte},
			{Kind: Audio, MIMETypes: []string{"audio/mpeg", "audio/mp4", "audio/aac", "audio/wav"}, MaxBytes: 25 * megabyte},
			{Kind: File, MaxBytes: 25 * megabyte},
		},
		MaxAttachments:   1,
		Actions:          actions(theirs(ReactToMessage, UnreactMessage, MarkMessageRead, ShowTyping)),
		DeliveryReceipts: true, ReadReceipts: true, InboundEdits: true, InboundReactions: true,
		Notes: []string{noteHumanAgent, "A text and an attachment are two messages."},
	},
	facebookComments(Comment),
	facebookComments(AdComment),
	{
		Platform: Facebook, Surface: WallPost, Plan: Standard, ModesInside: freeForm,
		PrivateReplyWithin: 7 * day,
		TextLimit:          8000, TextUnit: Characters,
		Attachments:      []AttachmentRule{{Kind: Image, MIMETypes: []string{"image/jpeg", "image/png", "image/gif"}, MaxBytes: 8 * megabyte, Caption: true}},
		CaptionLimit:     8000,
		MaxAttachments:   1,
		Actions:          actions(anyOf(LikeMessage, UnlikeMessage, DeleteMessage), theirs(HideMessage, UnhideMessage), ours(EditMessage)),
		InboundDeletions: true, InboundEdits: true,
		Notes: []string{notePrivateReply},
	},
	{
		Platform: Facebook, Surface: Mention, Plan: Standard, ModesInside: freeForm,
		TextLimit: 8000, TextUnit: Characters,
		Actions:      actions(anyOf(LikeMessage, UnlikeMessage)),
		InboundEdits: true, InboundDeletions: true,
		Notes: []string{"Only mentions by people and pages whose posts the Page may see are handed over."},
	},
	{
		Platform: Instagram, Surface: PrivateMessage, Plan: Standard,
		Openings:    []Opening{{By: Writes, For: day}, {By: Taps, For: day}, {By: Reacts, For: day}, {By: ClickAd, For: 7 * day}},
		ModesInside: freeForm, HumanAgentFor: 7 * day, ContactMustStart: true,
		TextLimit: 1000, TextUnit: Bytes,
		Attachments: []AttachmentRule{
			{Kind: Image, MIMETypes: []string{"image/jpeg", "image/png"}, MaxBytes: 8 * megabyte},
			{Kind: Video, MIMETypes: []string{"video/mp4", "video/ogg", "video/x-msvideo", "video/quicktime", "video/webm"}, MaxBytes: 25 * megabyte},
			{Kind: Audio, MIMETypes: []string{"audio/aac", "audio/mp4", "audio/wav"}, MaxBytes: 25 * megabyte},
			{Kind: File, MIMETypes: []string{"application/pdf"}, MaxBytes: 25 * megabyte},
		},
		MaxAttachments: 1,
		Actions:        actions(theirs(ReactToMessage, UnreactMessage, MarkMessageRead, ShowTyping)),
		ReadReceipts:   true, InboundEdits: true, InboundDeletions: true, InboundReactions: true,
		Notes: []string{
			"The account must allow access to messages in the Instagram app, or nothing can be received or sent.",
			noteHumanAgent,
			"A text and an attachment are two messages.",
		},
	},
	instagramComments(Comment),
	instagramComments(AdComment),
	{
		Platform: Instagram, Surface: Mention, Plan: Standard, ModesInside: freeForm,
		TextLimit: 2200, TextUnit: Characters,
		Notes: []string{
			"Mentions by private accounts are not handed over.",
			"A mention in a story arrives as a private message and is gone from Instagram after 24 hours.",
		},
	},
	{
		Platform: X, Surface: PrivateMessage, Plan: Standard, ModesInside: freeForm,
		TextLimit: 10000, CaptionLimit: 10000, TextUnit: Characters,
		Attachments: []AttachmentRule{
			{Kind: Image, MIMETypes: []string{"image/jpeg", "image/png", "image/webp", "image/gif"}, MaxBytes: 5 * megabyte, Caption: true},
			{Kind: Video, MIMETypes: []string{"video/mp4"}, MaxBytes: 512 * megabyte, Caption: true},
		},
		MaxAttachments: 1,
		Actions:        actions(ours(DeleteMessage)),
		ReadReceipts:   true, InboundTyping: true,
		Notes: []string{
			"X delivers a private message only to people who follow the account, accept messages from all, or have written to it before.",
			"Encrypted messages (XChat) cannot be read here: open them on X.",
		},
	},
	xPosts(PostSurface),
	xPosts(Mention),
	{
		Platform: LinkedIn, Surface: PrivateMessage, Plan: Standard,
		TextUnit: Characters,
		Notes: []string{
			"LinkedIn gives private messages only to Pages with LinkedIn messaging, and only to its messaging partners: they cannot be answered here.",
		},
	},
	linkedInComments(Comment),
	linkedInComments(AdComment),
	{
		Platform: LinkedIn, Surface: Mention, Plan: Standard, ModesInside: freeForm,
		TextLimit: 1250, TextUnit: Characters,
		Actions:      actions(anyOf(LikeMessage, UnlikeMessage), ours(DeleteMessage, EditMessage)),
		InboundEdits: true, InboundDeletions: true,
		Notes: []string{"Mentions in posts and photos of public posts are handed over."},
	},
	{
		Platform: WhatsApp, Surface: PrivateMessage, Plan: Standard,
		Openings:    []Opening{{By: Writes, For: day}, {By: Taps, For: day}}, // the customer service window
		ModesInside: []ReplyMode{FreeForm, TemplateMode}, ModesAfter: []ReplyMode{TemplateMode},
		TextLimit: 4096, CaptionLimit: 1024, TextUnit: Characters,
		Attachments: []AttachmentRule{
			{Kind: Image, MIMETypes: []string{"image/jpeg", "image/png"}, MaxBytes: 5 * megabyte, Caption: true},
			{Kind: Video, MIMETypes: []string{"video/mp4", "video/3gpp"}, MaxBytes: 16 * megabyte, Caption: true},
			{Kind: Audio, MIMETypes: []string{"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}, MaxBytes: 16 * megabyte},
			{Kind: File, MaxBytes: 100 * megabyte, Caption: true},
			{Kind: Sticker, MIMETypes: []string{"image/webp"}, MaxBytes: 500 * kilobyte},
		},
		MaxAttachments:   1,
		Actions:          actions(theirs(ReactToMessage, UnreactMessage, MarkMessageRead, ShowTyping)),
		DeliveryReceipts: true, ReadReceipts: true,
		InboundEdits: true, InboundDeletions: true, InboundReactions: true,
		Notes: []string{
			"After 24 hours without a message from the contact only templates approved by Meta are accepted.",
			"A contact who opted out of marketing does not receive marketing templates.",
		},
	},
	{
		Platform: Messenger, Surface: PrivateMessage, Plan: Standard, ModesInside: freeForm,
		TextLimit: 10000, CaptionLimit: 10000, TextUnit: Characters,
		Attachments: []AttachmentRule{
			{Kind: Image, MIMETypes: []string{"image/jpeg", "image/png", "image/gif", "image/webp"}, MaxBytes: 10 * megabyte, Caption: true},
			{Kind: Video, MIMETypes: []string{"video/mp4", "video/webm"}, MaxBytes: 25 * megabyte, Caption: true},
			{Kind: Audio, MIMETypes: []string{"audio/mpeg", "audio/mp4", "audio/ogg", "audio/webm"}, MaxBytes: 25 * megabyte, Caption: true},
			{Kind: File, MIMETypes: []string{"application/pdf", "text/plain", "application/zip"}, MaxBytes: 25 * megabyte, Caption: true},
		},
		MaxAttachments:   10,
		Actions:          actions(theirs(ShowTyping, MarkMessageRead)),
		DeliveryReceipts: true, ReadReceipts: true, InboundTyping: true,
		Notes: []string{"A visitor who left the page sees the answer when they come back."},
	},
	{
		Platform: TikTok, Surface: PrivateMessage, Plan: Standard,
		TextUnit: Characters,
		Notes:    []string{"Private messages are shown where TikTok hands them over; they are answered in the TikTok app."},
	},
	{
		Platform: TikTok, Surface: Comment, Plan: Standard, ModesInside: freeForm,
		TextLimit: 1200, TextUnit: Characters,
		Actions:          actions(theirs(HideMessage, UnhideMessage), anyOf(LikeMessage, UnlikeMessage), ours(DeleteMessage)),
		InboundDeletions: true,
		Notes: []string{
			"Only comments on the account's own videos are handed over.",
			"TikTok may show no more than the first 150 characters of an answer.",
		},
	},
	{
		Platform: WeChat, Surface: PrivateMessage, Plan: Enterprise,
		Openings: []Opening{
			{By: Writes, For: 48 * time.Hour, Messages: 5},
			{By: Taps, For: time.Minute, Messages: 3},
			{By: Follows, For: time.Minute, Messages: 3},
		},
		ModesInside: freeForm, ContactMustStart: true,
		TextLimit: 2048, TextUnit: Bytes,
		Attachments: []AttachmentRule{
			{Kind: Image, MIMETypes: []string{"image/jpeg", "image/png", "image/gif", "image/bmp"}, MaxBytes: 10 * megabyte},
			{Kind: Audio, MIMETypes: []string{"audio/amr", "audio/mpeg"}, MaxBytes: 2 * megabyte},
			{Kind: Video, MIMETypes: []string{"video/mp4"}, MaxBytes: 10 * megabyte},
		},
		MaxAttachments: 1,
		Actions:        actions(theirs(ShowTyping)),
		Notes: []string{
			"A message of the contact may be answered with five messages within 48 hours; a tap on the menu or following the account with three within a minute.",
			"WeChat tells neither when a message was delivered nor when it was read.",
		},
	},
	{
		Platform: Telegram, Surface: PrivateMessage, Plan: Enterprise,
		ModesInside: freeForm, ContactMustStart: true,
		TextLimit: 4096, CaptionLimit: 1024, TextUnit: UTF16Units,
		Attachments: []AttachmentRule{
			{Kind: Image, MaxBytes: 5 * megabyte, Caption: true},
			{Kind: Video, MIMETypes: []string{"video/mp4"}, MaxBytes: 20 * megabyte, Caption: true},
			{Kind: Audio, MIMETypes: []string{"audio/mpeg", "audio/mp4", "audio/ogg"}, MaxBytes: 20 * megabyte, Caption: true},
			{Kind: File, MIMETypes: []string{"application/pdf", "application/zip"}, MaxBytes: 20 * megabyte, Caption: true},
		},
		MaxAttachments: 1,
		Actions:        actions(theirs(ReactToMessage, UnreactMessage, ShowTyping), ours(EditMessage, DeleteMessage)),
		InboundEdits:   true, InboundReactions: true,
		Notes: []string{
			"A bot cannot write first: the contact has to start the chat.",
			"Telegram tells neither when a message was delivered nor when it was read.",
			"Telegram does not tell when a contact deletes a message.",
		},
	},
	{
		Platform: SMS, Surface: PrivateMessage, Plan: Enterprise, ModesInside: freeForm,
		TextLimit: 1600, CaptionLimit: 1600, TextUnit: Characters,
		Attachments: []AttachmentRule{
			{Kind: Image, MIMETypes: []string{"image/jpeg", "image/png", "image/gif"}, MaxBytes: 5 * megabyte, Caption: true},
			{Kind: Video, MIMETypes: []string{"video/mp4", "video/3gpp"}, MaxBytes: 5 * megabyte, Caption: true},
			{Kind: Audio, MIMETypes: []string{"audio/mpeg", "audio/amr"}, MaxBytes: 5 * megabyte, Caption: true},
		},
		MaxAttachments: 10, DeliveryReceipts: true,
		Notes: []string{
			"Somebody who sent STOP cannot be written to until they send START.",
			"Pictures and other media are delivered in the US, Canada and Australia only, 5 MB together.",
			"Long texts are sent, and charged, in segments of 160 characters, or 70 if they hold an emoji or another unusual character.",
		},
	},
}

func facebookComments(s Surface) Capabilities {
	return Capabilities{
		Platform: Facebook, Surface: s, Plan: Standard, ModesInside: freeForm,
		PrivateReplyWithin: 7 * day,
		TextLimit:          8000, CaptionLimit: 8000, TextUnit: Characters,
		Attachments:    []AttachmentRule{{Kind: Image, MIMETypes: []string{"image/jpeg", "image/png", "image/gif"}, MaxBytes: 8 * megabyte, Caption: true}},
		MaxAttachments: 1,
		Actions: actions(theirs(HideMessage, UnhideMessage), anyOf(LikeMessage, UnlikeMessage, DeleteMessage),
			ours(EditMessage)),
		InboundEdits: true, InboundDeletions: true,
		Notes: []string{notePrivateReply, noteVideoComments},
	}
}

func instagramComments(s Surface) Capabilities {
	return Capabilities{
		Platform: Instagram, Surface: s, Plan: Standard, ModesInside: freeForm,
		PrivateReplyWithin: 7 * day,
		TextLimit:          2200, TextUnit: Characters,
		Actions: actions(theirs(HideMessage, UnhideMessage), anyOf(DeleteMessage)),
		Notes: []string{
			notePrivateReply, noteVideoComments, noteImageComments,
			"Instagram does not tell when a comment is edited, hidden or deleted.",
		},
	}
}

func xPosts(s Surface) Capabilities {
	return Capabilities{
		Platform: X, Surface: s, Plan: Standard, ModesInside: freeForm,
		TextLimit: 280, CaptionLimit: 280, TextUnit: Weighted,
		Attachments: []AttachmentRule{
			{Kind: Image, MIMETypes: []string{"image/jpeg", "image/png", "image/webp"}, MaxBytes: 5 * megabyte, Caption: true},
			{Kind: Video, MIMETypes: []string{"video/mp4"}, MaxBytes: 512 * megabyte, Caption: true},
		},
		MaxAttachments:   1,
		Actions:          actions(theirs(HideMessage, UnhideMessage), ours(DeleteMessage)),
		InboundDeletions: true, AssignFromStream: s == PostSurface,
		Notes: []string{
			"Unless X has given the app Enterprise access, it may answer only people who mentioned or quoted the account.",
			"A web address counts 23 characters; an emoji and a Chinese, Japanese or Korean character count two.",
			"Posts of protected accounts are not handed over.",
		},
	}
}

func linkedInComments(s Surface) Capabilities {
	return Capabilities{
		Platform: LinkedIn, Surface: s, Plan: Standard, ModesInside: freeForm,
		TextLimit: 1250, TextUnit: Characters,
		Actions:      actions(anyOf(LikeMessage, UnlikeMessage), ours(DeleteMessage, EditMessage)),
		InboundEdits: true, InboundDeletions: true,
		Notes: []string{
			"LinkedIn does not let an app hide a comment.",
			"LinkedIn does not say which comments are on sponsored posts; those of an ad that it names are shown as such.",
		},
	}
}
