package transport

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// operation is one subscribe message at work. It may speak while the table has it under its id.
type operation struct {
	id     string
	ctx    context.Context
	cancel context.CancelFunc
}

func (c *conn) subscribe(m message) {
	if c.viewer == nil {
		c.end(CloseUnauthorized, "Unauthorized")
		return
	}
	op := &operation{id: m.id}
	switch c.admit(op) {
	case duplicate:
		c.end(CloseDuplicateID, "Subscriber for this id already exists")
		return
	case full:
		c.send(errorMessage(m.id, gqlerror.List{coded(CodeTooManyOperations, "Too many operations on this connection.")}))
		return
	}
	m.params.Headers = c.header
	c.finished.Go(func() { c.run(op, m.params) })
}

type admission int

const (
	admitted admission = iota
	duplicate
	full
)

// admit gives op its id. What the client gave up counts too until it has really ended, though less.
func (c *conn) admit(op *operation) admission {
	c.mu.Lock()
	defer c.mu.Unlock()
	limit := c.ws.config.MaxOperations
	switch {
	case c.operations[op.id] != nil:
		return duplicate
	case len(c.operations) >= limit, c.running >= 2*limit:
		return full
	}
	op.ctx, op.cancel = context.WithCancel(c.viewer)
	c.operations[op.id] = op
	c.running++
	return admitted
}

// forget ends an operation at the client's word: its id is free at once, and nothing more is said about it.
func (c *conn) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if op := c.operations[id]; op != nil {
		delete(c.operations, id)
		op.cancel()
	}
}

// say sends text about op, unless the client has turned to other things; after the last text its id is free.
// The table stays locked meanwhile, or an id used again could receive its forerunner's words.
func (c *conn) say(op *operation, text []byte, last bool) {
	c.mu.Lock()
	if c.operations[op.id] != op {
		c.mu.Unlock()
		return
	}
	if last {
		delete(c.operations, op.id)
	}
	fits := c.out.push(frame{websocket.TextMessage, text})
	c.mu.Unlock()
	if !fits {
		c.endSlow()
	}
}

func (c *conn) run(op *operation, params *graphql.RawParams) {
	ctx := graphql.StartOperationTrace(op.ctx)
	defer func() {
		if panicked := recover(); panicked != nil {
			c.say(op, errorMessage(op.id, gqlerror.List{recovered(ctx, c.exec, c.ws.config.Log, panicked)}), true)
		}
		op.cancel()
		c.mu.Lock()
		c.running--
		c.mu.Unlock()
	}()
	c.execute(ctx, op, params)
}

func (c *conn) execute(ctx context.Context, op *operation, params *graphql.RawParams) {
	now := graphql.Now()
	params.ReadTime = graphql.TraceTiming{Start: now, End: now}
	opCtx, errs := c.exec.CreateOperationContext(ctx, params)
	if len(errs) > 0 {
		c.say(op, errorMessage(op.id, requestError(ctx, c.exec, opCtx, errs).Errors), true)
		return
	}
	streams := opCtx.Operation.Operation == ast.Subscription
	if !streams {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.ws.config.OperationTimeout)
		defer cancel()
	}
	responses, ctx := c.exec.DispatchOperation(ctx, opCtx)
	for more := true; more; {
		more = c.respond(ctx, op, responses) && streams
	}
	c.say(op, completeMessage(op.id), true)
}

// respond sends one response and reports whether another may follow. Each has a context of its own, which
// ends when the response is written out.
func (c *conn) respond(ctx context.Context, op *operation, responses graphql.ResponseHandler) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	resp := responses(ctx)
	switch {
	case resp == nil:
		return false
	case len(resp.Data) == 0 && len(resp.Errors) > 0:
		// Nothing ran: the protocol has a message for that, and it is the last one.
		c.say(op, errorMessage(op.id, resp.Errors), true)
		return false
	}
	c.say(op, nextMessage(op.id, resp), false)
	return true
}
