package transport

import (
	"context"
	"slices"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// operation is one subscribe message at work. It may speak while its connection has it under its id.
type operation struct {
	conn *conn
	id   string
	head []byte // of every message that brings a response

	mu   sync.Mutex
	over bool
	stop func()
}

var _ Stream = (*operation)(nil)

// until has stop called when the operation ends, at once if it has.
func (op *operation) until(stop func()) {
	op.mu.Lock()
	over := op.over
	if !over {
		op.stop = stop
	}
	op.mu.Unlock()
	if over {
		stop()
	}
}

// quit ends what the operation runs.
func (op *operation) quit() {
	op.mu.Lock()
	stop := op.stop
	op.over, op.stop = true, nil
	op.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// Next sends a response.
func (op *operation) Next(payload []byte) {
	op.say(outgoing{opcode: opText, head: op.head, body: payload}, false)
}

// End sends the last message; the id is free after it.
func (op *operation) End(why gqlerror.List) {
	last := completeMessage(op.id)
	if len(why) > 0 {
		last = errorMessage(op.id, why)
	}
	op.say(outgoing{opcode: opText, body: last}, true)
}

// Room waits until no more than half of what may wait for the peer does.
func (op *operation) Room(ctx context.Context) error {
	c := op.conn
	for {
		c.mu.Lock()
		if c.out.bytes <= c.out.limit/2 && !c.out.ended {
			c.mu.Unlock()
			return ctx.Err()
		}
		if c.room == nil {
			c.room = make(chan struct{})
		}
		room := c.room
		c.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		case <-c.ctx.Done():
			return c.ctx.Err()
		}
	}
}

// say sends a frame about op, unless the client has turned to other things; after the last its id is free.
func (op *operation) say(o outgoing, last bool) {
	c := op.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	at := slices.Index(c.operations, op)
	if at < 0 {
		return
	}
	if last {
		c.operations = slices.Delete(c.operations, at, at+1)
	}
	c.pushLocked(o)
}

func (c *conn) subscribe(m message) {
	if c.viewer == nil {
		c.end(CloseUnauthorized, "Unauthorized")
		return
	}
	op := &operation{conn: c, id: m.id, head: openPayload(m.id, typeNext)}
	switch c.admit(op) {
	case duplicate:
		c.end(CloseDuplicateID, "Subscriber for this id already exists")
	case full:
		c.say(errorMessage(m.id, gqlerror.List{coded(CodeTooManyOperations, "Too many operations on this connection.")}))
	case admitted:
		viewer := c.viewer
		go func() {
			defer c.work.Done()
			c.run(viewer, op, m.params)
		}()
	}
}

type admission int

const (
	late admission = iota
	admitted
	duplicate
	full
)

// admit gives op its id. What the client gave up counts too until it has really ended, though less.
func (c *conn) admit(op *operation) admission {
	c.mu.Lock()
	defer c.mu.Unlock()
	limit := c.ws.config.MaxOperations
	switch {
	case c.closed || c.out.ended:
		return late
	case c.find(op.id) != nil:
		return duplicate
	case len(c.operations) >= limit, c.running >= 2*limit:
		return full
	}
	c.operations = append(c.operations, op)
	c.running++
	c.work.Add(1)
	return admitted
}

func (c *conn) find(id string) *operation {
	for _, op := range c.operations {
		if op.id == id {
			return op
		}
	}
	return nil
}

// forget ends an operation at the client's word: its id is free at once, and nothing more is said about it.
func (c *conn) forget(id string) {
	c.mu.Lock()
	op := c.find(id)
	c.operations = slices.DeleteFunc(c.operations, func(o *operation) bool { return o == op })
	c.mu.Unlock()
	if op != nil {
		op.quit()
	}
}

func (c *conn) run(viewer context.Context, op *operation, params *graphql.RawParams) {
	ctx := graphql.StartOperationTrace(viewer)
	defer func() {
		if panicked := recover(); panicked != nil {
			op.End(gqlerror.List{recovered(ctx, c.exec, c.ws.config.Log, panicked)})
		}
		c.mu.Lock()
		c.running--
		c.mu.Unlock()
	}()
	now := graphql.Now()
	params.ReadTime = graphql.TraceTiming{Start: now, End: now}
	opCtx, errs := c.exec.CreateOperationContext(ctx, params)
	switch {
	case len(errs) > 0:
		op.End(requestError(ctx, c.exec, opCtx, errs).Errors)
	case opCtx.Operation.Operation != ast.Subscription:
		ctx, cancel := context.WithTimeout(ctx, c.ws.config.OperationTimeout)
		defer cancel()
		c.execute(ctx, op, opCtx)
	case c.ws.config.Live == nil:
		c.execute(ctx, op, opCtx)
	default:
		op.until(c.ws.config.Live.Subscribe(viewer, c.exec, opCtx, op))
	}
}

// execute runs an operation for this client alone.
func (c *conn) execute(ctx context.Context, op *operation, opCtx *graphql.OperationContext) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	op.until(cancel)
	streams := opCtx.Operation.Operation == ast.Subscription
	responses, ctx := c.exec.DispatchOperation(ctx, opCtx)
	for more := true; more; {
		more = op.respond(ctx, responses) && streams
	}
	op.End(nil)
}

// respond sends one response and reports whether another may follow. Each has a context of its own, which
// ends when the response is written out.
func (op *operation) respond(ctx context.Context, responses graphql.ResponseHandler) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	resp := responses(ctx)
	switch {
	case resp == nil:
		return false
	case len(resp.Data) == 0 && len(resp.Errors) > 0:
		// Nothing ran: the protocol has a message for that, and it is the last one.
		op.End(resp.Errors)
		return false
	}
	op.Next(Encode(resp))
	return true
}
