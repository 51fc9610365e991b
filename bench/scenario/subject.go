package scenario

import (
	"context"
	"fmt"

	"parley/bench/load"
	"parley/bench/rig"
)

// subject is a server that brings messages to subscribers.
type subject struct {
	name  string
	start func(ctx context.Context, topics int) (*stage, error)
}

// stage is a subject that runs: one process is measured, messages enter through another one.
type stage struct {
	measured *rig.Server
	path     string
	dialect  load.Dialect
	entrance load.Entrance
	collect  bool // the peer gives memory back when asked to
	stop     func()
}

// peer is a server of the fan-out beside the product, with what it wants to be told.
type peer struct {
	name, pkg, path string
	flags           []string
	dialect         func() load.Dialect
}

var peers = []peer{
	{"rawfd", "peers/rawfd", "/ws", nil, load.Bare},
	{"gorilla", "peers/gorilla", "/ws", nil, load.Bare},
	{"gws", "peers/gws", "/ws", nil, load.Bare},
	{"centrifuge", "peers/centrifuge", "/ws", []string{"-tuned"}, load.Centrifuge},
	{"stock", "peers/stockgql", "/graphql", nil, stockDialect},
	{"group", "peers/group", "/graphql", []string{"-round", "5ms"}, stockDialect},
}

const stockDocument = `subscription($topic: ID!) { messageAdded(inboxId: $topic) { kind
	message { id text direction status createdAt author { id name } }
	conversation { id status subject unreadCount lastMessageAt windowExpiresAt
		channel { id kind name } contact { id name handle } assignee { id name } tags { id name } } } }`

func stockDialect() load.Dialect {
	return load.GraphQL(load.Subscription{
		Token:     func(int) string { return "" },
		Document:  stockDocument,
		Variables: func(topic int) map[string]any { return map[string]any{"topic": fmt.Sprint(topic)} },
	})
}

// subjects are the product first, then the peers: those that are wanted.
func (l *Lab) subjects() []subject {
	var all []subject
	if l.wants("parley") {
		all = append(all, subject{name: "parley", start: l.startParley})
	}
	for _, p := range peers {
		if l.Peers == "" || !l.wants(p.name) {
			continue
		}
		all = append(all, subject{name: p.name, start: func(ctx context.Context, _ int) (*stage, error) { return l.startPeer(ctx, p) }})
	}
	return all
}

// startPeer starts a peer twice, as the product is.
func (l *Lab) startPeer(ctx context.Context, p peer) (*stage, error) {
	program, err := l.peer(p.pkg)
	if err != nil {
		return nil, err
	}
	flags := append([]string{"-redis", l.redis.Host()}, p.flags...)
	measured, err := rig.Peer(ctx, program, l.dir, p.name, rig.Measured, flags...)
	if err != nil {
		return nil, err
	}
	other, err := rig.Peer(ctx, program, l.dir, p.name+"-entrance", rig.Rest, flags...)
	if err != nil {
		measured.Stop()
		return nil, err
	}
	return &stage{
		measured: measured, path: p.path, dialect: p.dialect(), collect: true,
		entrance: load.Entrance{Address: other.Address, Request: func(m []load.Message) load.Request {
			return load.Request{Path: fmt.Sprintf("/publish?topic=%d", m[0].Topic), Header: "Content-Type: text/plain\r\n", Body: []byte(m[0].Text)}
		}},
		stop: func() { measured.Stop(); other.Stop() },
	}, nil
}
