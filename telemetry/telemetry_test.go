package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"parley/telemetry/span"
)

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Private().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("metrics answer %d", w.Code)
	}
	return w.Body.String()
}

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("there is no %q", line)
		}
	}
}

func TestTally(t *testing.T) {
	t.Parallel()
	t.Run("counts words, and whatever is none as other", func(t *testing.T) {
		t.Parallel()
		m := NewMetrics()
		tally := m.Tally("things_total", "Things.", "kind", "outcome")
		tally.Add("A", "ok", 2)
		tally.Add("A", "ok", 1)
		tally.Add("what a client said\"", "ok", 1)
		m.Tally("codes_total", "Codes.", "code").Add("", "", 1)
		wantLines(t, scrape(t, m), `things_total{kind="A",outcome="ok"} 3`, `things_total{kind="other",outcome="ok"} 1`,
			`codes_total{code="other"} 1`, "# HELP things_total Things.", "# TYPE things_total counter")
	})
	t.Run("has an end", func(t *testing.T) {
		t.Parallel()
		m := NewMetrics()
		tally := m.Tally("things_total", "Things.", "kind", "outcome")
		for i := range 3 * mostSeries {
			tally.Add(fmt.Sprint("kind", i), "ok", 1)
		}
		if n := strings.Count(scrape(t, m), "\nthings_total{"); n != mostSeries+1 {
			t.Errorf("has %d series", n)
		}
	})
}

func TestGauges(t *testing.T) {
	t.Parallel()
	m := NewMetrics()
	var fault error
	m.Gauges("jobs_due", "Jobs.", "kind", func() (map[string]float64, error) { return map[string]float64{"messages": 7}, fault })
	wantLines(t, scrape(t, m), `jobs_due{kind="messages"} 7`)
	fault = errors.New("no database")
	if text := scrape(t, m); strings.Contains(text, "jobs_due") || !strings.Contains(text, "go_goroutines") {
		t.Error("a fault of one family is not its own")
	}
}

// watched serves one request through a Watch.
func watched(t *testing.T, m *Metrics, tracer span.Tracer, handle http.HandlerFunc, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", handle)
	r := httptest.NewRequest(http.MethodGet, "/things/17", nil)
	r.Header = header
	w := httptest.NewRecorder()
	m.HTTP(tracer, func(string, int) {}).Watch(mux).ServeHTTP(w, r)
	return w
}

func TestWatch(t *testing.T) {
	t.Parallel()
	t.Run("times by route, method and status", func(t *testing.T) {
		t.Parallel()
		m := NewMetrics()
		watched(t, m, span.Tracer{}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, nil)
		wantLines(t, scrape(t, m), `http_server_request_duration_seconds_count{method="GET",route="/things/{id}",status="418"} 1`)
	})
	t.Run("counts a panic as a fault and hands it on", func(t *testing.T) {
		t.Parallel()
		m := NewMetrics()
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			watched(t, m, span.Tracer{}, func(http.ResponseWriter, *http.Request) { panic("fault") }, nil)
		}()
		wantLines(t, scrape(t, m), `http_server_request_duration_seconds_count{method="GET",route="/things/{id}",status="500"} 1`)
	})
	t.Run("goes on with the trace of the client", func(t *testing.T) {
		t.Parallel()
		spans := tracetest.NewInMemoryExporter()
		tracer := span.NewTracer(sdk.NewTracerProvider(sdk.WithSyncer(spans)))
		header := http.Header{"Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}
		watched(t, NewMetrics(), tracer, func(_ http.ResponseWriter, r *http.Request) {
			if !span.IsFollowed(r.Context()) {
				t.Error("the handler is not followed")
			}
		}, header)
		got := spans.GetSpans()
		if len(got) != 1 || got[0].Name != "GET /things/{id}" || got[0].Parent.SpanID().String() != "b7ad6b7169203331" {
			t.Errorf("recorded %+v", got)
		}
	})
	for name, c := range map[string]struct {
		said string
		kept bool
	}{
		"keeps a good id":                      {"acceptance-1.2_3", true},
		"makes another for one that is short":  {"abc", false},
		"makes another for one that is long":   {strings.Repeat("x", 101), false},
		"makes another for one with markup":    {"abcdefgh<script>", false},
		"makes one for who brings none":        {"", false},
		"makes another for one of other bytes": {"größe-und-mehr", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen string
			w := watched(t, NewMetrics(), span.Tracer{}, func(_ http.ResponseWriter, r *http.Request) {
				seen = RequestID(r.Context())
			}, http.Header{HeaderRequestID: {c.said}})
			answered := w.Header().Get("X-Request-ID")
			if answered != seen || !isID(answered) || (answered == c.said) != c.kept {
				t.Errorf("%q became %q, and %q for the handler", c.said, answered, seen)
			}
		})
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	log := slog.New(NewLog(slog.NewJSONHandler(&text, nil), func(ctx context.Context) []slog.Attr {
		return []slog.Attr{slog.String("tenant_id", "org_1")}
	}))
	ctx := span.Remote(WithRequestID(t.Context(), "request-1"), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "")
	log.With("a", 1).InfoContext(ctx, "said")
	var line map[string]any
	if err := json.Unmarshal(text.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"msg": "said", "a": 1.0, "request_id": "request-1", "tenant_id": "org_1",
		"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331",
	} {
		if line[key] != want {
			t.Errorf("%s is %v", key, line[key])
		}
	}
}

func TestWantsTraces(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env    map[string]string
		wanted bool
		fault  string
	}{
		"not by default":          {nil, false, ""},
		"with an endpoint":        {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, true, ""},
		"when asked for":          {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		"not when switched off":   {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, false, ""},
		"not by who we are not":   {map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, false, "OTEL_TRACES_EXPORTER"},
		"not in another protocol": {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, "OTEL_EXPORTER_OTLP_PROTOCOL"},
		"not when disabled":       {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wanted, err := wantsTraces(func(key string) string { return c.env[key] })
			if wanted != c.wanted || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
				t.Errorf("wanted %t, %v", wanted, err)
			}
		})
	}
}

func FuzzRequestID(f *testing.F) {
	f.Add("acceptance-1")
	f.Add("a\r\nSet-Cookie: b")
	f.Fuzz(func(t *testing.T, said string) {
		r := &http.Request{Header: http.Header{HeaderRequestID: {said}}}
		if id := requestID(r); !isID(id) || strings.ContainsAny(id, "<>\"\r\n \x00") {
			t.Errorf("%q became %q", said, id)
		}
	})
}
