package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"parley/channels/simulator"
	"parley/inbox"
	"parley/models"
)

// demo is an organization to try things with: its channels are accounts of the simulator, whose customers write now and
// then and answer replies. Its secrets follow from the server's key, so that they are the same after a restart. A nil
// demo does nothing.
type demo struct {
	config    Config
	key       []byte
	log       *slog.Logger
	simulator *simulator.Simulator
	server    *http.Server
	listener  net.Listener

	accounts []inbox.ConnectRequest
	clock    *models.TravelClock

	stop    context.CancelFunc
	running sync.WaitGroup
}

const (
	demoOwner    = "olivia@demo.example"
	demoCustomer = "491511234567"
	demoToken    = "the demo's own"
)

// prepareDemo starts the simulator and points the platforms of the config at it.
func prepareDemo(config *Config, key []byte, log *slog.Logger) (*demo, error) {
	if !config.hasDemo() {
		return nil, nil
	}
	d := &demo{key: key, log: log, clock: &models.TravelClock{}}
	listener, err := net.Listen("tcp", config.SimulatorListen)
	if err != nil {
		return nil, fmt.Errorf("PARLEY_SIMULATOR_LISTEN: %w", err)
	}
	address := "http://" + listener.Addr().String()
	d.point(&config.Platforms, address)
	config.MediaAllowHosts = append(config.MediaAllowHosts, listener.Addr().String())
	d.config, d.listener = *config, listener
	d.simulator = simulator.New(simulator.Config{
		WebhookURL: "http://" + config.Listen, BaseURL: address, Logger: log, Now: d.clock.Now, Travel: d.clock.Travel,
		WhatsAppAppSecret: config.MetaAppSecrets[0], MetaAppSecret: config.MetaAppSecrets[0],
		XConsumerSecret: config.XConsumerSecrets[0], XBearerToken: config.XBearerToken,
		LinkedInClientSecret: config.LinkedInClientSecrets[0], TikTokAppSecret: config.TikTokAppSecrets[0],
	})
	d.accounts = d.open()
	d.server = &http.Server{Handler: d.simulator.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second}
	d.running.Go(func() {
		if err := d.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("serve simulator", "error", err)
		}
	})
	return d, nil
}

func (d *demo) derive(purpose string) string {
	mac := hmac.New(sha256.New, d.key)
	mac.Write([]byte("demo " + purpose))
	return hex.EncodeToString(mac.Sum(nil))[:32]
}

func (d *demo) botToken() string { return demoBotID + ":" + d.derive("telegram bot token") }

func (d *demo) password() string { return d.derive("password")[:16] }

// begin founds the organization if the database is empty, lets the customers write, and tells how to look at it.
func (d *demo) begin(ctx context.Context, b *inbox.Inbox, out io.Writer) error {
	if d == nil {
		return nil
	}
	used, err := b.Store().HasOrganizations(ctx)
	if err != nil {
		return err
	}
	if !used {
		if err := d.found(ctx, b.Store()); err != nil {
			return err
		}
	}
	_, owner, _, err := b.SignIn(ctx, inbox.Credentials{Email: demoOwner, Password: d.password()})
	if models.CodeOf(err) == models.Unauthenticated {
		d.log.Warn("this database has no demo organization: only the simulator runs")
		return nil
	}
	if err != nil {
		return fmt.Errorf("sign in to the demo: %w", err)
	}
	if err := d.connect(ctx, b, owner); err != nil {
		return fmt.Errorf("connect the demo's channels: %w", err)
	}
	if err := d.meetCustomers(ctx, b.Store(), owner); err != nil {
		return err
	}
	d.letWrite()
	token, err := d.token(ctx, b, owner)
	if err != nil {
		return fmt.Errorf("make the demo's token: %w", err)
	}
	return d.introduce(out, token, owner.OrganizationID)
}

// token is an API token: unlike a session it outlives a journey in time. Those of former starts end.
func (d *demo) token(ctx context.Context, b *inbox.Inbox, owner models.Viewer) (string, error) {
	var former []*models.Token
	size := models.MaxPage
	err := b.Store().Read(ctx, owner, models.ViewInbox, func(tx *models.Tx) error {
		page, err := tx.ListTokens(owner.UserID, models.Page{First: &size})
		former = page.Nodes()
		return err
	})
	if err != nil {
		return "", err
	}
	for _, t := range former {
		if t.Name != demoToken {
			continue
		}
		if _, err := b.RevokeToken(ctx, owner, t.ID, ""); err != nil {
			return "", err
		}
	}
	made, err := b.CreateToken(ctx, owner, inbox.TokenRequest{Name: demoToken})
	if err != nil {
		return "", err
	}
	return made.Secret, nil
}

func (d *demo) found(ctx context.Context, store *models.Store) error {
	hash, err := inbox.HashPassword(d.password())
	if err != nil {
		return err
	}
	person := func(name, email string, role models.Role) models.NewMember {
		return models.NewMember{Name: name, Email: email, PasswordHash: hash, Role: role}
	}
	org, users, err := store.Found(ctx, "Demo Flower Shop", models.Enterprise,
		person("Olivia Owner", demoOwner, models.Owner), person("Adam Admin", "adam@demo.example", models.Admin),
		person("Selma Supervisor", "selma@demo.example", models.Supervisor), person("Anna Agent", "anna@demo.example", models.Agent),
		person("Ben Agent", "ben@demo.example", models.Agent), person("Vera Viewer", "vera@demo.example", models.ViewerRole))
	if err != nil {
		return err
	}
	owner := models.Viewer{Kind: models.ActorUser, OrganizationID: org.ID, UserID: users[0]}
	return store.Do(ctx, owner, models.ManageMembers, func(tx *models.Tx) error {
		for name, members := range map[string][]string{"Support": users[2:5], "Sales": users[3:4]} {
			team := tx.NewTeam(name)
			if err := tx.Create(team); err != nil {
				return fmt.Errorf("found team: %w", err)
			}
			for _, user := range members {
				err := tx.Create(&models.TeamMember{OrganizationID: org.ID, TeamID: team.ID, UserID: user})
				if err != nil {
					return fmt.Errorf("fill team: %w", err)
				}
			}
		}
		return nil
	})
}

// connect connects the accounts of the simulator, or tells it again where to deliver: it forgets with every restart.
func (d *demo) connect(ctx context.Context, b *inbox.Inbox, owner models.Viewer) error {
	var known []models.Channel
	err := b.Store().Read(ctx, owner, models.ViewInbox, func(tx *models.Tx) (err error) {
		known, err = tx.Channels(nil)
		return err
	})
	if err != nil {
		return err
	}
	for _, account := range d.accounts {
		if err := d.connectOne(ctx, b, owner, account, known); err != nil {
			return fmt.Errorf("connect %s: %w", account.Platform, err)
		}
	}
	return nil
}

func (d *demo) connectOne(ctx context.Context, b *inbox.Inbox, owner models.Viewer, r inbox.ConnectRequest, known []models.Channel) error {
	for _, c := range known {
		if c.Platform != r.Platform || c.AccountID != r.AccountID {
			continue
		}
		if c.Status == models.Disconnected {
			return nil // someone wanted it so
		}
		update := inbox.UpdateRequest{ChannelID: c.ID, Version: c.Version, AccessToken: &r.Credentials.AccessToken}
		if r.Credentials.RefreshToken != "" {
			update.RefreshToken = &r.Credentials.RefreshToken
		}
		_, err := b.UpdateChannel(ctx, owner, update)
		if code := models.CodeOf(err); code == models.PlatformRejected || code == models.VersionConflict {
			// The simulator began anew, and a worker may have renewed this channel's token there before us.
			d.log.Warn("channel of the demo kept as it is", "platform", r.Platform, "reason", code)
			return nil
		}
		return err
	}
	_, err := b.ConnectChannel(ctx, owner, r)
	return err
}

// meetCustomers introduces people to the simulator: its own, and those who wrote before the last restart.
func (d *demo) meetCustomers(ctx context.Context, store *models.Store, owner models.Viewer) error {
	for _, platform := range []simulator.Platform{simulator.WhatsApp, simulator.Telegram} { // who write by themselves
		for _, person := range simulator.People(platform) {
			if err := d.simulator.AddCustomer(d.account(platform), person); err != nil {
				return err
			}
		}
	}
	erika := simulator.Customer{ID: demoCustomer, Name: "Erika Mustermann", WroteAt: d.clock.Now()}
	if err := d.simulator.AddCustomer(d.account(simulator.WhatsApp), erika); err != nil {
		return err
	}
	size := models.MaxPage
	return store.Read(ctx, owner, models.ViewInbox, func(tx *models.Tx) error {
		page, err := tx.ListConversations(models.ConversationFilter{}, models.NewestActivity, models.Page{First: &size})
		if err != nil {
			return err
		}
		for _, c := range page.Nodes() {
			var person models.ContactIdentity
			if err := tx.Find(&person, c.IdentityID); err != nil {
				return err
			}
			if c.Surface != models.PrivateMessage || c.Platform == models.Messenger {
				continue
			}
			err := d.simulator.AddCustomer(d.account(simulator.Platform(c.Platform)), simulator.Customer{
				ID: person.ExternalID, Name: person.Name, Username: person.Handle, WroteAt: c.LastActivityAt,
			})
			if err != nil {
				return fmt.Errorf("introduce %s to the simulator: %w", person.ID, err)
			}
		}
		return nil
	})
}

// account is the demo's on a platform.
func (d *demo) account(p simulator.Platform) simulator.Account {
	for _, a := range d.accounts {
		if simulator.Platform(a.Platform) == p {
			return simulator.Account{Platform: p, ID: a.AccountID}
		}
	}
	return simulator.Account{Platform: p}
}

func (d *demo) letWrite() {
	ctx, stop := context.WithCancel(context.Background())
	d.stop = stop
	d.running.Go(func() {
		pilot := simulator.Autopilot{Every: d.config.DemoEvery, Random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
		if err := d.simulator.Run(ctx, pilot); err != nil {
			d.log.Warn("simulated customers fell silent", "error", err)
		}
	})
}

func (d *demo) introduce(out io.Writer, token, organizationID string) error {
	body, err := json.Marshal(d.webhook())
	if err != nil {
		return fmt.Errorf("write webhook: %w", err)
	}
	mac := hmac.New(sha256.New, []byte(d.config.MetaAppSecrets[0]))
	mac.Write(body)
	_, err = fmt.Fprintf(out, `
Try it in a browser:
  %[1]s/#token=%[2]s&organization=%[3]s

Or with a client, at %[1]s/graphql:
  Authorization: Bearer %[2]s
  organization:  %[3]s
  sign in as %[4]s (or adam, selma, anna, ben, vera) with the password %[5]s

A customer writes on WhatsApp:
  curl -i %[1]s/webhooks/whatsapp -H 'Content-Type: application/json' \
    -H 'X-Hub-Signature-256: sha256=%[6]x' \
    -d '%[7]s'

The simulator of the platforms, and what it was sent: http://%[8]s/simulator/sent?account=%[9]s

`, d.config.PublicURL, token, organizationID, demoOwner, d.password(), mac.Sum(nil), body, d.listener.Addr(), demoPhoneNumber)
	return err
}

// webhook is what Meta would post if a customer wrote now.
func (d *demo) webhook() any {
	type object = map[string]any
	now := d.clock.Now()
	return object{
		"object": "whatsapp_business_account",
		"entry": []object{{"id": "102290129340398", "changes": []object{{"field": "messages", "value": object{
			"messaging_product": "whatsapp",
			"metadata":          object{"display_phone_number": "49305550123", "phone_number_id": demoPhoneNumber},
			"contacts":          []object{{"profile": object{"name": "Erika Mustermann"}, "wa_id": demoCustomer}},
			"messages": []object{{
				"from": demoCustomer, "id": fmt.Sprintf("wamid.DEMO%d", now.UnixNano()), "timestamp": fmt.Sprint(now.Unix()),
				"type": "text", "text": object{"body": "Do you deliver on Sundays?"},
			}},
		}}}}},
	}
}

// end stops the customers, then the simulator.
func (d *demo) end(within time.Duration) error {
	if d == nil {
		return nil
	}
	if d.stop != nil {
		d.stop()
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	err := errors.Join(d.simulator.Close(ctx), d.server.Shutdown(ctx))
	d.running.Wait()
	return err
}
