package inbox

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"parley/channels"
	"parley/models"
)

// ConnectRequest asks to connect an account as a channel.
type ConnectRequest struct {
	Platform     models.Platform
	AccountID    string              // the platform's id; empty where the credentials tell it
	Name         string              // empty: what the platform calls it
	Credentials  models.Credentials  `json:"-"`
	WhenResolved models.WhenResolved // empty: REOPEN, or as it was when the account was connected before
	Key          string              `json:"-"`
}

// ConnectChannel asks the platform whether the credentials work, has it deliver to us, and makes the account a channel.
// An account this organization had connected before becomes the same channel again.
func (b *Inbox) ConnectChannel(ctx context.Context, viewer models.Viewer, r ConnectRequest) (*models.Channel, error) {
	adapter, err := b.mayConnect(ctx, viewer, r)
	if err != nil {
		return nil, err
	}
	account := channels.Account{ID: r.AccountID, Name: r.Name, Credentials: r.Credentials}
	if account, err = check(ctx, adapter, account); err != nil {
		return nil, err
	}
	route, err := b.store.Locate(ctx, r.Platform, account.ID)
	if err != nil {
		return nil, err
	}
	if route == nil { // else it is refused below, or is the second call of one key
		if account, err = b.subscribe(ctx, adapter, account); err != nil {
			return nil, err
		}
	}
	return once[models.Channel](ctx, b, viewer, models.ManageChannels, r.Key, []any{"connect", r, r.Credentials}, func(tx *models.Tx) (string, error) {
		return connect(tx, adapter, r, account)
	})
}

func (b *Inbox) mayConnect(ctx context.Context, viewer models.Viewer, r ConnectRequest) (channels.Adapter, error) {
	adapter, ok := b.adapters.For(r.Platform)
	if !ok {
		return nil, models.Refuse(models.InvalidInput, "platform", "This server does not connect this platform.")
	}
	if err := checkSecrets(r.Credentials); err != nil {
		return nil, err
	}
	if len(r.Name) > 200 || len(r.AccountID) > 200 {
		return nil, models.Refuse(models.InvalidInput, "name", "Names and account ids have at most 200 bytes.")
	}
	return adapter, b.store.Read(ctx, viewer, models.ManageChannels, func(tx *models.Tx) error {
		o, err := tx.Organization()
		if err != nil {
			return err
		}
		return o.RequirePlan(r.Platform)
	})
}

// checkSecrets refuses what no platform gives out. Whether the credentials are enough is the platform's to say.
func checkSecrets(c models.Credentials) error {
	for _, secret := range []string{c.AccessToken, c.RefreshToken, c.WebhookSecret, c.AppID, c.AppSecret, c.EncodingKey} {
		if len(secret) > 2000 {
			return models.Refuse(models.InvalidInput, "accessToken", "A token or secret has at most 2,000 bytes.")
		}
	}
	return nil
}

// check asks the platform, if it can be asked.
func check(ctx context.Context, adapter channels.Adapter, account channels.Account) (channels.Account, error) {
	connector, ok := adapter.(channels.Connector)
	_, noToken := adapter.(channels.SelfHosted)
	if c := account.Credentials; c.AccessToken == "" && c.AppSecret == "" && !noToken {
		return account, models.Refuse(models.InvalidInput, "accessToken", "An access token is needed, of at most 2,000 bytes.")
	}
	if !ok && account.ID == "" {
		return account, models.Refuse(models.InvalidInput, "accountId", "The account's id is needed: this platform does not tell it.")
	}
	if !ok {
		return account, nil
	}
	known, err := connector.Check(ctx, account)
	if err != nil {
		return account, refusedByPlatform(err)
	}
	if account.ID != "" && known.ID != account.ID {
		return account, models.Refuse(models.InvalidInput, "accountId", "The access token belongs to another account.")
	}
	if account.Name != "" {
		known.Name = account.Name
	}
	return known, nil
}

func (b *Inbox) subscribe(ctx context.Context, adapter channels.Adapter, account channels.Account) (channels.Account, error) {
	subscriber, ok := adapter.(channels.Subscriber)
	if !ok {
		return account, nil
	}
	// Two who connect one account at once both get here, and the platform keeps what the last one says.
	if account.Credentials.WebhookSecret == "" {
		account.Credentials.WebhookSecret = b.store.WebhookSecret(adapter.Platform(), account.ID)
	}
	if err := subscriber.Subscribe(ctx, account, b.webhook(adapter, account)); err != nil {
		return account, refusedByPlatform(err)
	}
	return account, nil
}

// WebhookOf is the address at which a channel's platform delivers: what people type into its console where it asks for it.
func (b *Inbox) WebhookOf(c *models.Channel) string {
	adapter, ok := b.adapters.For(c.Platform)
	if !ok {
		return ""
	}
	return b.webhook(adapter, channels.Account{ID: c.AccountID})
}

// webhook is the address at which a platform delivers for an account.
func (b *Inbox) webhook(adapter channels.Adapter, account channels.Account) string {
	address := b.webhooks + "/webhooks/" + strings.ToLower(string(adapter.Platform()))
	if _, ok := adapter.(channels.PerAccountWebhook); ok {
		address += "/" + url.PathEscape(account.ID)
	}
	return address
}

func refusedByPlatform(err error) error {
	var refusal *channels.SendError
	if !errors.As(err, &refusal) {
		return err
	}
	if refusal.Reason.IsPassing() || refusal.Ambiguous {
		return models.Refuse(models.PlatformUnavailable, "", "The platform does not answer at the moment. Try again later.")
	}
	return models.Refuse(models.PlatformRejected, "accessToken",
		fmt.Sprintf("The platform refused the account (%s, code %s).", refusal.Reason, refusal.Code))
}

func connect(tx *models.Tx, adapter channels.Adapter, r ConnectRequest, account channels.Account) (channelID string, err error) {
	o, err := tx.LockOrganization() // against a change of plan
	if err != nil {
		return "", err
	}
	if err := o.RequirePlan(r.Platform); err != nil {
		return "", err
	}
	c, err := tx.DisconnectedChannel(r.Platform, account.ID)
	if err != nil {
		return "", err
	}
	if c != nil {
		err = reconnect(tx, adapter, c, r, account)
	} else {
		if c, err = tx.NewChannel(r.Platform, account.ID, account.Name, account.Credentials); err != nil {
			return "", err
		}
		if r.WhenResolved != "" {
			c.WhenResolved = r.WhenResolved
		}
		schedule(tx, adapter, c, account.Credentials)
		err = tx.Create(c)
	}
	if err != nil {
		return "", fmt.Errorf("connect channel: %w", err)
	}
	recordChannel(tx, c)
	return c.ID, tx.Route(c)
}

// schedule makes a connected channel's polls and renewals due, where its platform needs them.
func schedule(tx *models.Tx, adapter channels.Adapter, c *models.Channel, credentials models.Credentials) {
	c.TokenDueAt, c.PollDueAt, c.TokenFailures, c.PollFailures = renewalOf(adapter, credentials, tx.Now), nil, 0, 0
	if _, ok := adapter.(channels.Poller); ok {
		c.PollDueAt = &tx.Now
	}
}

var scheduleColumns = []string{"token_due_at", "token_failures", "poll_due_at", "poll_failures"}

func reconnect(tx *models.Tx, adapter channels.Adapter, c *models.Channel, r ConnectRequest, account channels.Account) error {
	c.Status, c.StatusReason, c.DisconnectedAt, c.Name, c.Version = models.Connected, "", nil, account.Name, c.Version+1
	if r.WhenResolved != "" {
		c.WhenResolved = r.WhenResolved
	}
	if err := tx.SealCredentials(c, account.Credentials); err != nil {
		return err
	}
	schedule(tx, adapter, c, account.Credentials)
	err := tx.Update(c, append([]string{"status", "status_reason", "disconnected_at", "name", "when_resolved", "credentials", "version"},
		scheduleColumns...)...)
	if err != nil {
		return err
	}
	return tx.ReleaseChannel(c.ID) // it may have been on hold when it was disconnected
}

// UpdateRequest changes a channel; what is nil stays. Version is the one the change was based on.
type UpdateRequest struct {
	ChannelID    string
	Version      int
	Name         *string
	WhenResolved *models.WhenResolved
	AccessToken  *string `json:"-"`
	RefreshToken *string `json:"-"` // comes with an access token
	Key          string  `json:"-"`
}

// UpdateChannel changes a channel. A new access token is checked with the platform first and makes a channel that needed
// attention work again.
func (b *Inbox) UpdateChannel(ctx context.Context, viewer models.Viewer, r UpdateRequest) (*models.Channel, error) {
	if r.Name != nil && (*r.Name == "" || len(*r.Name) > 200) {
		return nil, models.Refuse(models.InvalidInput, "name", "A channel has a name of at most 200 bytes.")
	}
	if r.AccessToken == nil && r.RefreshToken != nil {
		return nil, models.Refuse(models.InvalidInput, "refreshToken", "A refresh token comes with its access token.")
	}
	var checked models.Credentials
	if r.AccessToken != nil {
		var err error
		if checked, err = b.checkToken(ctx, viewer, r); err != nil {
			return nil, err
		}
	}
	return b.changeChannel(ctx, viewer, r.ChannelID, r.Key, []any{"update", r, r.AccessToken, r.RefreshToken}, func(tx *models.Tx, c *models.Channel) error {
		if c.Version != r.Version {
			return models.Refuse(models.VersionConflict, "version", "The channel was changed meanwhile. Look at it again.")
		}
		if c.Status == models.Disconnected {
			return errDisconnected
		}
		return b.update(tx, c, r, checked)
	})
}

var errDisconnected = models.Refuse(models.ChannelNotConnected, "", "The channel is disconnected. Connect it again first.")

// checkToken asks the platform whether the new token works, and returns the credentials the channel is to have.
func (b *Inbox) checkToken(ctx context.Context, viewer models.Viewer, r UpdateRequest) (checked models.Credentials, err error) {
	if err := checkSecrets(renewedBy(r, models.Credentials{})); err != nil {
		return checked, err
	}
	var account *channels.Account
	var platform models.Platform
	err = b.store.Read(ctx, viewer, models.ManageChannels, func(tx *models.Tx) error {
		var c models.Channel
		if err := tx.Find(&c, r.ChannelID); err != nil {
			return err
		}
		if c.Status == models.Disconnected {
			return errDisconnected
		}
		platform = c.Platform
		var err error
		account, err = open(tx, &c)
		return err
	})
	if err != nil {
		return checked, err
	}
	adapter, ok := b.adapters.For(platform)
	if !ok {
		return checked, models.Refuse(models.InvalidInput, "", "This server does not connect this platform.")
	}
	account.Credentials = renewedBy(r, account.Credentials)
	known, err := check(ctx, adapter, *account)
	if err != nil {
		return checked, err
	}
	if subscriber, ok := adapter.(channels.Subscriber); ok {
		if err := subscriber.Subscribe(ctx, known, b.webhook(adapter, known)); err != nil {
			return checked, refusedByPlatform(err)
		}
	}
	return known.Credentials, nil
}

// renewedBy puts the tokens of a request in place of those a channel had.
func renewedBy(r UpdateRequest, c models.Credentials) models.Credentials {
	c.AccessToken, c.ExpiresAt = *r.AccessToken, nil
	if r.RefreshToken != nil {
		c.RefreshToken = *r.RefreshToken
	}
	return c
}

func (b *Inbox) update(tx *models.Tx, c *models.Channel, r UpdateRequest, checked models.Credentials) error {
	if r.Name != nil {
		c.Name = *r.Name
	}
	if r.WhenResolved != nil {
		c.WhenResolved = *r.WhenResolved
	}
	if r.AccessToken != nil {
		if err := tx.SealCredentials(c, checked); err != nil {
			return err
		}
		if c.Status != models.OnHold {
			c.Status = models.Connected
		}
		c.StatusReason = ""
		if adapter, ok := b.adapters.For(c.Platform); ok {
			schedule(tx, adapter, c, checked)
		}
	}
	c.Version++
	columns := append([]string{"name", "when_resolved", "credentials", "status", "status_reason", "version"}, scheduleColumns...)
	if err := tx.Update(c, columns...); err != nil {
		return fmt.Errorf("update channel %s: %w", c.ID, err)
	}
	recordChannel(tx, c)
	return nil
}

// DisconnectChannel ends a channel. Its conversations stay; what is still queued on it fails.
func (b *Inbox) DisconnectChannel(ctx context.Context, viewer models.Viewer, channelID, key string) (*models.Channel, error) {
	var account *channels.Account
	channel, err := b.changeChannel(ctx, viewer, channelID, key, []any{"disconnect", channelID}, func(tx *models.Tx, c *models.Channel) (err error) {
		account = nil
		if c.Status == models.Disconnected {
			return nil
		}
		if account, err = open(tx, c); err != nil {
			return err
		}
		return disconnect(tx, c)
	})
	if err != nil {
		return nil, err
	}
	if account != nil {
		b.unsubscribe(ctx, channel, *account)
	}
	return channel, nil
}

func disconnect(tx *models.Tx, c *models.Channel) error {
	c.Status, c.StatusReason, c.DisconnectedAt, c.Version = models.Disconnected, "", &tx.Now, c.Version+1
	c.TokenDueAt, c.PollDueAt = nil, nil
	if err := tx.SealCredentials(c, models.Credentials{}); err != nil {
		return err
	}
	columns := append([]string{"status", "status_reason", "disconnected_at", "credentials", "version"}, scheduleColumns...)
	if err := tx.Update(c, columns...); err != nil {
		return fmt.Errorf("disconnect channel %s: %w", c.ID, err)
	}
	recordChannel(tx, c)
	return tx.Unroute(c)
}

// unsubscribe asks the platform to stop. If it does not, its deliveries are refused from now on anyway.
func (b *Inbox) unsubscribe(ctx context.Context, c *models.Channel, account channels.Account) {
	adapter, ok := b.adapters.For(c.Platform)
	if !ok {
		return
	}
	subscriber, ok := adapter.(channels.Subscriber)
	if !ok {
		return
	}
	if err := subscriber.Unsubscribe(ctx, account); err != nil {
		b.log.Warn("unsubscribe at the platform", "channel", c.ID, "error", err)
	}
}

func (b *Inbox) changeChannel(ctx context.Context, viewer models.Viewer, channelID, key string, input any,
	work func(*models.Tx, *models.Channel) error) (*models.Channel, error) {
	return once[models.Channel](ctx, b, viewer, models.ManageChannels, key, input, func(tx *models.Tx) (string, error) {
		var c models.Channel
		if err := tx.Lock(&c, channelID); err != nil {
			return "", err
		}
		return c.ID, work(tx, &c)
	})
}
