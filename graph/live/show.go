package live

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parley/graph/transport"
	"parley/graph/view"
	"parley/inbox"
	"parley/models"
)

// question is a subscription as one sight sees it. All who ask it get the same answers.
type question struct {
	exec   graphql.GraphExecutor
	op     *graphql.OperationContext
	sight  models.Viewer
	access models.Access // of the sight
}

// show is one execution of a question. It is not for concurrent use.
type show struct {
	question
	ctx       context.Context
	source    source
	responses graphql.ResponseHandler
}

// answer is what one event means to a question: nothing, a payload, or the end.
type answer struct {
	payload []byte
	end     gqlerror.List
}

// begin executes the question as far as its first event. It fails with errors for the client.
func (q question) begin(scope *view.Scope) (*show, gqlerror.List) {
	s := &show{question: q}
	ctx := context.WithValue(view.WithViewer(context.Background(), q.sight), sourceKey{}, &s.source)
	s.responses, s.ctx = q.exec.DispatchOperation(ctx, q.op)
	if s.source.admit == nil { // its resolver was not reached
		return nil, s.last()
	}
	if err := s.source.admit(view.With(s.ctx, scope)); err != nil {
		return nil, q.errors(err)
	}
	return s, nil
}

// last is what an execution says that has nothing to stream.
func (s *show) last() gqlerror.List {
	if response := s.responses(s.ctx); response != nil {
		return response.Errors
	}
	return nil
}

// needs is what answers to events will be made of, as far as it is known.
func (s *show) needs(events []models.Event) (all view.Needs) {
	if s.source.writer == nil {
		return all
	}
	for _, e := range events {
		all = all.And(s.source.writer.Needs(e))
	}
	return all
}

func (s *show) ofEvent(scope *view.Scope, e models.Event) answer {
	if !s.access.Sees(e) {
		return answer{}
	}
	ctx := view.With(s.ctx, scope)
	offered, err := s.source.event(ctx, e)
	return s.make(ctx, scope, offered, err)
}

func (s *show) ofWhisper(scope *view.Scope, w inbox.Whisper) answer {
	ctx := view.With(s.ctx, scope)
	if !s.mayHear(ctx, scope, w) {
		return answer{}
	}
	offered, err := s.source.whisper(ctx, w)
	return s.make(ctx, scope, offered, err)
}

// mayHear reports whether a whisper is about nothing that is not there for the sight. Whispers do not say on which channel
// they are.
func (s *show) mayHear(ctx context.Context, scope *view.Scope, w inbox.Whisper) bool {
	if w.ConversationID == "" || !s.access.IsLimited() {
		return true
	}
	c, err := scope.Conversation.Load(ctx, w.ConversationID)
	return err == nil && c != nil
}

func (s *show) make(ctx context.Context, scope *view.Scope, offered offer, err error) answer {
	if err != nil {
		scope.Blame(err)
		return answer{end: s.errors(err)}
	}
	if !offered.wanted {
		return answer{}
	}
	if offered.data != nil {
		return answer{payload: transport.Encode(&graphql.Response{Data: offered.data})}
	}
	response := s.responses(ctx)
	if response == nil {
		return answer{end: s.errors(context.Canceled)}
	}
	blame(scope, response.Errors)
	if len(response.Data) == 0 && len(response.Errors) > 0 {
		return answer{end: response.Errors}
	}
	return answer{payload: transport.Encode(response)}
}

// blame holds the scope responsible for what clients would be shown as a fault of ours.
func blame(scope *view.Scope, errs gqlerror.List) {
	for _, err := range errs {
		if err.Extensions["code"] == transport.CodeInternal {
			scope.Blame(err)
		}
	}
}

// errors shows an error the way the executor shows errors.
func (q question) errors(err error) gqlerror.List {
	ctx := graphql.WithOperationContext(context.Background(), q.op)
	return q.exec.DispatchError(ctx, gqlerror.List{gqlerror.Wrap(err)}).Errors
}
