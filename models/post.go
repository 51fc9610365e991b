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
	AuthorName     string
	PublishedAt    *time.Time
	CreatedAt      time.Time `gorm:"autoCreateTime:false"`
}

// TakePost finds or makes the post with p's external id on its channel.
func (tx *Tx) TakePost(p Post) (*Post, error) {
	p.OrganizationID, p.ID, p.CreatedAt = tx.Viewer.OrganizationID, newID(PostPrefix), tx.Now
	if err := tx.db.Clauses(clause.OnConflict{DoNothing: true}).Create(&p).Error; err != nil {
		return nil, fmt.Errorf("create post: %w", err)
	}
	var taken Post
	if err := tx.take(tx.db, &taken, "channel_id = ? AND external_id = ?", p.ChannelID, p.ExternalID); err != nil {
		return nil, fmt.Errorf("read post: %w", err)
	}
	return &taken, nil
}

// Posts reads the posts with these ids.
func (tx *Tx) Posts(ids []string) ([]Post, error) {
	var posts []Post
	if err := tx.own().Where("id IN ?", ids).Find(&posts).Error; err != nil {
		return nil, fmt.Errorf("read posts: %w", err)
	}
	return posts, nil
}
