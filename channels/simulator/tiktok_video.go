package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
)

// tikTokVideosMost is how many videos a page has at most.
const tikTokVideosMost = 20

// videos lists the account's videos, the newest first, or those that are named in filters. Without fields there are
// their ids alone.
func (d *tikTok) videos(r *http.Request, b *tikTokAccount) (object, error) {
	fields, err := tikTokList(r, "fields")
	if err != nil {
		return nil, err
	}
	var filters struct {
		Videos []string `json:"video_ids"`
	}
	if given := r.URL.Query().Get("filters"); given != "" && json.Unmarshal([]byte(given), &filters) != nil {
		return nil, tikTokInvalid("filters is no object.")
	}
	start, count, err := tikTokCursor(r, tikTokVideosMost)
	if err != nil {
		return nil, err
	}
	var posts []*Post
	for _, p := range b.account.posts {
		if filters.Videos == nil || slices.Contains(filters.Videos, p.ID) {
			posts = append(posts, p)
		}
	}
	slices.SortFunc(posts, func(one, other *Post) int {
		if isOlder(other.ID, one.ID) {
			return -1
		}
		return 1
	})
	start = min(start, len(posts))
	end := min(start+count, len(posts))
	list := []object{}
	for _, p := range posts[start:end] {
		list = append(list, b.describeVideo(p, fields))
	}
	return object{"videos": list, "cursor": end, "has_more": end < len(posts)}, nil
}

func (b *tikTokAccount) describeVideo(p *Post, fields []string) object {
	link := p.Permalink
	if link == "" {
		link = "https://www.tiktok.com/@" + b.username() + "/video/" + p.ID
	}
	all := object{
		"caption": p.Text, "create_time": seconds(p.At), "share_url": link,
		"thumbnail_url": "https://p16.tiktokcdn.com/" + p.ID, "embed_url": link,
		"comments": len(b.board.where(func(c *utterance) bool { return c.post == p.ID })),
	}
	video := object{"item_id": p.ID}
	for name, value := range all {
		if slices.Contains(fields, name) {
			video[name] = value
		}
	}
	return video
}
