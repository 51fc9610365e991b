package inbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"parley/models"
)

// WidgetSettings are what a site needs to show a widget, and to vouch for its customers.
type WidgetSettings struct {
	Key            string   // public: pages carry it
	AllowedOrigins []string // whose pages may show it
	IdentitySecret string   // for the site's server alone: see models.IdentityHash
}

var errNoWidget = models.Refuse(models.UnsupportedByChannel, "channelId", "This channel is no widget.")

// Widget reads the settings of a Messenger channel, with its secret.
func (b *Inbox) Widget(ctx context.Context, viewer models.Viewer, channelID string) (*WidgetSettings, error) {
	var settings *WidgetSettings
	err := b.store.Read(ctx, viewer, models.ManageChannels, func(tx *models.Tx) error {
		var c models.Channel
		if err := tx.Find(&c, channelID); err != nil {
			return err
		}
		if c.Platform != models.Messenger {
			return errNoWidget
		}
		widget, err := tx.Widget(&c)
		if err != nil {
			return err
		}
		credentials, err := tx.OpenCredentials(&c)
		settings = &WidgetSettings{Key: c.AccountID, AllowedOrigins: widget.AllowedOrigins, IdentitySecret: credentials.IdentitySecret}
		return err
	})
	if err != nil {
		return nil, err
	}
	return settings, nil
}

// AllowOrigins says whose pages may show a widget: these and no others. Pages of others are refused from then on.
func (b *Inbox) AllowOrigins(ctx context.Context, viewer models.Viewer, channelID string, origins []string, key string) (*models.Channel, error) {
	origins, err := models.Origins(origins)
	if err != nil {
		return nil, err
	}
	return b.changeWidget(ctx, viewer, channelID, key, []any{"allow origins", channelID, origins}, func(tx *models.Tx, c *models.Channel) error {
		if err := tx.SaveWidget(&models.Widget{OrganizationID: c.OrganizationID, ChannelID: c.ID, AllowedOrigins: origins}); err != nil {
			return err
		}
		c.Version++
		return tx.Update(c, "version")
	})
}

// RotateIdentitySecret gives a widget a new identity secret. Hashes made with the old one are worth nothing from then on, and
// the sessions that were begun with one end.
func (b *Inbox) RotateIdentitySecret(ctx context.Context, viewer models.Viewer, channelID, key string) (*models.Channel, error) {
	return b.changeWidget(ctx, viewer, channelID, key, []any{"rotate identity secret", channelID}, func(tx *models.Tx, c *models.Channel) error {
		credentials, err := tx.OpenCredentials(c)
		if err != nil {
			return err
		}
		random := make([]byte, 32)
		if _, err := rand.Read(random); err != nil {
			return fmt.Errorf("make identity secret: %w", err)
		}
		credentials.IdentitySecret = hex.EncodeToString(random)
		if err := tx.SealCredentials(c, credentials); err != nil {
			return err
		}
		c.Version++
		if err := tx.Update(c, "credentials", "version"); err != nil {
			return fmt.Errorf("rotate identity secret of %s: %w", c.ID, err)
		}
		return tx.EndVouchedVisits(c.ID)
	})
}

func (b *Inbox) changeWidget(ctx context.Context, viewer models.Viewer, channelID, key string, input any,
	work func(*models.Tx, *models.Channel) error) (*models.Channel, error) {
	return b.changeChannel(ctx, viewer, channelID, key, input, func(tx *models.Tx, c *models.Channel) error {
		switch {
		case c.Platform != models.Messenger:
			return errNoWidget
		case c.Status == models.Disconnected:
			return errDisconnected
		}
		if err := work(tx, c); err != nil {
			return err
		}
		recordChannel(tx, c)
		return nil
	})
}
