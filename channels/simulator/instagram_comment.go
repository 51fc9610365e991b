package simulator

import "time"

func (instagram) remarkID(*customer, *account, string, Surface) string { return "178" + digits(14) }

// remarked: Instagram tells what is new, and of mentions only where they are.
func (instagram) remarked(p *graphAccount, r *graphRemark, verb string, now time.Time) (news, bool) {
	switch {
	case verb != "add":
		return news{}, false
	case r.surface == Mention && r.author != nil:
		value := object{"media_id": r.post}
		if !r.isPost() {
			value["comment_id"] = r.id
		}
		return news{name: "mention", field: "mentions", at: now, value: value}, true
	case r.elsewhere:
		return news{}, false
	}
	value := object{"id": r.id, "from": p.instagramAuthor(r.author), "media": p.commented(r)}
	if r.author == nil {
		value["from"].(object)["self_ig_scoped_id"] = afterLast(p.account.ID)
	}
	if r.text != "" {
		value["text"] = r.text
	}
	if r.parent != "" {
		value["parent_id"] = r.parent
	}
	return news{name: "comment", field: "comments", at: now, value: value}, true
}

func (p *graphAccount) instagramAuthor(c *customer) object {
	if c == nil {
		return object{"id": p.account.ID, "username": p.username}
	}
	return object{"id": c.ID, "username": c.instagramName()}
}

// commented is the media a comment stands under. An ad that shows media of ours names them, a dark one does not.
func (p *graphAccount) commented(r *graphRemark) object {
	media := object{"id": r.post, "media_product_type": "FEED"}
	post, _, known := p.findPost(r.post)
	if known && (post.Dark || r.surface == AdComment) {
		media["media_product_type"], media["ad_id"], media["ad_title"] = "AD", adOf(r.post), post.Text
		if !post.Dark {
			media["original_media_id"] = r.post
		}
	}
	return media
}

// adOf is the ad that shows a post: the same one each time it is asked for.
func adOf(post string) string { return "1202" + afterLast(post) }

func (instagram) post(p *graphAccount, post Post, by *customer) object {
	owner, username := object{"id": p.account.ID}, p.username
	switch {
	case by != nil:
		owner, username = object{"id": by.ID}, by.instagramName()
	case post.Author != "":
		owner, username = object{"id": post.Author}, post.Author
	}
	link, product := post.Permalink, "FEED"
	if link == "" {
		link = "https://www.instagram.com/p/" + post.ID + "/"
	}
	if post.Dark {
		product = "AD"
	}
	return object{"id": post.ID, "caption": post.Text, "permalink": link, "timestamp": graphTime(post.At),
		"media_type": "IMAGE", "media_product_type": product, "owner": owner, "username": username}
}

func (n instagram) remark(p *graphAccount, r *graphRemark) object {
	author := p.instagramAuthor(r.author)
	found := object{"id": r.id, "text": r.text, "timestamp": graphTime(r.at), "from": author, "username": author["username"],
		"media": object{"id": r.post}, "hidden": r.hidden, "like_count": 0}
	if post, by, known := p.findPost(r.post); known {
		found["media"] = n.post(p, post, by)
	}
	if r.parent != "" {
		found["parent_id"] = r.parent
	}
	replies := []object{}
	for _, reply := range p.remarks.list(r.id) {
		replies = append(replies, n.remark(p, reply))
	}
	if len(replies) > 0 {
		found["replies"] = object{"data": replies}
	}
	return found
}
