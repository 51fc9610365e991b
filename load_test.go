package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// load is what customers write on WhatsApp: each one message after another, as the platform delivers the next only when
// it has heard 200 of the one before.
type load struct {
	customers, each int
	filler          string    // after the words that tell one message from another
	servers         []*served // a delivery that fails goes to the next
	client          *http.Client

	answered *count // with 200
	refused  *count // with anything else, or not at all
}

func newLoad(customers, each int, servers ...*served) *load {
	return &load{
		customers: customers, each: each, servers: servers, answered: newCount(), refused: newCount(),
		client: &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: customers}},
	}
}

// begin delivers until everything was answered with 200, or ctx ends.
func (l *load) begin(ctx context.Context, t *testing.T) (wait func()) {
	var customers sync.WaitGroup
	for n := range l.customers {
		customers.Go(func() {
			for i := range l.each {
				l.deliver(ctx, t, n, n+i, words(n, i)+" "+l.filler)
			}
		})
	}
	return func() { customers.Wait(); l.client.CloseIdleConnections() }
}

func words(customer, i int) string { return fmt.Sprintf("%d:%d", customer, i) }

// deliver comes again until it hears 200.
func (l *load) deliver(ctx context.Context, t *testing.T, customer, server int, text string) {
	body := fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{
		"messaging_product":"whatsapp","metadata":{"phone_number_id":"%s"},
		"messages":[{"from":"4916%08d","id":"wamid.LOAD%s","timestamp":"%d","type":"text","text":{"body":%q}}]}}]}]}`,
		demoPhoneNumber, customer, strings.Fields(text)[0], time.Now().Unix(), text)
	mac := hmac.New(sha256.New, []byte(metaSecret()))
	mac.Write(body)
	again := time.NewTicker(comeAgain)
	defer again.Stop()
	for ctx.Err() == nil {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.servers[server%len(l.servers)].url+"/webhooks/whatsapp", bytes.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		request.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
		response, err := l.client.Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
		switch {
		case err == nil && response.StatusCode == http.StatusOK:
			l.answered.add()
			return
		case err == nil && response.StatusCode != http.StatusServiceUnavailable:
			t.Errorf("a delivery was answered %d", response.StatusCode)
			return
		}
		l.refused.add()
		server++
		select {
		case <-again.C:
		case <-ctx.Done():
		}
	}
}

// check fails unless everything was heard once, and of each customer in the order it was said.
func (l *load) check(t *testing.T, name string, heard []string) {
	t.Helper()
	next := make(map[string]int)
	for _, text := range heard {
		customer, _, _ := strings.Cut(text, ":")
		if want := fmt.Sprintf("%s:%d", customer, next[customer]); text != want {
			t.Errorf("%s: heard %s, want %s", name, text, want)
			return
		}
		next[customer]++
	}
	if len(heard) != l.customers*l.each {
		t.Errorf("%s: heard %d messages of %d", name, len(heard), l.customers*l.each)
	}
}

// checkKept fails unless the database has everything once.
func (l *load) checkKept(t *testing.T, databaseURL string) {
	t.Helper()
	var all, different int
	query(t, databaseURL, `SELECT count(*), count(DISTINCT text) FROM messages WHERE direction = 'INBOUND' AND text ~ '^[0-9]+:[0-9]+ '`, &all, &different)
	if want := l.customers * l.each; all != want || different != want {
		t.Errorf("the database has %d messages, %d of them different, instead of %d", all, different, want)
	}
}
