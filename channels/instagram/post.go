package instagram

import (
	"context"

	"parley/channels"
	"parley/channels/meta"
	"parley/models"
)

const postFields = "id,caption,media_type,media_url,permalink,timestamp,username,owner"

// post is a post as the Graph API tells it.
type post struct {
	Caption   string
	MediaType string `json:"media_type"` // IMAGE, VIDEO, CAROUSEL_ALBUM
	MediaURL  string `json:"media_url"`
	Permalink string
	Timestamp meta.Moment
	Username  string
	Owner     person
}

type person struct {
	ID       channels.Identifier
	Username string
}

func (p post) facts(id string) models.PostFacts {
	by := author(p.Owner, p.Username)
	facts := models.PostFacts{
		ExternalID:  id,
		Permalink:   p.Permalink,
		Text:        p.Caption,
		AuthorID:    by.ID,
		AuthorName:  by.Name,
		PublishedAt: p.Timestamp.Time,
		MediaURL:    p.MediaURL,
	}
	switch {
	case p.MediaURL == "":
	case p.MediaType == "VIDEO":
		facts.MediaKind = models.Video
	default:
		facts.MediaKind = models.Image
	}
	return facts
}

// ReadPost asks for a post of the account. Whether it is an ad is not said here, but with each comment on it.
func (a *Adapter) ReadPost(ctx context.Context, account channels.Account, externalID string) (models.PostFacts, error) {
	if externalID == "" {
		return models.PostFacts{}, channels.Unsendable("no post id")
	}
	var p post
	if err := a.ask(ctx, account, externalID, postFields, &p); err != nil {
		return models.PostFacts{}, meta.Gone(err)
	}
	return p.facts(externalID), nil
}
