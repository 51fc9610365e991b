package inbox

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/models"
)

// Guests are the sockets or streams that are open in this process, by the token they came in with and by whose that is.
type Guests interface {
	// Revoke ends what is open for owner by a token, or by any if it is empty. It does not wait for that.
	Revoke(owner, tokenID string)
	// Subjects yields the owner and the token of all that is open.
	Subjects() iter.Seq2[string, string]
}

// OwnerOf names whose a viewer's tokens are: the user's, in one organization.
func OwnerOf(v models.Viewer) string { return v.OrganizationID + " " + v.UserID }

const (
	revokedChannel = "parley:revoked"
	revokedLook    = 30 * time.Second
	askedAtOnce    = 10_000 // guests in one statement
)

// RevocationsConfig is what Revocations need.
type RevocationsConfig struct {
	Store  *models.Store
	Redis  *redis.Client
	Guests []Guests
	Every  time.Duration // between two looks; zero: 30 s
	Log    *slog.Logger
}

// Revocations end what is open of tokens that are revoked and of members who are removed: in the process where that is
// committed at once, in others as soon as Redis tells. What Redis loses is found by the next look at the tokens.
type Revocations struct {
	config RevocationsConfig
	outbox chan revocation
	now    chan struct{} // one waits: a look is due
}

// revocation is of one token, or of all an owner has if it names none.
type revocation struct {
	Owner   string `json:"owner"`
	TokenID string `json:"tokenId,omitempty"`
}

// NewRevocations makes Revocations. They reach and hear other processes while Run runs.
func NewRevocations(c RevocationsConfig) *Revocations {
	c.Every = cmp.Or(c.Every, revokedLook)
	return &Revocations{config: c, outbox: make(chan revocation, 1024), now: make(chan struct{}, 1)}
}

// Ring ends what committed events revoke, here and in other processes. It never waits: what does not fit into the outbox is
// found by the next look.
func (r *Revocations) Ring(organizationID string, events []models.Event) {
	for _, e := range events {
		revoked, ok := revokedBy(organizationID, e)
		if !ok {
			continue
		}
		r.end(revoked)
		select {
		case r.outbox <- revoked:
		default:
		}
	}
}

func revokedBy(organizationID string, e models.Event) (revocation, bool) {
	revoked := revocation{Owner: OwnerOf(models.Viewer{OrganizationID: organizationID, UserID: e.Data.UserID})}
	switch {
	case e.Type == models.MembershipChanged && e.Data.To == "":
		return revoked, true
	case e.Type == models.TokenRevoked && e.Data.TokenID != "":
		revoked.TokenID = e.Data.TokenID
		return revoked, true
	}
	return revocation{}, false
}

func (r *Revocations) end(revoked revocation) {
	for _, g := range r.config.Guests {
		g.Revoke(revoked.Owner, revoked.TokenID)
	}
}

// Run carries revocations between processes until ctx ends. It returns when everything it started has ended.
func (r *Revocations) Run(ctx context.Context) {
	pubsub := r.config.Redis.Subscribe(context.WithoutCancel(ctx))
	var parts sync.WaitGroup
	parts.Go(func() { r.listen(ctx, pubsub) })
	parts.Go(func() { r.look(ctx) })
	r.publish(ctx)
	_ = pubsub.Close() // ends listen
	parts.Wait()
}

func (r *Revocations) publish(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case revoked := <-r.outbox:
			payload, err := json.Marshal(revoked)
			if err == nil {
				err = r.config.Redis.Publish(ctx, revokedChannel, payload).Err()
			}
			if err != nil && ctx.Err() == nil {
				r.config.Log.Warn("publish revocation: other processes find it at their next look", "error", err)
			}
		}
	}
}

func (r *Revocations) listen(ctx context.Context, pubsub *redis.PubSub) {
	if err := pubsub.Subscribe(ctx, revokedChannel); err != nil && ctx.Err() == nil {
		r.config.Log.Warn("listen to revocations: relying on looks until Redis is back", "error", err) // its client tries again
	}
	for heard := range pubsub.ChannelWithSubscriptions() {
		message, ok := heard.(*redis.Message)
		if !ok {
			r.soon() // it listens again: what was said meanwhile is lost
			continue
		}
		revoked, ok := readRevocation(message.Payload)
		if !ok {
			r.config.Log.Warn("unreadable revocation", "channel", message.Channel)
			continue
		}
		r.end(revoked)
	}
}

func readRevocation(payload string) (revoked revocation, ok bool) {
	err := json.Unmarshal([]byte(payload), &revoked)
	organizationID, userID, _ := strings.Cut(revoked.Owner, " ")
	return revoked, err == nil && organizationID != "" && userID != ""
}

func (r *Revocations) soon() {
	select {
	case r.now <- struct{}{}:
	default: // one waits already
	}
}

// look asks the database about all who are here, again and again, and whenever something may have been missed.
func (r *Revocations) look(ctx context.Context) {
	ticker := time.NewTicker(r.config.Every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.now:
		case <-ticker.C:
		}
		if err := r.lookOnce(ctx); err != nil && ctx.Err() == nil {
			r.config.Log.Warn("look for revoked tokens: again at the next look", "error", err)
		}
	}
}

func (r *Revocations) lookOnce(ctx context.Context) error {
	for some := range slices.Chunk(r.present(), askedAtOnce) {
		ended, err := r.config.Store.Ended(ctx, some)
		if err != nil {
			return err
		}
		for _, v := range ended {
			r.end(revocation{OwnerOf(v), v.TokenID})
		}
	}
	return nil
}

// present are the viewers who have anything open here, each once.
func (r *Revocations) present() []models.Viewer {
	here := make(map[models.Viewer]struct{})
	for _, g := range r.config.Guests {
		for owner, tokenID := range g.Subjects() {
			organizationID, userID, _ := strings.Cut(owner, " ")
			here[models.Viewer{Kind: models.ActorUser, OrganizationID: organizationID, UserID: userID, TokenID: tokenID}] = struct{}{}
		}
	}
	return slices.Collect(maps.Keys(here))
}
