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
  parley plan <organization> STANDARD|ENTERPRISE          change what an organization pays for
  parley member <organization> <email> <role>             let somebody work there: ADMIN, SUPERVISOR, AGENT, VIEWER`

// operations are what an operator asks for beside serving, by name; each takes so many words.
var operations = map[string]struct {
	words int
	do    func(ctx context.Context, b *inbox.Inbox, words []string, out io.Writer) error
}{
	"found":  {3, found},
	"plan":   {2, changePlan},
	"member": {3, addMember},
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

// found begins an organization with an owner.
func found(ctx context.Context, b *inbox.Inbox, words []string, out io.Writer) error {
	name := strings.TrimSpace(words[0])
	plan, err := planOf(words[2])
	if err != nil || name == "" {
		return errors.New(usage)
	}
	owner, password, err := person(ctx, b, words[1], models.Owner)
	if err != nil {
		return err
	}
	organization, _, err := b.Store().Found(ctx, name, plan, owner)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "organization: %s\nowner: %s\n", organization.ID, owner.Email)
	tell(out, password)
	return nil
}

// addMember has somebody join an organization. Owners are made by owners.
func addMember(ctx context.Context, b *inbox.Inbox, words []string, out io.Writer) error {
	role := models.Role(strings.ToUpper(words[2]))
	if role != models.Admin && !role.CanBeLimited() {
		return errors.New(usage)
	}
	member, password, err := person(ctx, b, words[1], role)
	if err != nil {
		return err
	}
	if err := b.Store().Join(ctx, words[0], member); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is a member of %s.\n", member.Email, words[0])
	tell(out, password)
	return nil
}

// person is somebody by their address. Who has a password keeps it; anybody else gets one, which is shown once.
func person(ctx context.Context, b *inbox.Inbox, email string, role models.Role) (p models.NewMember, password string, err error) {
	if address, err := mail.ParseAddress(email); err != nil || address.Address != email {
		return p, "", errors.New(usage)
	}
	p = models.NewMember{Name: email, Email: email, Role: role}
	login, err := b.Store().LoginByEmail(ctx, email)
	if err != nil || login != nil {
		return p, "", err
	}
	password = rand.Text()
	p.PasswordHash, err = inbox.HashPassword(password)
	return p, password, err
}

func tell(out io.Writer, password string) {
	if password != "" {
		fmt.Fprintf(out, "password: %s\n", password)
	}
}

func planOf(word string) (models.Plan, error) {
	switch plan := models.Plan(strings.ToUpper(word)); plan {
	case models.Standard, models.Enterprise:
		return plan, nil
	}
	return "", errors.New(usage)
}
