package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/graph"
	"parley/graph/transport"
	"parley/inbox"
)

// Limits say how much may be asked. What an operation costs is told in docs/limits.md.
type Limits struct {
	// The most one operation may cost.
	OperationCost int `env:"PARLEY_OPERATION_COST" envDefault:"10000"`
	// Points a member can have, whatever their tokens. 0: nobody pays points, neither do addresses.
	RatePoints int `env:"PARLEY_RATE_POINTS" envDefault:"20000"`
	// Points that come back to a member in a second.
	RateRestore int `env:"PARLEY_RATE_RESTORE" envDefault:"2000"`
	// Points an address can have, for requests without a token or with a bad one.
	RateAddressPoints int `env:"PARLEY_RATE_ADDRESS_POINTS" envDefault:"5000"`
	// Points that come back to an address in a second.
	RateAddressRestore int `env:"PARLEY_RATE_ADDRESS_RESTORE" envDefault:"100"`
	// A file with the trusted documents: a JSON object of them by their ids, or Apollo's manifest. Empty: there are none.
	TrustedDocuments string `env:"PARLEY_TRUSTED_DOCUMENTS"`
}

func (l Limits) wrong() error {
	for _, rule := range []struct {
		holds bool
		name  string
		want  string
	}{
		{l.OperationCost >= 1, "PARLEY_OPERATION_COST", "must be at least 1"},
		{l.RatePoints >= 0, "PARLEY_RATE_POINTS", "must be 0 or more"},
		{l.RateRestore >= 1, "PARLEY_RATE_RESTORE", "must be at least 1"},
		{l.RateAddressPoints >= 1, "PARLEY_RATE_ADDRESS_POINTS", "must be at least 1"},
		{l.RateAddressRestore >= 1, "PARLEY_RATE_ADDRESS_RESTORE", "must be at least 1"},
	} {
		if !rule.holds {
			return fmt.Errorf("%s %s", rule.name, rule.want)
		}
	}
	return nil
}

// onGraph is what bounds the API.
func (l Limits) onGraph(client *redis.Client, log *slog.Logger) (graph.Limits, error) {
	limits := graph.Limits{Cost: l.OperationCost, Limiter: l.limiter(client, log), Shelf: inbox.NewDocuments(client, time.Now, log)}
	if l.TrustedDocuments == "" {
		return limits, nil
	}
	manifest, err := os.ReadFile(l.TrustedDocuments)
	if err == nil {
		limits.Trusted, err = graph.ReadTrusted(manifest)
	}
	if err != nil {
		return graph.Limits{}, fmt.Errorf("PARLEY_TRUSTED_DOCUMENTS: %w", err)
	}
	return limits, nil
}

// limiter has members and addresses pay; nil if nobody does.
func (l Limits) limiter(client *redis.Client, log *slog.Logger) transport.Limiter {
	if l.RatePoints == 0 {
		return nil
	}
	return tills{
		members:   newTill(client, log, "members", l.RatePoints, l.RateRestore),
		addresses: newTill(client, log, "addresses", l.RateAddressPoints, l.RateAddressRestore),
	}
}

// signIns is how many passwords may be tried for an email address.
func signIns(client *redis.Client, log *slog.Logger) *inbox.Allowances {
	return inbox.NewAllowances(inbox.AllowanceConfig{
		Redis: client, Name: "sign-ins", Size: inbox.AttemptsAtOnce, Restore: inbox.AttemptsRestore, Now: time.Now, Log: log,
	})
}

// tills are where points are paid.
type tills struct{ members, addresses till }

// Take has a member pay, or an address.
func (t tills) Take(ctx context.Context, who transport.Payer, points int) transport.Budget {
	if who.Owner != "" {
		return t.members.take(ctx, who.Owner, points)
	}
	return t.addresses.take(ctx, who.Address, points)
}

type till struct {
	*inbox.Allowances
	points, restore int
}

func newTill(client *redis.Client, log *slog.Logger, name string, points, restore int) till {
	allowances := inbox.NewAllowances(inbox.AllowanceConfig{
		Redis: client, Name: name, Size: points, Restore: float64(restore), Now: time.Now, Log: log,
	})
	return till{allowances, points, restore}
}

func (t till) take(ctx context.Context, who string, points int) transport.Budget {
	left := t.Take(ctx, who, points)
	return transport.Budget{Limit: t.points, Restore: t.restore, Remaining: left.Remaining, Wait: left.Wait}
}
