package tiktok

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"

	"parley/channels"
	"parley/models"
)

// video is a post as the list of videos describes it.
type video struct {
	ID       channels.Identifier `json:"item_id"`
	At       channels.Moment     `json:"create_time"`
	Caption  string
	Address  string `json:"share_url"`
	Comments *int64 // how many; nil when TikTok does not say
}

type videos struct {
	Videos json.RawMessage
	paging
}

// ReadPost asks for one of the account's videos.
func (a *Adapter) ReadPost(ctx context.Context, account channels.Account, externalID string) (models.PostFacts, error) {
	list, err := a.videos(ctx, account, url.Values{"filters": {`{"video_ids":` + listOf(externalID) + `}`}})
	if err != nil {
		return models.PostFacts{}, err
	}
	for _, v := range list.read() {
		if string(v.ID) == externalID {
			return models.PostFacts{
				ExternalID: externalID, Permalink: v.Address, Text: v.Caption,
				AuthorID: account.ID, AuthorName: account.Name, PublishedAt: v.At.Time, MediaKind: models.Video,
			}, nil
		}
	}
	return models.PostFacts{}, &channels.SendError{
		Failure: models.Failure{Reason: models.InvalidRequest, Code: goneCode}, Err: errors.New("TikTok does not know the video"),
	}
}

func (a *Adapter) videos(ctx context.Context, account channels.Account, query url.Values) (videos, error) {
	query.Set("fields", `["item_id","create_time","caption","share_url","comments"]`)
	query.Set("max_count", "20")
	var list videos
	_, err := a.ask(ctx, account, "business/video/list/", query, &list)
	return list, channels.Repeatable(err)
}

// read leaves out what it cannot read: a video is asked for only because of its comments.
func (l videos) read() []video {
	elements, _ := channels.Elements(l.Videos)
	var all []video
	for _, element := range elements {
		var v video
		if err := json.Unmarshal(element, &v); err == nil && v.ID != "" {
			all = append(all, v)
		}
	}
	return all
}
