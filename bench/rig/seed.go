package rig

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// What a world can have beside its companies.
var (
	//go:embed seed/organizations.sql
	organizations string
	//go:embed seed/conversations.sql
	conversations string
	//go:embed seed/messages.sql
	messages string
	//go:embed seed/timers.sql
	timers string
)

// World says how many there are of everything in a database.
type World struct {
	Organizations int
	Users         int // of each organization, at most 999
	Conversations int
	Even          bool // all open, equally many in each organization; otherwise the first one has half of them
	Messages      int
	Timers        int // conversations whose reply window ends some time; not beside others
}

// Token is the secret of a member; both count from 1.
func Token(organization, user int) string { return fmt.Sprintf("ply_%032x_%043d", organization, user) }

// ID is the id of the n-th thing of its kind.
func ID(prefix string, n int) string { return fmt.Sprintf("%s_%032x", prefix, n) }

// Account is the number of a channel; each organization has six, from 1.
func Account(organization, channel int) string {
	return fmt.Sprint(15550000000 + organization*10 + channel)
}

// Person is the phone number of the n-th person of an organization in an even world, and the channel they write to.
func (w World) Person(organization, n int) (phone, account string) {
	i := (n-1)*w.Organizations + organization
	return fmt.Sprint(4915100000000 + i), Account(organization, 1+(n-1)%6)
}

// Seed fills a database whose tables the product has made.
func Seed(ctx context.Context, database string, w World) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return fmt.Errorf("connect to seed: %w", err)
	}
	defer conn.Close(ctx)
	even := 0
	if w.Even {
		even = 1
	}
	for name, value := range map[string]int{
		"organizations": w.Organizations, "users": w.Users, "conversations": w.Conversations, "even": even, "messages": w.Messages, "timers": w.Timers,
	} {
		if _, err := conn.Exec(ctx, fmt.Sprintf("SET bench.%s = %d", name, value)); err != nil {
			return fmt.Errorf("set size of the world: %w", err)
		}
	}
	for _, part := range []struct {
		name, script string
		wanted       bool
	}{
		{"organizations", organizations, true}, {"conversations", conversations, w.Conversations > 0},
		{"messages", messages, w.Messages > 0}, {"timers", timers, w.Timers > 0},
	} {
		if !part.wanted {
			continue
		}
		if _, err := conn.Exec(ctx, part.script); err != nil {
			return fmt.Errorf("seed %s: %w", part.name, err)
		}
	}
	// What was written is on the disk, and measuring waits for nobody who tidies up.
	for _, statement := range []string{"VACUUM ANALYZE", "CHECKPOINT"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("tidy up after seeding: %w", err)
		}
	}
	return nil
}
