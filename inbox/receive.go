package inbox

import (
	"context"
	"errors"
	"fmt"

	"parley/channels"
	"parley/models"
)

// Account returns the connected account a platform's webhook address names, or channels.ErrUnknownAccount.
func (b *Inbox) Account(ctx context.Context, p models.Platform, accountID string) (*channels.Account, error) {
	route, err := b.store.Locate(ctx, p, accountID)
	if err != nil {
		return nil, err
	}
	if route == nil {
		return nil, channels.ErrUnknownAccount
	}
	var account *channels.Account
	err = b.store.Read(ctx, models.FromPlatform(route.OrganizationID), models.ReceiveFromPlatform, func(tx *models.Tx) error {
		var channel models.Channel
		if err := tx.Find(&channel, route.ChannelID); err != nil {
			return err
		}
		account, err = open(tx, &channel)
		return err
	})
	return account, err
}

func open(tx *models.Tx, c *models.Channel) (*channels.Account, error) {
	credentials, err := tx.OpenCredentials(c)
	if err != nil {
		return nil, err
	}
	return &channels.Account{ID: c.AccountID, Name: c.Name, Credentials: credentials}, nil
}

// Receive takes in what a verified delivery said, and returns once all of it is committed. A repeated delivery changes
// nothing. What cannot be taken in is quarantined; only a fault of ours is an error, and then the platform is to come again.
func (b *Inbox) Receive(ctx context.Context, p models.Platform, d channels.Delivery, parsed channels.Parsed) error {
	accounts, elements := byAccount(parsed.Inbound)
	for _, account := range accounts {
		if err := b.receiveFor(ctx, p, account, elements[account], d); err != nil {
			return err
		}
	}
	if len(parsed.Unreadable) == 0 {
		return nil
	}
	if d.AccountID == "" && len(accounts) == 1 {
		d.AccountID = accounts[0]
	}
	return b.keepUnreadable(ctx, p, d, len(parsed.Unreadable))
}

// byAccount splits a batch, as one webhook serves many accounts, keeping the order within each.
func byAccount(all []models.Inbound) (accounts []string, elements map[string][]models.Inbound) {
	elements = make(map[string][]models.Inbound)
	for _, in := range all {
		if _, seen := elements[in.AccountID]; !seen {
			accounts = append(accounts, in.AccountID)
		}
		elements[in.AccountID] = append(elements[in.AccountID], in)
	}
	return accounts, elements
}

func (b *Inbox) receiveFor(ctx context.Context, p models.Platform, account string, all []models.Inbound, d channels.Delivery) error {
	route, err := b.store.Locate(ctx, p, account)
	if err != nil {
		return err
	}
	if route == nil {
		return b.store.KeepUnrouted(ctx, p, account, "no channel is connected to this account", d.Body)
	}
	viewer := models.FromPlatform(route.OrganizationID)
	err = b.store.Do(ctx, viewer, models.ReceiveFromPlatform, func(tx *models.Tx) error {
		return receiveAll(tx, route.ChannelID, all, false)
	})
	if err != nil {
		return fmt.Errorf("receive on %s: %w", route.ChannelID, err)
	}
	return nil
}

// receiveAll takes in the elements of one channel. Each stands alone: one that the database refuses is quarantined and
// costs its neighbours nothing.
func receiveAll(tx *models.Tx, channelID string, all []models.Inbound, importing bool) error {
	// Two batches that speak of the same people in another order would wait for each other.
	if err := tx.EnterChannel(channelID, len(all) > 1); err != nil {
		return err
	}
	var channel models.Channel
	if err := tx.Find(&channel, channelID); err != nil {
		return err
	}
	organization, err := tx.Organization()
	if err != nil {
		return err
	}
	caller := reception{tx: tx, channel: &channel}
	var held []models.Inbound
	for _, in := range all {
		if !organization.IsActive() && !importing && isNews(in.Kind) {
			held = append(held, in)
			continue
		}
		err := tx.Alone(func() error { return caller.take(in) })
		switch {
		case err == nil, errors.Is(err, errDuplicate):
		case tx.IsContent(err):
			if err := quarantine(tx, &channel, models.HeldRefused, []models.Inbound{in}); err != nil {
				return err
			}
		default:
			return err
		}
	}
	if len(held) == 0 {
		return nil
	}
	return quarantine(tx, &channel, models.HeldInactive, held)
}

// isNews reports whether an element would show something new in the inbox. The rest concerns what is there already.
func isNews(k models.InboundKind) bool {
	switch k {
	case models.InboundReceipt, models.InboundOptIn, models.InboundOptOut, models.InboundRekey, models.InboundNotice:
		return false
	default:
		return true
	}
}

func quarantine(tx *models.Tx, c *models.Channel, why models.QuarantineReason, held []models.Inbound) error {
	count := 0
	for _, in := range held { // each by itself, as a platform's retry may come in another batch
		kept, err := tx.Quarantine(models.Quarantined{ChannelID: c.ID, Reason: why, ElementCount: 1, Elements: []models.Inbound{in}})
		if err != nil {
			return err
		}
		if kept {
			count++
		}
	}
	if count > 0 {
		recordQuarantined(tx, c.ID, why, count)
	}
	return nil
}

func recordQuarantined(tx *models.Tx, channelID string, why models.QuarantineReason, count int) {
	tx.Record(models.Event{
		Type: models.InboundQuarantined, ChannelID: channelID, Data: models.EventData{Reason: string(why), Count: count},
	})
}

// keepUnreadable keeps the body of a delivery that had something in it nobody could read: with its channel if that is
// certain, else for operators, as it may speak of several organizations.
func (b *Inbox) keepUnreadable(ctx context.Context, p models.Platform, d channels.Delivery, count int) error {
	route, err := b.store.Locate(ctx, p, d.AccountID)
	if err != nil {
		return err
	}
	if route == nil {
		return b.store.KeepUnrouted(ctx, p, d.AccountID, "could not be read", d.Body)
	}
	viewer := models.FromPlatform(route.OrganizationID)
	return b.store.Do(ctx, viewer, models.ReceiveFromPlatform, func(tx *models.Tx) error {
		kept, err := tx.Quarantine(models.Quarantined{
			ChannelID: route.ChannelID, Reason: models.HeldUnreadable, ElementCount: count, Body: d.Body,
		})
		if err != nil || !kept {
			return err
		}
		recordQuarantined(tx, route.ChannelID, models.HeldUnreadable, count)
		return nil
	})
}
