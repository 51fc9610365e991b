package live_test

import (
	"fmt"
	"testing"

	"parley/models"
)

// chat is what a client asks that has a conversation open: an answer has about 900 bytes.
const chat = `subscription ($c: ID!, $a: String) { messageAdded(conversationId: $c, after: $a) { cursor at actor { kind }
	message { id text direction createdAt delivery { status } attachments { kind url } }
	conversation { id status unreadCount lastActivityAt waitingSince version channel { id name } contact { id name } replyWindow { state expiresAt } viewerCanReply } } }`

// BenchmarkAnswer measures what an event costs for its group, while other groups of the organization follow other
// conversations.
func BenchmarkAnswer(b *testing.B) {
	for _, groups := range []int{1, 500} {
		for _, together := range []int{1, 16} {
			b.Run(fmt.Sprintf("groups=%d/events=%d", groups, together), func(b *testing.B) {
				h := newHall(b)
				var cs []*models.Conversation
				for i := range groups {
					cs = append(cs, h.CustomerWrites(fmt.Sprint(491700000+i), "Hello, my order has not arrived yet."))
					h.listen(h.Agent, chat, object{"c": cs[i].ID})
				}
				before := h.LogEnd()
				for i := range together {
					h.CustomerWrites(fmt.Sprint(491700000+i%groups), "Hello, my order has not arrived yet.")
				}
				var events []models.Event
				for _, e := range h.Log(before) {
					if e.Type == models.MessageAdded {
						events = append(events, e)
					}
				}
				b.ReportAllocs()
				for b.Loop() {
					h.hub.Show(h.Org.ID, events)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events))/1000, "µs/event")
			})
		}
	}
}
