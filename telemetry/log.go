package telemetry

import (
	"context"
	"log/slog"

	"parley/telemetry/span"
)

// NewLog has every line say which trace, span and request it belongs to, and what who says of the context: ids only. They
// are what finds the lines about one thing in many processes.
func NewLog(next slog.Handler, who func(context.Context) []slog.Attr) slog.Handler {
	return logger{next, who}
}

type logger struct {
	slog.Handler
	who func(context.Context) []slog.Attr
}

// Handle adds the ids of ctx.
func (l logger) Handle(ctx context.Context, line slog.Record) error {
	if ctx == nil {
		return l.Handler.Handle(context.Background(), line)
	}
	if trace, step := span.IDs(ctx); trace != "" {
		line.AddAttrs(slog.String("trace_id", trace), slog.String("span_id", step))
	}
	if id := RequestID(ctx); id != "" {
		line.AddAttrs(slog.String("request_id", id))
	}
	line.AddAttrs(l.who(ctx)...)
	return l.Handler.Handle(ctx, line)
}

// WithAttrs adds to every line.
func (l logger) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logger{l.Handler.WithAttrs(attrs), l.who}
}

// WithGroup puts what follows into a group.
func (l logger) WithGroup(name string) slog.Handler { return logger{l.Handler.WithGroup(name), l.who} }
