package simulator

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"mime"
	"net/http"
)

// errand is one thing a visitor does, until our server accepted or refused it.
type errand struct {
	*visitor
	Inbound
	log      *Delivery
	clientID string // the same with every attempt, so that it is one message
	upload   string // of the file, once the present session has brought it
}

func (d *messenger) visit(a *account, c *customer, in Inbound) <-chan reply {
	if in.Kind == Seen {
		in.Target, _ = c.latest(in.Target) // tell has found it
	}
	return d.visitor(a, c).does(in)
}

// does begins an errand. A visitor does one thing after the other. With mu held.
func (v *visitor) does(in Inbound) <-chan reply {
	s, a := v.messenger.sim, v.account
	answered := make(chan reply, 1)
	e := &errand{visitor: v, Inbound: in, clientID: rand.Text()}
	e.log = s.note(a, []event{{name: e.label()}}, nil)[0]
	life := a.life
	enter, leave := s.queue(a, "visitor "+v.customer.ID)
	s.start(func() {
		err, id := enter(life), ""
		if err == nil {
			id, err = e.run(life)
		}
		s.mu.Lock()
		leave()
		s.mu.Unlock()
		answered <- reply{id, err}
	})
	return answered
}

// label is what the log of deliveries calls it.
func (e *errand) label() string {
	switch e.Kind {
	case Seen:
		return "status read"
	case Typing:
		return "typing"
	}
	return "message " + string(e.Kind)
}

// run asks until it is answered. A session that is over is begun anew, once.
func (e *errand) run(ctx context.Context) (string, error) {
	s, renewed := e.messenger.sim, false
	for pause := s.config.RetryFirst; ; pause = min(2*pause, s.config.RetryMost) {
		at := s.config.Now()
		id, err := e.try(ctx)
		if err != nil && ctx.Err() != nil {
			return id, context.Cause(ctx)
		}
		s.tried(e.account, e.log, at, statusOf(err), err)
		if statusOf(err) == http.StatusUnauthorized && !renewed {
			renewed = true
			continue
		}
		wait, again := askAgain(err)
		if err == nil || !again {
			return id, err
		}
		if !s.pause(ctx, max(pause, wait)) {
			return id, context.Cause(ctx)
		}
	}
}

func (e *errand) try(ctx context.Context) (string, error) {
	token, err := e.session(ctx)
	if err != nil {
		return "", err
	}
	var id string
	switch e.Kind {
	case Typing:
		err = e.post(ctx, token, "typing", object{}, nil)
	case Seen:
		err = e.post(ctx, token, "read", object{"upTo": e.Target}, nil)
	default:
		id, err = e.say(ctx, token)
	}
	if statusOf(err) == http.StatusUnauthorized {
		e.upload = "" // it was the session's
		e.leave(token)
	}
	return id, err
}

func (e *errand) say(ctx context.Context, token string) (string, error) {
	if e.Kind.isMedia() && e.upload == "" {
		if err := e.bring(ctx, token, e.file()); err != nil {
			return "", err
		}
	}
	site, _ := e.site()
	said := object{"clientMessageId": e.clientID}
	if e.Text != "" {
		said["text"] = e.Text
	}
	if site.Origin != "" {
		said["pageUrl"] = site.Origin + "/"
	}
	if e.upload != "" {
		said["attachments"] = []object{{"uploadId": e.upload}}
	}
	var got struct{ ID string }
	if err := e.post(ctx, token, "messages", said, &got); err != nil {
		return "", err
	}
	if got.ID == "" {
		return "", errors.New("our server answered without the message's id")
	}
	return got.ID, nil
}

// post asks for what the errand is about, and shows it in the log.
func (e *errand) post(ctx context.Context, token, path string, body object, into any) error {
	site, _ := e.site()
	s := e.messenger.sim
	s.mu.Lock()
	e.log.Body = string(encode(body))
	s.mu.Unlock()
	return e.messenger.ask(ctx, site, token, http.MethodPost, path, body, into)
}

// bring asks for room for a file and puts it there.
func (e *errand) bring(ctx context.Context, token string, file Media) error {
	kind, _, err := mime.ParseMediaType(file.MIME)
	if err != nil {
		kind = file.MIME
	}
	site, _ := e.site()
	var slot struct{ UploadID, URL string }
	asked := object{"filename": file.Name, "mime": kind, "sizeBytes": len(file.Data)}
	if err := e.messenger.ask(ctx, site, token, http.MethodPost, "uploads", asked, &slot); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, slot.URL, bytes.NewReader(file.Data))
	if err != nil || slot.UploadID == "" {
		return errors.New("our server gave an upload without an address")
	}
	req.Header.Set("Content-Type", kind)
	if err := e.messenger.do(req, nil); err != nil {
		return fmt.Errorf("bring the file: %w", err)
	}
	e.upload = slot.UploadID
	return nil
}

// reads lets the visitor read what they were told, as soon as the account's faults allow. With mu held.
func (v *visitor) reads(ctx context.Context, id string) {
	s, delay := v.messenger.sim, v.account.faults.ReceiptDelay
	if v.account.faults.DropReceipts {
		return
	}
	s.start(func() {
		if !s.pause(ctx, delay) {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if ctx.Err() == nil { // or else the account has been reset, and the visitor is gone
			v.does(Inbound{Account: v.account.Account, Customer: v.customer.Customer, Kind: Seen, Target: id})
		}
	})
}
