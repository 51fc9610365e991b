package scenario

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"parley/bench/load"
	"parley/bench/rig"
)

// members of the realtime world: each has a token, and the server allows a hundred sockets to one.
const members = 250

// document is what a chat screen subscribes to: some 900 bytes for a message.
const document = `subscription($topic: ID!) { messageAdded(conversationId: $topic) { cursor
	message { id text direction createdAt platformAt authorContact { externalId name handle } }
	conversation { id status unreadCount lastActivityAt
		replyWindow { state expiresAt } viewerCanReply
		channel { id platform name } contact { id name } assignment { user { id name } } } } }`

func (l *Lab) startParley(ctx context.Context, topics int) (*stage, error) {
	database, err := l.world(ctx, "realtime", rig.World{Organizations: 1, Users: members})
	if err != nil {
		return nil, err
	}
	a, b, stop, err := l.pair(ctx, database, rig.Measured, rig.Rest)
	if err != nil {
		return nil, err
	}
	entrance := load.Entrance{Address: b.Address, Batch: batch, Request: webhooks()}
	ids, err := conversations(ctx, database, entrance, topics)
	if err != nil {
		stop()
		return nil, err
	}
	return &stage{
		measured: a, path: "/graphql", entrance: entrance, stop: stop,
		dialect: load.GraphQL(load.Subscription{
			Token:     func(i int) string { return rig.Token(1, 1+i%members) },
			Document:  document,
			Variables: func(topic int) map[string]any { return map[string]any{"topic": ids[topic]} },
		}),
	}, nil
}

// batch is how many messages one webhook may bring: Meta's bring several when many are waiting.
const batch = 16

// webhooks makes the requests by which Meta would bring messages; a topic is a customer.
func webhooks() func(messages []load.Message) load.Request {
	var n atomic.Int64
	run := strconv.FormatInt(time.Now().UnixNano(), 36)
	return func(messages []load.Message) load.Request {
		var all []letter
		for _, m := range messages {
			all = append(all, letter{customer(m.Topic), fmt.Sprintf("%s.%d", run, n.Add(1)), m.Text})
		}
		return load.Signed("/webhooks/whatsapp", rig.AppSecret, webhook(rig.Account(1, 1), all...))
	}
}

func customer(n int) string { return strconv.Itoa(4915100000000 + n) }

// letter is what one customer writes.
type letter struct{ from, id, text string }

// webhook is what Meta posts when customers write to a number.
func webhook(account string, letters ...letter) []byte {
	now, contacts, messages := time.Now().Unix(), []byte(nil), []byte(nil)
	for i, l := range letters {
		if i > 0 {
			contacts, messages = append(contacts, ','), append(messages, ',')
		}
		contacts = fmt.Appendf(contacts, `{"profile":{"name":"Customer %s"},"wa_id":"%s"}`, l.from, l.from)
		messages = fmt.Appendf(messages, `{"from":"%s","id":"wamid.%s","timestamp":"%d","type":"text","text":{"body":"%s"}}`, l.from, l.id, now, l.text)
	}
	return fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"field":"messages","value":{`+
		`"messaging_product":"whatsapp","metadata":{"display_phone_number":"%[1]s","phone_number_id":"%[1]s"},"contacts":[%[2]s],"messages":[%[3]s]}}]}]}`,
		account, contacts, messages)
}

// conversations are those of the first customers, who write once if they have none.
func conversations(ctx context.Context, database string, e load.Entrance, topics int) ([]string, error) {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return nil, fmt.Errorf("connect to look for conversations: %w", err)
	}
	defer conn.Close(ctx)
	caller := load.NewCaller(e.Address)
	defer caller.Close()
	ids := make([]string, topics)
	for topic := range ids {
		const find = `SELECT id FROM conversations WHERE organization_id = $1 AND thread_key = $2`
		err := conn.QueryRow(ctx, find, rig.ID("org", 1), customer(topic)).Scan(&ids[topic])
		if err == nil {
			continue
		}
		if _, err := caller.Post(e.Request([]load.Message{{Topic: topic, Text: "Hello?"}})); err != nil {
			return nil, err
		}
		if err := conn.QueryRow(ctx, find, rig.ID("org", 1), customer(topic)).Scan(&ids[topic]); err != nil {
			return nil, fmt.Errorf("find the conversation of customer %d: %w", topic, err)
		}
	}
	return ids, nil
}
