package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"parley/channels"
	"parley/inbox"
	"parley/models"
)

const usage = `usage:
  parley                                          serve
  parley plan <organization> STANDARD|ENTERPRISE  change what an organization pays for`

// command does what an operator asks for beside serving, on the database of the config.
func command(ctx context.Context, config Config, words []string, out io.Writer, log *slog.Logger) (err error) {
	if len(words) != 3 || words[0] != "plan" {
		return errors.New(usage)
	}
	plan := models.Plan(strings.ToUpper(words[2]))
	if plan != models.Standard && plan != models.Enterprise {
		return errors.New(usage)
	}
	places, err := openPlaces(ctx, config, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, places.close(config.StopWithin)) }()
	store, err := openStore(ctx, config, places, models.SystemClock{})
	if err != nil {
		return err
	}
	defer store.Close()
	b := inbox.New(inbox.Config{Store: store, Adapters: channels.NewRegistry(), Log: log})
	if err := b.ChangePlan(ctx, words[1], plan); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is on the plan %s now.\n", words[1], plan)
	return nil
}
