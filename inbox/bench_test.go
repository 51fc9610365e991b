package inbox_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parley/channels"
	"parley/channels/whatsapp"
	"parley/inbox/inboxtest"
	"parley/models"
)

const benchSecret = "secret of the app"

// BenchmarkReceive takes in signed deliveries of WhatsApp, one message each, of 20,000 people: for one organization, or for
// 64 in turn, with so many callers at once. Beside the rate it tells what this process spends of the CPU on each, PostgreSQL
// left out, and how long the slowest in a hundred took. testdata/floor.sql is what to compare it with.
func BenchmarkReceive(b *testing.B) {
	for _, organizations := range []int{1, 64} {
		b.Run(fmt.Sprintf("organizations=%d", organizations), func(b *testing.B) {
			w := inboxtest.New(b)
			accounts := []string{w.Channel.AccountID}
			for i := 1; i < organizations; i++ {
				accounts = append(accounts, w.Neighbour(fmt.Sprint("2065403522", i)).Channel.AccountID)
			}
			people(b, w, accounts)
			adapters := channels.NewRegistry(whatsapp.New(whatsapp.Config{AppSecrets: []string{benchSecret}}))
			webhooks := channels.NewWebhooks(adapters, w.OpenInbox(w.Store), inboxtest.Quiet, channels.WebhookOptions{Now: w.Clock.Now})
			for _, callers := range []int{1, 8, 64} {
				b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
					measure(b, callers, func(n int64) {
						w.Clock.Set(models.SystemClock{}.Now())
						deliver(b, webhooks, accounts[n*7919%benchPeople%int64(len(accounts))], n)
					})
				})
			}
		})
	}
}

const benchPeople = 20000

// customer is the number of the nth one.
func customer(n int64) string { return fmt.Sprint(56910000000 + n*7919%benchPeople) }

// people are customers who wrote before, so that the database knows how much there is of what.
func people(b *testing.B, w *inboxtest.World, accounts []string) {
	all := make([]models.Inbound, benchPeople)
	for n := range all {
		all[n] = w.Says(customer(int64(n)), "hello?")
		all[n].AccountID, all[n].Author.Name = accounts[n%len(accounts)], fmt.Sprint("Customer ", n*7919%benchPeople)
	}
	for some := range slices.Chunk(all, 1000) {
		w.Receive(some...)
	}
	c, err := pgx.Connect(b.Context(), w.URL)
	w.Must(err)
	defer c.Close(b.Context())
	_, err = c.Exec(b.Context(), "VACUUM ANALYZE")
	w.Must(err)
}

// deliver posts one delivery and waits for its answer.
func deliver(b *testing.B, webhooks http.Handler, account string, n int64) {
	body := fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"value":{`+
		`"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550001","phone_number_id":"%s"},`+
		`"contacts":[{"profile":{"name":"Customer %d"},"wa_id":"%s"}],"messages":[{"from":"%[3]s","id":"wamid.%d.%d",`+
		`"timestamp":"%d","text":{"body":"Hello, my order has not arrived yet. Can you please tell me where it is? Thank you."},`+
		`"type":"text"}]},"field":"messages"}]}]}`,
		account, n*7919%benchPeople, customer(n), n, time.Now().UnixNano(), time.Now().Unix())
	mac := hmac.New(sha256.New, []byte(benchSecret))
	mac.Write(body)
	r := httptest.NewRequest(http.MethodPost, "/webhooks/whatsapp", bytes.NewReader(body))
	r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	answer := httptest.NewRecorder()
	webhooks.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		b.Errorf("delivery %d: %d", n, answer.Code)
	}
}

// measure has callers do b.N things between them.
func measure(b *testing.B, callers int, do func(n int64)) {
	var next atomic.Int64
	took := make([][]time.Duration, callers)
	var all sync.WaitGroup
	before := spent()
	b.ResetTimer()
	for c := range callers {
		all.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				start := time.Now()
				do(n)
				took[c] = append(took[c], time.Since(start))
			}
		})
	}
	all.Wait()
	b.StopTimer()
	sorted := slices.Sorted(slices.Values(slices.Concat(took...)))
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	b.ReportMetric(float64(spent()-before)/float64(time.Microsecond)/float64(b.N), "cpu-µs/msg")
	b.ReportMetric(float64(sorted[(len(sorted)-1)*99/100])/float64(time.Millisecond), "p99-ms")
}

// spent is what this process has had of the CPU.
func spent() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkListConversations reads the first page of an inbox of a thousand conversations.
func BenchmarkListConversations(b *testing.B) {
	w := inboxtest.New(b)
	for i := range 1000 {
		w.Receive(w.Says(fmt.Sprint(491700+i), "hello?"))
	}
	size := 50
	for b.Loop() {
		w.Look(func(tx *models.Tx) error {
			_, err := tx.ListConversations(models.ConversationFilter{}, models.NewestActivity, models.Page{First: &size})
			return err
		})
	}
}
