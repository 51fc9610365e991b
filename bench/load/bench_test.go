package load

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkMessage reads one delivery of some 900 bytes: what the client needs for it, beside the system calls.
func BenchmarkMessage(b *testing.B) {
	s := &Swarm{plan: Plan{Dialect: GraphQL(Subscription{})}, board: newBoard(1)}
	l := &loop{swarm: s, ends: make(map[string]int)}
	k := &socket{}
	const filler = "a conversation with its contact, its channel, its reply window and whoever is responsible for it, as a screen shows it"
	frame := func(sequence uint32) []byte {
		payload := fmt.Sprintf(`{"id":"00000000-7a1b-4c2d-8e3f-000000000000","type":"next","payload":{"data":{"messageAdded":{"cursor":"ZXZlbnQ6MTIzNA",`+
			`"message":{"text":"%s"},"conversation":"%s%[2]s%[2]s%[2]s%[2]s"}}}}`, Text(0, sequence, time.Now()), filler)
		f := appendFrame(nil, text, []byte(payload))
		f[1] &^= 0x80
		return append(f[:4:4], f[8:]...) // as a server sends it: without the mask
	}(1)
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		k.tally = tally{}
		l.take(k, frame, time.Duration(time.Now().UnixNano()))
	}
	if l.counts.deliveries == 0 {
		b.Fatal("nothing was delivered")
	}
}
