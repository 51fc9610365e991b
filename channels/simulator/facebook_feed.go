package simulator

import "time"

// remarkID: a comment's id begins with the post's own part, a post's with its author.
func (facebook) remarkID(c *customer, a *account, post string, surface Surface) string {
	switch {
	case post != "":
		return afterLast(post) + "_" + digits(15)
	case surface == Mention:
		return FacebookPublicID(c.ID) + "_" + digits(15)
	}
	return a.ID + "_" + digits(15)
}

// remarked tells of a change in the feed, or of a mention.
func (n facebook) remarked(p *graphAccount, r *graphRemark, verb string, now time.Time) (news, bool) {
	told := news{name: r.item() + " " + verb, field: "feed", at: now}
	switch {
	case r.surface == Mention && r.author != nil:
		told.name, told.field, told.value = "mention "+verb, "mention", mentionValue(r, verb)
	case r.elsewhere:
		return news{}, false
	case r.isPost():
		told.value = wallValue(p, r, verb)
	default:
		told.value = n.commentValue(p, r, verb)
	}
	switch verb {
	case "edited":
		told.value["edited_time"] = now.Unix()
	case "remove": // a removal says when it happened, and not what was said
		told.value["created_time"], told.value["recipient_id"] = now.Unix(), p.account.ID
		delete(told.value, "message")
		delete(told.value, "post")
	}
	return told, true
}

func (r *graphRemark) item() string {
	switch {
	case !r.isPost():
		return "comment"
	case r.image != "":
		return "photo"
	case r.video != "":
		return "video"
	}
	return "post"
}

// facebookAuthor is who said it, by the id and name the public sees.
func (p *graphAccount) facebookAuthor(c *customer) object {
	if c == nil {
		return object{"id": p.account.ID, "name": p.account.name}
	}
	author := object{"id": FacebookPublicID(c.ID)}
	if c.Name != "" {
		author["name"] = c.Name
	}
	return author
}

func (n facebook) commentValue(p *graphAccount, r *graphRemark, verb string) object {
	value := object{
		"item": "comment", "verb": verb, "from": p.facebookAuthor(r.author), "comment_id": r.id, "post_id": r.post,
		"parent_id": r.post, "created_time": r.at.Unix(),
	}
	if r.parent != "" {
		value["parent_id"] = r.parent
	}
	if r.text != "" {
		value["message"] = r.text
	}
	if r.image != "" {
		value["photo"] = r.image
	}
	if r.video != "" {
		value["video"] = r.video
	}
	if post, by, known := p.findPost(r.post); known {
		value["post"] = pick(n.post(p, post, by), "status_type,is_published,updated_time,permalink_url,promotion_status")
		if r.surface == AdComment && !post.Dark {
			value["post"].(object)["promotion_status"] = "active"
		}
	}
	return value
}

// wallValue: a visitor's text says whose wall it stands on, a picture says that it is published.
func wallValue(p *graphAccount, r *graphRemark, verb string) object {
	value := object{
		"item": r.item(), "verb": verb, "from": p.facebookAuthor(r.author), "post_id": r.id, "created_time": r.at.Unix(),
	}
	if r.text != "" {
		value["message"] = r.text
	}
	switch r.item() {
	case "photo":
		value["photo_id"], value["link"], value["published"] = afterLast(r.id), r.image, 1
	case "video":
		value["video_id"], value["link"], value["published"] = afterLast(r.id), r.video, 1
	default:
		value["recipient_id"] = p.account.ID
	}
	return value
}

func mentionValue(r *graphRemark, verb string) object {
	value := object{
		"item": "post", "verb": verb, "post_id": r.post, "sender_id": FacebookPublicID(r.author.ID),
		"sender_name": r.author.Name, "created_time": r.at.Unix(),
	}
	if !r.isPost() {
		value["item"], value["comment_id"] = "comment", r.id
	}
	if r.text != "" {
		value["message"] = r.text
	}
	return value
}

func (facebook) post(p *graphAccount, post Post, by *customer) object {
	author := p.facebookAuthor(by)
	if by == nil && post.Author != "" {
		author = object{"id": post.Author}
	}
	link, promotion := post.Permalink, "inactive"
	if link == "" {
		link = facebookLink(post.ID)
	}
	if post.Dark {
		promotion = "ineligible"
	}
	found := object{
		"id": post.ID, "from": author, "permalink_url": link, "created_time": graphTime(post.At),
		"updated_time": graphTime(post.At), "status_type": "mobile_status_update", "is_published": !post.Dark,
		"promotion_status": promotion, "is_eligible_for_promotion": !post.Dark,
	}
	if post.Text != "" {
		found["message"] = post.Text
	}
	if r := p.remarks.items[post.ID]; r != nil && r.image != "" {
		found["full_picture"] = r.image
	}
	return found
}

func (facebook) remark(p *graphAccount, r *graphRemark) object {
	ours := r.author == nil
	found := object{
		"id": r.id, "from": p.facebookAuthor(r.author), "message": r.text, "created_time": graphTime(r.at),
		"permalink_url": facebookLink(r.post) + "?comment_id=" + afterLast(r.id), "is_hidden": r.hidden,
		"can_hide": !ours && !r.elsewhere, "can_remove": ours || !r.elsewhere, "user_likes": r.liked,
		"can_reply_privately": !ours && !r.elsewhere && !r.answered, "comment_count": len(p.remarks.list(r.id)),
	}
	if r.parent != "" {
		found["parent"] = object{"id": r.parent}
	}
	if r.image != "" {
		found["attachment"] = object{"type": "photo", "url": r.image, "media": object{"image": object{"src": r.image}}}
	}
	return found
}
