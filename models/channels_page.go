package models

import (
	"fmt"
	"strings"
	"time"
)

// ChannelsPage is docs/channels.md: what can be done on every surface of every platform, printed from the table the rules
// read. A test keeps the file equal to it.
func ChannelsPage() string {
	var b strings.Builder
	b.WriteString(channelsIntroduction)
	b.WriteString("| platform | surface | plan | reply window | text | attachments | private reply | actions | receipts | the platform tells of |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, c := range capabilities {
		cells := []string{
			string(c.Platform), string(c.Surface), string(c.Plan), c.windowInWords(), c.textInWords(), c.attachmentsInWords(),
			c.privateReplyInWords(), c.actionsInWords(), c.receiptsInWords(), c.newsInWords(),
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	b.WriteString("\n## Limits of the platforms\n")
	for _, c := range capabilities {
		if len(c.Notes) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n**%s, %s**\n\n", c.Platform, c.Surface)
		for _, note := range c.Notes {
			b.WriteString("- " + note + "\n")
		}
	}
	return b.String()
}

const channelsIntroduction = `# Channels

What can be done where. This page is printed from the table that the reply check, the private-reply check and the actions
read (` + "`models/capability_table.go`" + `); clients get the same table as ` + "`platformCapabilities`" + ` and ` + "`Channel.capabilities`" + `.
Write it anew with ` + "`go test ./models -run TestChannelsPage -update`" + `. Sources: the platforms' documentation as of August 2026.

A reply window is what a contact's deed is worth: for how long, and for how many messages, we may answer. After it
HUMAN_AGENT is free text by a person, TEMPLATE a text the platform approved. Lengths are in the unit the platform counts.
Of actions, *(ours)* can be done with the account's own messages only, *(theirs)* with those of contacts only.

`

func (c Capabilities) windowInWords() string {
	if len(c.ModesInside) == 0 {
		return "cannot be answered here"
	}
	if !c.HasWindow() {
		if c.ContactMustStart {
			return "none, but the contact must start"
		}
		return "none"
	}
	var parts []string
	for _, o := range c.Openings {
		part := strings.ToLower(string(o.By)) + ": " + inWords(o.For)
		if o.Messages > 0 {
			part += fmt.Sprintf(", %d messages", o.Messages)
		}
		parts = append(parts, part)
	}
	if c.HumanAgentFor > 0 {
		parts = append(parts, "then HUMAN_AGENT until "+inWords(c.HumanAgentFor))
	}
	for _, m := range c.ModesAfter {
		parts = append(parts, "then "+string(m))
	}
	return strings.Join(parts, "; ")
}

func inWords(d time.Duration) string {
	switch {
	case d%day == 0 && d > day:
		return fmt.Sprintf("%d days", d/day)
	case d%time.Hour == 0:
		return fmt.Sprintf("%d hours", d/time.Hour)
	default:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
}

func (c Capabilities) textInWords() string {
	if c.TextLimit == 0 {
		return "–"
	}
	text := fmt.Sprintf("%d %s", c.TextLimit, strings.ToLower(string(c.TextUnit)))
	if c.CaptionLimit > 0 && c.CaptionLimit != c.TextLimit {
		text += fmt.Sprintf("; caption %d", c.CaptionLimit)
	}
	return text
}

func (c Capabilities) attachmentsInWords() string {
	if len(c.Attachments) == 0 {
		return "–"
	}
	var kinds []string
	for _, a := range c.Attachments {
		size := fmt.Sprintf("%d MB", a.MaxBytes/megabyte)
		if a.MaxBytes < megabyte {
			size = fmt.Sprintf("%d KB", a.MaxBytes/kilobyte)
		}
		kinds = append(kinds, strings.ToLower(string(a.Kind))+" "+size)
	}
	return fmt.Sprintf("%d of: %s", c.MaxAttachments, strings.Join(kinds, ", "))
}

func (c Capabilities) privateReplyInWords() string {
	if c.PrivateReplyWithin == 0 {
		return "–"
	}
	return "one, within " + inWords(c.PrivateReplyWithin)
}

func (c Capabilities) actionsInWords() string {
	var names []string
	for _, a := range c.Actions {
		name := strings.ToLower(strings.ReplaceAll(string(a.Kind), "_", " "))
		switch {
		case a.Ours && !a.Theirs:
			name += " (ours)"
		case a.Theirs && !a.Ours:
			name += " (theirs)"
		}
		names = append(names, name)
	}
	return orDash(names)
}

func (c Capabilities) receiptsInWords() string {
	var names []string
	if c.DeliveryReceipts {
		names = append(names, "delivered")
	}
	if c.ReadReceipts {
		names = append(names, "read")
	}
	return orDash(names)
}

func (c Capabilities) newsInWords() string {
	var names []string
	for _, n := range []struct {
		told bool
		name string
	}{
		{c.InboundEdits, "edits"}, {c.InboundDeletions, "deletions"}, {c.InboundReactions, "reactions"}, {c.InboundTyping, "typing"},
	} {
		if n.told {
			names = append(names, n.name)
		}
	}
	return orDash(names)
}

func orDash(names []string) string {
	if len(names) == 0 {
		return "–"
	}
	return strings.Join(names, ", ")
}
