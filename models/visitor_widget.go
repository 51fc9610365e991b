package models

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm/clause"
)

// MaxOrigins is how many origins one widget may be shown on.
const MaxOrigins = 20

// Widget is what a Messenger channel has beside a channel: the origins whose pages may show it.
type Widget struct {
	OrganizationID string    `gorm:"primaryKey"`
	ChannelID      string    `gorm:"primaryKey"`
	AllowedOrigins []string  `gorm:"serializer:json"`
	ChangedAt      time.Time `gorm:"autoUpdateTime:false"`
	Key            string    `gorm:"-"` // the channel's account id, which pages carry
}

// Allows reports whether pages of an origin, as browsers write it, may show the widget.
func (w Widget) Allows(origin string) bool { return slices.Contains(w.AllowedOrigins, origin) }

// LocateWidget finds the widget with a key, before its organization is known; nil if no channel is connected to it.
func (s *Store) LocateWidget(ctx context.Context, key string) (*Widget, error) {
	var found []Widget
	err := s.db.WithContext(ctx).Raw(`
		SELECT r.organization_id, r.channel_id, COALESCE(w.allowed_origins, '[]') AS allowed_origins
		FROM channel_routes r LEFT JOIN widgets w ON w.organization_id = r.organization_id AND w.channel_id = r.channel_id
		WHERE r.platform = ? AND r.account_id = ?`, Messenger, key).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("locate widget: %w", err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	found[0].Key = key
	return &found[0], nil
}

// Widget reads the widget of a channel.
func (tx *Tx) Widget(c *Channel) (*Widget, error) {
	w := Widget{OrganizationID: c.OrganizationID, ChannelID: c.ID, AllowedOrigins: []string{}}
	err := tx.take(tx.db, &w, "channel_id = ?", c.ID)
	if err != nil && CodeOf(err) != NotFound {
		return nil, fmt.Errorf("read widget of %s: %w", c.ID, err)
	}
	w.Key = c.AccountID
	return &w, nil
}

// SaveWidget writes the widget of a channel.
func (tx *Tx) SaveWidget(w *Widget) error {
	w.ChangedAt = tx.Now
	err := tx.db.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "organization_id"}, {Name: "channel_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"allowed_origins", "changed_at"}),
	}).Create(w).Error
	if err != nil {
		return fmt.Errorf("save widget of %s: %w", w.ChannelID, err)
	}
	return nil
}

// EndVouchedVisits ends the tokens of all visitors of a channel its site has vouched for.
func (tx *Tx) EndVouchedVisits(channelID string) error {
	err := tx.db.Exec(`UPDATE visitors SET ended_at = ? WHERE organization_id = ? AND channel_id = ? AND customer_id IS NOT NULL AND ended_at IS NULL`,
		tx.Now, tx.Viewer.OrganizationID, channelID).Error
	if err != nil {
		return fmt.Errorf("end visits of %s: %w", channelID, err)
	}
	return nil
}

// Origins writes a list of origins as browsers do, each once, or refuses it.
func Origins(list []string) ([]string, error) {
	if len(list) > MaxOrigins {
		return nil, Refuse(InvalidInput, "allowedOrigins", fmt.Sprintf("A widget is shown on at most %d origins.", MaxOrigins))
	}
	origins := []string{}
	for _, text := range list {
		origin, ok := originOf(text)
		if !ok {
			return nil, Refuse(InvalidInput, "allowedOrigins",
				"An origin is https:// and a host, perhaps with a port, such as https://shop.example; or http://localhost.")
		}
		if !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	return origins, nil
}

func originOf(text string) (origin string, ok bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	u, err := url.Parse(text)
	if err != nil || len(text) > 300 || u.Host == "" || strings.Trim(u.Path, "/") != "" || strings.ContainsAny(text, "?#@*\\ ") || !isASCII(u.Host) {
		return "", false
	}
	defaultPort := ":443"
	switch {
	case u.Scheme == "http" && u.Hostname() == "localhost":
		defaultPort = ":80"
	case u.Scheme != "https" || u.Hostname() == "":
		return "", false
	}
	return u.Scheme + "://" + strings.TrimSuffix(strings.TrimSuffix(u.Host, ":"), defaultPort), true
}

// isASCII reports whether browsers write a host as it is: others they spell in punycode.
func isASCII(host string) bool {
	return !strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r > '~' })
}
