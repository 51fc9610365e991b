package facebook

import (
	"cmp"
	"context"
	"strings"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

// Complete asks for the author, words and picture of a mention.
func (a *Adapter) Complete(ctx context.Context, account channels.Account, in models.Inbound) (models.Inbound, error) {
	fields := "message,from,created_time,attachment"
	if isItself(in) {
		fields = "message,from,created_time,full_picture,permalink_url"
	}
	var m mentioned
	if err := a.ask(ctx, account, in.ExternalID, fields, &m); err != nil {
		return in, meta.Gone(err)
	}
	return m.complete(in), nil
}

// isItself reports whether the mention is a post, not a comment under one.
func isItself(in models.Inbound) bool { return in.Post == nil || in.Post.ExternalID == in.ExternalID }

// mentioned is a post or comment that names the Page, as the Graph API tells it.
type mentioned struct {
	Message    string
	From       person
	CreatedAt  meta.Moment `json:"created_time"`
	Picture    string      `json:"full_picture"` // of a post
	Permalink  string      `json:"permalink_url"`
	Attachment struct {    // of a comment
		Media struct{ Image struct{ Src string } }
	}
}

// complete fills in what is missing, and leaves the rest as it was delivered.
func (m mentioned) complete(in models.Inbound) models.Inbound {
	in.Incomplete = false
	in.Text = cmp.Or(in.Text, m.Message)
	if in.Author.ID == "" {
		in.Author = models.Author{ID: string(m.From.ID), Name: m.From.Name}
	}
	if in.At.IsZero() {
		in.At = m.CreatedAt.Time
	}
	if len(in.Attachments) == 0 {
		attach(&in, models.Image, cmp.Or(m.Picture, m.Attachment.Media.Image.Src))
	}
	in.Details.Unsupported = in.Text == "" && len(in.Attachments) == 0
	if isItself(in) {
		in.Post = m.facts(in)
	}
	return in
}

func (m mentioned) facts(in models.Inbound) *models.PostFacts {
	facts := &models.PostFacts{
		ExternalID: in.ExternalID, Permalink: m.Permalink, Text: in.Text, PublishedAt: m.CreatedAt.Time,
		AuthorID: in.Author.ID, AuthorName: in.Author.Name,
	}
	if facts.PublishedAt.IsZero() {
		facts.PublishedAt = in.At
	}
	if m.Picture != "" {
		facts.MediaKind, facts.MediaURL = models.Image, m.Picture
	}
	return facts
}

const postFields = "message,from,created_time,full_picture,permalink_url,is_published,promotion_status,attachments{media_type}"

// ReadPost asks for a post of the Page. Ads are among them: comments on them are delivered, the ads themselves are not.
func (a *Adapter) ReadPost(ctx context.Context, account channels.Account, externalID string) (models.PostFacts, error) {
	if externalID == "" {
		return models.PostFacts{}, channels.Unsendable("no post id")
	}
	var post struct {
		Message     string
		From        person
		CreatedAt   meta.Moment `json:"created_time"`
		Picture     string      `json:"full_picture"`
		Permalink   string      `json:"permalink_url"`
		IsPublished *bool       `json:"is_published"`
		Promotion   string      `json:"promotion_status"`
		Attachments struct {
			Data []struct {
				MediaType string `json:"media_type"`
			}
		}
	}
	if err := a.ask(ctx, account, externalID, postFields, &post); err != nil {
		return models.PostFacts{}, meta.Gone(err)
	}
	facts := models.PostFacts{
		ExternalID:  externalID,
		Permalink:   post.Permalink,
		Text:        post.Message,
		AuthorID:    string(post.From.ID),
		AuthorName:  post.From.Name,
		PublishedAt: post.CreatedAt.Time,
		Promotion:   promotion(post.IsPublished, post.Promotion),
	}
	if post.Picture != "" { // of a video, its first picture
		facts.MediaKind, facts.MediaURL = models.Image, post.Picture
	}
	if len(post.Attachments.Data) > 0 && strings.Contains(post.Attachments.Data[0].MediaType, "video") {
		facts.MediaKind = models.Video
	}
	return facts, nil
}
