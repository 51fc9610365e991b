package inbox_test

import (
	"fmt"
	"testing"

	"parley/channels"
	"parley/inbox/inboxtest"
	"parley/models"
)

// BenchmarkReceive takes in one message of one customer after the other: a transaction each.
func BenchmarkReceive(b *testing.B) {
	w := inboxtest.New(b)
	for i := 0; b.Loop(); i++ {
		w.Receive(w.Says(fmt.Sprint(491700+i%1000), "hello?"))
	}
}

// BenchmarkReceiveAtOnce takes in messages of many customers of one organization at once: their transactions meet at the
// end of its log.
func BenchmarkReceiveAtOnce(b *testing.B) {
	w := inboxtest.New(b)
	b.SetParallelism(8)
	b.RunParallel(func(each *testing.PB) {
		for i := 0; each.Next(); i++ {
			in := w.Says(fmt.Sprint(491700+i%1000), "hello?")
			if err := w.Inbox.Receive(b.Context(), models.WhatsApp, channels.Delivery{}, channels.Parsed{Inbound: []models.Inbound{in}}); err != nil {
				b.Error(err)
				return
			}
		}
	})
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
