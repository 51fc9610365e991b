package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
	b.wakeFor(parsed.Inbound)
	if len(parsed.Unreadable) == 0 {
		return nil
	}
	if d.AccountID == "" && len(accounts) == 1 {
		d.AccountID = accounts[0]
	}
	return b.keepUnreadable(ctx, p, d, len(parsed.Unreadable))
}

// wakeFor has looked up at once what elements left open, if they did: a look costs the database as much as a message.
func (b *Inbox) wakeFor(all []models.Inbound) {
	if slices.ContainsFunc(all, func(in models.Inbound) bool { return in.Incomplete }) {
		b.wake(models.DueQuarantined)
	}
	if slices.ContainsFunc(all, func(in models.Inbound) bool { return in.Post != nil }) {
		b.wake(models.DuePosts)
	}
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

// receiveFor takes in what a delivery says to one account, together with what other deliveries say to its organization.
func (b *Inbox) receiveFor(ctx context.Context, p models.Platform, account string, all []models.Inbound, d channels.Delivery) error {
	for {
		route, remembered, err := b.routes.find(ctx, b.store, p, account)
		if err != nil {
			return err
		}
		if route == nil {
			return b.store.KeepUnrouted(ctx, p, account, "no channel is connected to this account", d.Body)
		}
		err = b.gathering.join(ctx, &arrival{route: *route, elements: all, load: load{len(all), len(d.Body)}})
		if errors.Is(err, errRerouted) && remembered {
			b.routes.forget(p, account)
			continue
		}
		if err != nil {
			return fmt.Errorf("receive on %s: %w", route.ChannelID, err)
		}
		return nil
	}
}

// receiveAll takes in the elements of one channel. Each stands alone: one that the database refuses is quarantined and
// costs its neighbours nothing.
func receiveAll(tx *models.Tx, channelID string, all []models.Inbound) error {
	caller, organization, err := enter(tx, channelID, len(all))
	if err != nil {
		return err
	}
	held := make(map[models.QuarantineReason][]models.Inbound)
	for _, in := range all {
		if why := holdBack(organization, caller.channel, in); why != "" {
			held[why] = append(held[why], in)
			if in.Kind != models.InboundOptOut && in.Kind != models.InboundOptIn {
				continue
			}
			in.ExternalID = "" // their words wait; what they decided holds at once
		}
		refused, err := caller.takeAlone(in)
		if err != nil {
			return err
		}
		if refused {
			held[models.HeldRefused] = append(held[models.HeldRefused], in)
		}
	}
	for _, why := range []models.QuarantineReason{models.HeldInactive, models.HeldOnHold, models.HeldIncomplete, models.HeldRefused} {
		if err := quarantine(tx, caller.channel, why, held[why]); err != nil {
			return err
		}
	}
	return nil
}

// enter begins to take in elements of a channel.
func enter(tx *models.Tx, channelID string, elements int) (reception, *models.Organization, error) {
	// Two batches that speak of the same people in another order would wait for each other.
	if err := tx.EnterChannel(channelID, elements > 1); err != nil {
		return reception{}, nil, err
	}
	var channel models.Channel
	if err := tx.Find(&channel, channelID); err != nil {
		return reception{}, nil, err
	}
	organization, err := tx.Organization()
	return reception{tx: tx, channel: &channel}, organization, err
}

// holdBack says why an element is not taken in now, or "".
func holdBack(o *models.Organization, c *models.Channel, in models.Inbound) models.QuarantineReason {
	switch {
	case !o.IsActive() && isNews(in):
		return models.HeldInactive
	case c.Status == models.OnHold && isNews(in):
		return models.HeldOnHold
	case in.Incomplete:
		return models.HeldIncomplete
	default:
		return ""
	}
}

// takeAlone takes one element so that a refusal of the database undoes nothing else.
func (r reception) takeAlone(in models.Inbound) (refused bool, err error) {
	err = r.tx.Alone(func() error { return r.take(in) })
	switch {
	case err == nil, errors.Is(err, errDuplicate):
		return false, nil
	case r.tx.IsContent(err):
		return true, nil
	default:
		return false, err
	}
}

// isNews reports whether an element would show something new in the inbox. The rest concerns what is there already.
func isNews(in models.Inbound) bool {
	switch in.Kind {
	case models.InboundReceipt, models.InboundRekey, models.InboundNotice, models.InboundTyping:
		return false
	case models.InboundOptIn, models.InboundOptOut:
		return in.ExternalID != "" // said in words
	default:
		return true
	}
}

func quarantine(tx *models.Tx, c *models.Channel, why models.QuarantineReason, held []models.Inbound) error {
	if len(held) == 0 {
		return nil
	}
	if err := stillHeld(tx, c.ID, why); err != nil {
		return err
	}
	count := 0
	for _, in := range held { // each by itself, as a platform's retry may come in another batch
		q := models.Quarantined{ChannelID: c.ID, Reason: why, ElementCount: 1, Elements: []models.Inbound{in}}
		if why == models.HeldIncomplete {
			q.DueAt = &tx.Now
		}
		kept, err := tx.Quarantine(q)
		if err != nil {
			return err
		}
		if kept {
			count++
		}
	}
	if count > 0 && why != models.HeldIncomplete { // that is a matter of moments
		recordQuarantined(tx, c.ID, why, count)
	}
	return nil
}

// stillHeld keeps the reason for holding back from ending before what is held back is kept: whoever ends it releases what
// is there.
func stillHeld(tx *models.Tx, channelID string, why models.QuarantineReason) error {
	if why != models.HeldInactive && why != models.HeldOnHold {
		return nil
	}
	o, err := tx.LockOrganization()
	if err != nil {
		return err
	}
	var c models.Channel
	if err := tx.Find(&c, channelID); err != nil {
		return err
	}
	if why == models.HeldInactive && o.IsActive() || why == models.HeldOnHold && c.Status != models.OnHold {
		return models.ErrOvertaken
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
