package transport

import (
	"context"
	"encoding/json"

	"parley/telemetry/span"
)

// cause has what a socket asks for follow the step its connection_init names, as W3C trace context, if it names one.
func (m message) cause(ctx context.Context) context.Context {
	var params struct {
		Traceparent any `json:"traceparent"`
		Tracestate  any `json:"tracestate"`
	}
	if len(m.payload) == 0 || json.Unmarshal(m.payload, &params) != nil {
		return ctx
	}
	parent, _ := params.Traceparent.(string)
	state, _ := params.Tracestate.(string)
	return span.Remote(ctx, parent, state)
}
