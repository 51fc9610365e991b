package inboxtest

import (
	"fmt"

	"parley/models"
)

// What platforms tell beside messages. Each is of now.

// Receipt says how far a message of ours got.
func (w *World) Receipt(externalID string, status models.DeliveryStatus) models.Inbound {
	return models.Inbound{
		Kind: models.InboundReceipt, AccountID: w.Channel.AccountID, ExternalID: externalID,
		Surface: models.PrivateMessage, Direction: models.OutboundMessage, At: w.Clock.Now(), Status: status,
	}
}

// Edit says that what a customer said was changed.
func (w *World) Edit(said models.Inbound, text string) models.Inbound {
	said.Kind, said.At, said.Text, said.Attachments = models.InboundEdit, w.Clock.Now(), text, nil
	return said
}

// Deletion says that what a customer said was taken back.
func (w *World) Deletion(said models.Inbound) models.Inbound {
	said.Kind, said.At, said.Text, said.Attachments = models.InboundDeletion, w.Clock.Now(), "", nil
	return said
}

// Reaction says that a customer reacted to a message; without an emoji, that the reaction was taken away.
func (w *World) Reaction(customer, to, emoji string) models.Inbound {
	return models.Inbound{
		Kind: models.InboundReaction, AccountID: w.Channel.AccountID, Surface: models.PrivateMessage,
		Author: models.Author{ID: customer}, At: w.Clock.Now(), TargetExternalID: to, Emoji: emoji,
	}
}

// Opt says that a customer blocked the channel (InboundOptOut), or wants it again (InboundOptIn).
func (w *World) Opt(customer string, kind models.InboundKind) models.Inbound {
	return models.Inbound{Kind: kind, AccountID: w.Channel.AccountID, Author: models.Author{ID: customer}, At: w.Clock.Now()}
}

// NewNumber says that a customer goes by another number from now on.
func (w *World) NewNumber(customer, number string) models.Inbound {
	return models.Inbound{
		Kind: models.InboundRekey, AccountID: w.Channel.AccountID, Author: models.Author{ID: customer}, At: w.Clock.Now(),
		ThreadKey: customer, NewAuthorID: number,
	}
}

// Echo is what our own side wrote to a customer, coming back; with the reference if we sent it ourselves.
func (w *World) Echo(customer, text, reference string) models.Inbound {
	return models.Inbound{
		Kind: models.InboundUtterance, AccountID: w.Channel.AccountID, ExternalID: fmt.Sprintf("wamid.ECHO%d", said.Add(1)),
		ThreadKey: customer, Surface: models.PrivateMessage, Direction: models.OutboundMessage, Echo: true,
		Author: models.Author{ID: w.Channel.AccountID}, At: w.Clock.Now(), Text: text, Reference: reference,
	}
}

// Comments is what somebody writes in public under a post now, in the thread of a first comment.
func (w *World) Comments(author, thread, text string) models.Inbound {
	in := w.Says(author, text)
	in.Surface, in.ThreadKey, in.Author.Name = models.Comment, thread, author
	in.Post = &models.PostFacts{ExternalID: "post-1"}
	return in
}

// PublicEcho is what our own side wrote in a thread in public, coming back without our reference.
func (w *World) PublicEcho(thread, text string) models.Inbound {
	in := w.Comments(w.Channel.AccountID, thread, text)
	in.Direction, in.Echo = models.OutboundMessage, true
	return in
}
