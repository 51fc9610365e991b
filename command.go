package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/mail"
	"strings"

	"parley/channels"
	"parley/inbox"
	"parley/models"
)

const usage = `usage:
  parley                                                  serve
  parley found <name> <owner's email> STANDARD|ENTERPRISE begin an organization
  parley plan <organization> STANDARD|ENTERPRISE          change what an organization pays for`

// operations are what an operator asks for beside serving, by name; each takes so many words.
var operations = map[string]struct {
	words int
	do    func(ctx context.Context, b *inbox.Inbox, words []string, out io.Writer) error
}{
	"found": {3, found},
	"plan":  {2, changePlan},
}

// command does what an operator asks for, on the database of the config.
func command(ctx context.Context, config Config, words []string, out io.Writer, log *slog.Logger) (err error) {
	operation, known := operations[words[0]]
	if words = words[1:]; !known || len(words) != operation.words {
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
	return operation.do(ctx, inbox.New(inbox.Config{Store: store, Adapters: channels.NewRegistry(), Log: log}), words, out)
}

func changePlan(ctx context.Context, b *inbox.Inbox, words []string, out io.Writer) error {
	plan, err := planOf(words[1])
	if err != nil {
		return err
	}
	if err := b.ChangePlan(ctx, words[0], plan); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is on the plan %s now.\n", words[0], plan)
	return nil
}

// found begins an organization with an owner, who keeps the password they have, or gets one that is shown once.
func found(ctx context.Context, b *inbox.Inbox, words []string, out io.Writer) error {
	name, email := strings.TrimSpace(words[0]), words[1]
	plan, err := planOf(words[2])
	if err != nil {
		return err
	}
	if address, err := mail.ParseAddress(email); name == "" || err != nil || address.Address != email {
		return errors.New(usage)
	}
	owner := models.NewMember{Name: email, Email: email, Role: models.Owner}
	login, err := b.Store().LoginByEmail(ctx, email)
	if err != nil {
		return err
	}
	password := ""
	if login == nil {
		password = rand.Text()
		if owner.PasswordHash, err = inbox.HashPassword(password); err != nil {
			return err
		}
	}
	organization, _, err := b.Store().Found(ctx, name, plan, owner)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "organization: %s\nowner: %s\n", organization.ID, email)
	if password != "" {
		fmt.Fprintf(out, "password: %s\n", password)
	}
	return nil
}

func planOf(word string) (models.Plan, error) {
	switch plan := models.Plan(strings.ToUpper(word)); plan {
	case models.Standard, models.Enterprise:
		return plan, nil
	}
	return "", errors.New(usage)
}
