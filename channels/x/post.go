package x

import (
	"errors"

	"parley/channels"
	"parley/models"
)

// post is a post in the words of API v2.
type post struct {
	ID             channels.Identifier
	Text           string
	AuthorID       channels.Identifier   `json:"author_id"`
	ConversationID channels.Identifier   `json:"conversation_id"`
	At             instant               `json:"created_at"`
	ReplyTo        channels.Identifier   `json:"in_reply_to_tweet_id"`
	ReplyToUser    channels.Identifier   `json:"in_reply_to_user_id"`
	References     []reference           `json:"referenced_tweets"`
	Note           struct{ Text string } `json:"note_tweet"` // the whole of a text that is longer than 280
	Attachments    struct {
		MediaKeys []string `json:"media_keys"`
	}

	repliesToUs, quotesUs bool // as the event says
}

type reference struct {
	Type string
	ID   channels.Identifier
}

func (p post) refersTo(relation string) string {
	for _, r := range p.References {
		if r.Type == relation {
			return string(r.ID)
		}
	}
	return ""
}

// answered is the post this one replies to, or empty.
func (p post) answered() string {
	if p.ReplyTo != "" {
		return string(p.ReplyTo)
	}
	return p.refersTo("replied_to")
}

func (p post) text() string {
	if p.Note.Text != "" {
		return plainText(p.Note.Text)
	}
	return plainText(p.Text)
}

// post reads a post that is ours or that somebody wrote to us. Reposts say nothing.
func (s subject) post(p post, with includes) (*models.Inbound, error) {
	if s.account == "" || p.ID == "" || p.AuthorID == "" {
		return nil, errors.New("post without an id, from nobody or for nobody")
	}
	if p.refersTo("retweeted") != "" {
		return nil, nil
	}
	in := s.begin(models.InboundUtterance, s.surface(p))
	in.ExternalID, in.ThreadKey, in.At = string(p.ID), string(p.ConversationID), p.At.Time
	if in.ThreadKey == "" {
		in.ThreadKey = in.ExternalID
	}
	in.Author, in.Text = with.people.author(string(p.AuthorID)), p.text()
	in.ReplyToExternalID = p.answered()
	in.Attachments = attachments(with.media(p.Attachments.MediaKeys))
	s.quote(&in, p, with)
	if answered := p.answered(); answered != "" {
		in.Post = with.facts(answered)
	}
	recipient := string(p.ReplyToUser)
	if recipient == s.account {
		recipient = ""
	}
	s.markEcho(&in, recipient)
	return &in, nil
}

// surface is where a post belongs: a reply to a post of ours is said under it, everything else mentions us.
func (s subject) surface(p post) models.Surface {
	switch answered := p.answered(); {
	case string(p.AuthorID) == s.account && answered != "" && answered == string(p.ConversationID) &&
		p.ReplyToUser != "" && string(p.ReplyToUser) != s.account:
		return models.Mention // we answer below somebody else's post
	case string(p.AuthorID) == s.account:
		return models.PostSurface
	case p.repliesToUs || answered != "" && string(p.ReplyToUser) == s.account:
		return models.PostSurface
	default:
		return models.Mention
	}
}

// quote says which post of ours is quoted.
func (s subject) quote(in *models.Inbound, p post, with includes) {
	quoted := p.refersTo("quoted")
	if quoted == "" {
		return
	}
	if p.quotesUs || string(with.posts[quoted].AuthorID) == s.account {
		in.Details.QuotedID = quoted
	}
	in.Post = with.facts(quoted)
}

// facts of a post, of which at least the id is known.
func (i includes) facts(id string) *models.PostFacts {
	p := i.posts[id]
	facts := models.PostFacts{
		ExternalID:  id,
		Permalink:   "https://x.com/i/status/" + id,
		Text:        p.text(),
		AuthorID:    string(p.AuthorID),
		AuthorName:  i.people[string(p.AuthorID)].Name,
		PublishedAt: p.At.Time,
	}
	if files := attachments(i.media(p.Attachments.MediaKeys)); len(files) > 0 {
		facts.MediaKind, facts.MediaURL = files[0].Kind, files[0].URL
	}
	return &facts
}
