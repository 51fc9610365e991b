package graph

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"parley/graph/transport"
)

// log writes one line about an operation: a fault of ours at warn, other failures and what is slow at info, the rest at
// debug. What was asked it names by the hash of the document; variables and answers it never shows.
func (o Observing) log(ctx context.Context, op *graphql.OperationContext, done Operation) {
	level := o.level(done)
	if o.Log == nil || !o.Log.Enabled(ctx, level) {
		return
	}
	slices.Sort(done.Codes)
	hash := "" // of what was rejected unread
	if op.RawQuery != "" {
		hash = transport.HashOf(op.RawQuery)
	}
	o.Log.LogAttrs(ctx, level, "graphql operation",
		slog.String("op_type", done.Type), slog.String("op_name", opName(op)), slog.String("doc_sha256", hash),
		slog.Int("cost", done.Cost), slog.Int64("duration_ms", done.Took.Milliseconds()),
		slog.String("status", string(done.Outcome)), slog.String("error_codes", strings.Join(slices.Compact(done.Codes), ",")))
}

func (o Observing) level(done Operation) slog.Level {
	switch {
	case slices.Contains(done.Codes, transport.CodeInternal):
		return slog.LevelWarn
	case len(done.Codes) > 0, done.Took > cmp.Or(o.Slow, time.Second):
		return slog.LevelInfo
	default:
		return slog.LevelDebug
	}
}

// longestName is how much of a name is shown that a client gave.
const longestName = 100

// opName is what the client calls the operation, as far as it is a name.
func opName(op *graphql.OperationContext) string {
	name := op.OperationName
	if name == "" && op.Operation != nil {
		name = op.Operation.Name
	}
	name = name[:min(len(name), longestName)]
	return strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, name)
}
