package models

import (
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

// Post is something published on a platform that conversations are about.
type Post struct {
	OrganizationID string `gorm:"primaryKey"`
	ID             string `gorm:"primaryKey"`
	ChannelID      string
	ExternalID     string
	Permalink      string
	Text           string
	AuthorID       string // on the platform
	AuthorName     string
	MediaKind      AttachmentKind
	MediaURL       string
	Promotion      Promotion
	AdID           string
	PublishedAt    *time.Time
	CreatedAt      time.Time  `gorm:"autoCreateTime:false"`
	DueAt          *time.Time // when to ask the platform for what is missing
	AttemptCount   int        // of asking
	Learned        bool       `gorm:"-"` // TakePost found it, and what it was told of it is news
}

// IsKnown reports whether there is nothing to ask the platform about it.
func (p Post) IsKnown() bool {
	return p.Permalink != "" && p.Promotion != PromotionUnknown && (p.Text != "" || p.MediaURL != "")
}

// Learn takes over what a platform says of the post, and reports whether that is news. What it leaves out stays.
func (p *Post) Learn(f PostFacts) (changed bool) {
	before := *p
	p.Permalink, p.Text = or(f.Permalink, p.Permalink), or(f.Text, p.Text)
	p.AuthorID, p.AuthorName = or(f.AuthorID, p.AuthorID), or(f.AuthorName, p.AuthorName)
	p.MediaKind, p.MediaURL = AttachmentKind(or(string(f.MediaKind), string(p.MediaKind))), or(f.MediaURL, p.MediaURL)
	p.Promotion, p.AdID = Promotion(or(string(f.Promotion), string(p.Promotion))), or(f.AdID, p.AdID)
	if !f.PublishedAt.IsZero() && (p.PublishedAt == nil || !p.PublishedAt.Equal(f.PublishedAt)) {
		p.PublishedAt = &f.PublishedAt
	}
	return *p != before
}

// PostColumns are the columns Learn writes.
var PostColumns = []string{
	"permalink", "text", "author_id", "author_name", "media_kind", "media_url", "promotion", "ad_id", "published_at",
}

// TakePost finds or makes the post with this external id on a channel, and takes over what is said of it. A post of which
// too little is said is due to be looked up.
func (tx *Tx) TakePost(channelID string, f PostFacts) (*Post, error) {
	made := &Post{
		OrganizationID: tx.Viewer.OrganizationID, ID: newID(PostPrefix), ChannelID: channelID, ExternalID: f.ExternalID, CreatedAt: tx.Now,
	}
	made.Learn(f)
	if !made.IsKnown() {
		made.DueAt = &tx.Now
	}
	created := tx.db.Clauses(clause.OnConflict{DoNothing: true}).Create(made)
	if created.Error != nil {
		return nil, fmt.Errorf("create post: %w", created.Error)
	}
	if created.RowsAffected > 0 {
		return made, nil
	}
	var known Post
	if err := tx.take(tx.db, &known, "channel_id = ? AND external_id = ?", channelID, f.ExternalID); err != nil {
		return nil, fmt.Errorf("read post: %w", err)
	}
	if !known.Learn(f) {
		return &known, nil
	}
	// Another one may learn something else of it at this moment.
	if err := tx.Lock(&known, known.ID); err != nil {
		return nil, fmt.Errorf("lock post %s: %w", known.ID, err)
	}
	if known.Learned = known.Learn(f); !known.Learned {
		return &known, nil
	}
	if err := tx.Update(&known, PostColumns...); err != nil {
		return nil, fmt.Errorf("update post %s: %w", known.ID, err)
	}
	return &known, nil
}

// PostByExternalID finds a channel's post by the platform's id; nil if there is none.
func (tx *Tx) PostByExternalID(channelID, externalID string) (*Post, error) {
	var known []Post
	err := tx.own().Where("channel_id = ? AND external_id = ?", channelID, externalID).Limit(1).Find(&known).Error
	if err != nil || len(known) == 0 {
		return nil, err
	}
	return &known[0], nil
}

// MoveToAd makes the conversations about a post, which turned out to be an ad no follower sees, conversations on an ad, and
// returns their ids.
func (tx *Tx) MoveToAd(postID string) (conversationIDs []string, err error) {
	err = tx.db.Raw(`
		UPDATE conversations c SET surface = 'AD_COMMENT', version = version + 1
		WHERE organization_id = @org AND post_id = @post AND surface = 'COMMENT' AND (status = 'RESOLVED' OR NOT EXISTS (
			SELECT FROM conversations o WHERE o.organization_id = @org AND o.channel_id = c.channel_id
			  AND o.surface = 'AD_COMMENT' AND o.thread_key = c.thread_key AND o.status <> 'RESOLVED'))
		RETURNING id`,
		map[string]any{"org": tx.Viewer.OrganizationID, "post": postID}).Find(&conversationIDs).Error
	if err != nil {
		return nil, fmt.Errorf("move comments of %s: %w", postID, err)
	}
	return conversationIDs, nil
}

// OpenConversationsAbout reads the newest conversations about a post that are not resolved, at most 100.
func (tx *Tx) OpenConversationsAbout(postID string) ([]Conversation, error) {
	var about []Conversation
	err := tx.own().Where("post_id = ? AND status <> 'RESOLVED'", postID).Order("id DESC").Limit(100).Find(&about).Error
	if err != nil {
		return nil, fmt.Errorf("read conversations about %s: %w", postID, err)
	}
	return about, nil
}

// Posts reads the posts with these ids.
func (tx *Tx) Posts(ids []string) ([]Post, error) {
	var posts []Post
	if err := tx.own().Where("id IN ?", ids).Find(&posts).Error; err != nil {
		return nil, fmt.Errorf("read posts: %w", err)
	}
	return posts, nil
}
