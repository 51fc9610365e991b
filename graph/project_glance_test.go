package graph_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"parley/inbox"
	"parley/models"
)

// wiretap counts what is said to a database.
type wiretap struct {
	statements, trips atomic.Int64
}

// tap stands between a world's database and who asks it by the address it returns.
func tap(t *testing.T, database string) (w *wiretap, address string) {
	t.Helper()
	config, err := pgx.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	network, target := pgconn.NetworkAddress(config.Host, config.Port)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w = &wiretap{}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial(network, target)
			if err != nil {
				client.Close()
				continue
			}
			open.Go(func() { _, _ = io.Copy(client, server); client.Close() })
			open.Go(func() { w.listen(client, server); server.Close() })
		}
	})
	t.Cleanup(func() { listener.Close(); open.Wait() })
	account := url.UserPassword(config.User, config.Password)
	return w, fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", account, listener.Addr(), config.Database)
}

// listen passes messages on. One that wants an answer makes a round trip.
func (w *wiretap) listen(from io.Reader, to io.Writer) {
	in := bufio.NewReader(from)
	for greeted := false; ; greeted = true {
		head := make([]byte, 5)
		if !greeted { // the first message has no type
			head = head[:4]
		}
		if _, err := io.ReadFull(in, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		if greeted {
			w.count(head[0])
		}
		if _, err := to.Write(append(head, body...)); err != nil {
			return
		}
	}
}

func (w *wiretap) count(kind byte) {
	switch kind {
	case 'E': // execute
		w.statements.Add(1)
	case 'S': // sync
		w.trips.Add(1)
	case 'Q': // a query of the simple kind
		w.statements.Add(1)
		w.trips.Add(1)
	}
}

func TestGlance(t *testing.T) {
	t.Parallel()
	w, _, _ := crowded(t)
	wire, address := tap(t, w.URL)
	behind := *w
	behind.URL = address
	b := newBoth(w.OpenInbox(behind.OpenStore()))
	// asked is what a warm query costs.
	asked := func(t *testing.T, document string, size int) (statements, trips int64) {
		t.Helper()
		variables := func() map[string]any { return map[string]any{"n": size} }
		for range 3 { // the first time the directory is read, the second time the statements are prepared
			wire.statements.Store(0)
			wire.trips.Store(0)
			if data, errs := answerOf(b.with, w.Agent, document, variables()); len(errs) > 0 || !strings.Contains(data, `"edges":[{`) {
				t.Fatalf("%s is answered %s, %v", document, data, errs)
			}
		}
		return wire.statements.Load(), wire.trips.Load()
	}
	for _, test := range []struct {
		name, document    string
		statements, trips int64
	}{
		{"costs one round trip, however long the page is", `query ($n: Int) { conversations(first: $n) { eventCursor edges { cursor node {
			id status contact { id name } assignment { user { id name } } channel { id name } replyWindow { state } lastMessage { id createdAt } } } } }`, 4, 1},
		{"is not enough for what the rows do not have", `query ($n: Int) { conversations(first: $n) { edges { node {
			id channel { id name } contact { createdAt } lastMessage { id forwarded } } } } }`, 6, 5},
		{"is not enough where something else is asked for", `query ($n: Int) { conversations(first: $n) { edges { node { id channel { name } } } } again: conversations { eventCursor } }`, 5, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, size := range []int{1, 3, 10} {
				if statements, trips := asked(t, test.document, size); statements != test.statements || trips != test.trips {
					t.Errorf("a page of %d costs %d statements in %d round trips", size, statements, trips)
				}
			}
		})
	}
	t.Run("shows no directory that is no more", func(t *testing.T) {
		const document = `{ conversations(first: 3) { edges { node { id channel { name version } } } } }`
		b.compare(t, w.Agent, document, nil)
		w.Must(w.Store.Do(w.Context(), models.System(w.Org.ID), models.DeliverMessages, func(tx *models.Tx) error {
			channel := *w.Channel
			channel.Name = "Renamed"
			return tx.Update(&channel, "name")
		}))
		if data := b.compare(t, w.Agent, document, nil); !strings.Contains(data, "Renamed") {
			t.Errorf("the answer is %s", data)
		}
	})
	t.Run("tells nothing once the token is revoked", func(t *testing.T) {
		made, err := w.Inbox.CreateToken(w.Context(), w.Agent, inbox.TokenRequest{Name: "short"})
		w.Must(err)
		viewer := w.Agent
		viewer.TokenID = made.Token.ID
		const document = `{ conversations { edges { node { id } } } }`
		if data := b.compare(t, viewer, document, nil); !strings.Contains(data, "cnv_") {
			t.Errorf("the answer is %s", data)
		}
		_, err = w.Inbox.RevokeToken(w.Context(), w.Agent, made.Token.ID, "")
		w.Must(err)
		if data := b.compare(t, viewer, document, nil); strings.Contains(data, "cnv_") {
			t.Errorf("the answer is %s", data)
		}
	})
}
