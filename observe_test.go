package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"parley/embedded/embeddedtest"
)

// metricsAddress is a log that keeps where metrics are served, and forgets the rest.
type metricsAddress struct {
	mu      sync.Mutex
	address string
}

func (m *metricsAddress) Enabled(context.Context, slog.Level) bool { return true }
func (m *metricsAddress) WithAttrs([]slog.Attr) slog.Handler       { return m }
func (m *metricsAddress) WithGroup(string) slog.Handler            { return m }

func (m *metricsAddress) Handle(_ context.Context, line slog.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	line.Attrs(func(a slog.Attr) bool {
		if line.Message == "serving metrics" && a.Key == "address" {
			m.address = a.Value.String()
		}
		return true
	})
	return nil
}

func (m *metricsAddress) url() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return "http://" + m.address
}

// value reads one sample of the metrics.
func (s *served) value(t *testing.T, series string) string {
	t.Helper()
	_, text := get(t, s.metrics+"/metrics")
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindStringSubmatch(text)
	if found == nil {
		return ""
	}
	return found[1]
}

// until waits until a sample has a value.
func (s *served) until(t *testing.T, series, want string) {
	t.Helper()
	for end := time.Now().Add(patience); s.value(t, series) != want; {
		if time.Now().After(end) {
			t.Fatalf("%s is %q, not %s", series, s.value(t, series), want)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	redis, err := embeddedtest.StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Stop)
	s := serve(t, testConfig(embeddedtest.Database(t, database, ""), redis.URL()))

	t.Run("tell of a delivery from its webhook to its subscriber", func(t *testing.T) {
		events := subscribe(t, s, everything, object{"organization": s.organization})
		s.until(t, "graphql_subscriptions_active", "1")
		s.curl(t)
		events.next(said("Do you deliver on Sundays?"))
		for series, want := range map[string]string{
			`webhook_deliveries_total{outcome="received",platform="WHATSAPP"}`:                                    "1",
			`http_server_request_duration_seconds_count{method="POST",route="/webhooks/{platform}",status="200"}`: "1",
			`graphql_connections_active{transport="websocket"}`:                                                   "1",
			`jobs_due{kind="messages"}`: "0",
			`db_pool_connections_max`:   "20",
		} {
			s.until(t, series, want)
		}
		if n := s.value(t, "graphql_events_delivered_total"); n == "0" || n == "" {
			t.Errorf("%s payloads were delivered", n)
		}
		if n := s.value(t, "graphql_event_lag_seconds_count"); n == "0" || n == "" {
			t.Errorf("the lag of %s events is known", n)
		}
		_ = events.socket.Close()
		s.until(t, "graphql_subscriptions_active", "0")
		s.until(t, `graphql_operations_total{outcome="ok",type="subscription"}`, "1")
	})
	t.Run("tell of operations and of what was turned away, whatever clients call them", func(t *testing.T) {
		for i := range 50 {
			post(t, s, fmt.Sprintf("query Name%d { __typename }", i), nil)
		}
		_, before := get(t, s.metrics+"/metrics")
		response, err := http.Post(s.url+"/graphql", "text/plain", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		s.until(t, `graphql_operations_total{outcome="ok",type="query"}`, "50")
		s.until(t, `graphql_rejected_total{reason="unsupported_media_type"}`, "1")
		if strings.Contains(before, "Name1") {
			t.Error("a name of a client's is a label")
		}
	})
	t.Run("explain each family", func(t *testing.T) {
		_, text := get(t, s.metrics+"/metrics")
		for family := range strings.SplitSeq(text, "# HELP ") {
			if name, _, _ := strings.Cut(family, " "); family != "" && !strings.Contains(family, "# TYPE "+name+" ") {
				t.Errorf("%s has no type", name)
			}
		}
	})
	t.Run("are not public", func(t *testing.T) {
		for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/vars"} {
			if status, _ := get(t, s.url+path); status != http.StatusNotFound {
				t.Errorf("%s answers %d", path, status)
			}
		}
		if status, _ := get(t, s.metrics+"/debug/pprof/"); status != http.StatusOK {
			t.Errorf("operators' profiles answer %d", status)
		}
	})
	t.Run("readiness says when Redis is away, and stays", func(t *testing.T) {
		redis.Kill()
		if status, text := get(t, s.url+"/readyz"); status != http.StatusOK || !strings.Contains(text, "without redis") {
			t.Errorf("answers %d %q", status, text)
		}
	})
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	var database, redis error
	r := &readiness{
		database: func(context.Context) error { return database }, redis: func(context.Context) error { return redis },
	}
	check := func(want int) {
		t.Helper()
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		if w.Code != want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("answers %d %v, want %d", w.Code, w.Header(), want)
		}
	}
	check(http.StatusOK)
	redis = errors.New("away")
	check(http.StatusOK)
	database = errors.New("away")
	check(http.StatusServiceUnavailable)
	database, redis = nil, nil
	r.stop()
	check(http.StatusServiceUnavailable)
}

func TestMetricsAddress(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	config := testConfig("", "")
	config.MetricsListen = taken.Addr().String()
	_, err = openWatch(t.Context(), config, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "PARLEY_METRICS_LISTEN") {
		t.Errorf("a port that is taken is answered %v", err)
	}
	for _, address := range []string{metricsOff, metricsAuto} { // whether 9090 is free or not
		config.MetricsListen = address
		w, err := openWatch(t.Context(), config, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		if err := w.close(time.Second); err != nil {
			t.Error(err)
		}
	}
}

// step is a span as a collector got it.
type step struct{ service, name, trace string }

// collect is an OTLP collector that keeps what it is sent.
type collect struct {
	url   string
	mu    sync.Mutex
	steps []step
	news  chan struct{}
}

func newCollect(t *testing.T) *collect {
	t.Helper()
	c := &collect{news: make(chan struct{}, 1)}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *collect) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var request collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range request.ResourceSpans {
		service := ""
		for _, a := range of.Resource.Attributes {
			if a.Key == "service.name" {
				service = a.Value.GetStringValue()
			}
		}
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				c.steps = append(c.steps, step{service, s.Name, fmt.Sprintf("%x", s.TraceId)})
			}
		}
	}
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// await waits for a step and returns its trace.
func (c *collect) await(t *testing.T, service, name, trace string) string {
	t.Helper()
	timeout := time.After(patience)
	for {
		c.mu.Lock()
		for _, s := range c.steps {
			if s.service == service && s.name == name && (trace == "" || s.trace == trace) {
				c.mu.Unlock()
				return s.trace
			}
		}
		c.mu.Unlock()
		select {
		case <-c.news:
		case <-timeout:
			t.Fatalf("%s never told of %q in %q: %v", service, name, trace, c.steps)
		}
	}
}

func TestTraces(t *testing.T) {
	t.Parallel()
	t.Run("follow a delivery into another process", func(t *testing.T) {
		t.Parallel()
		c, redis := newCollect(t), startRedis(t)
		url := embeddedtest.Database(t, database, "")
		traced := []string{"DATABASE_URL=" + url, "REDIS_URL=" + redis, "OTEL_EXPORTER_OTLP_ENDPOINT=" + c.url, "OTEL_BSP_SCHEDULE_DELAY=50"}
		one := start(t, append(traced, "PARLEY_DEMO=yes", "OTEL_SERVICE_NAME=one")...)
		two := start(t, append(traced, "PARLEY_DEMO=no", "OTEL_SERVICE_NAME=two")...)
		two.token, two.organization = one.token, one.organization
		atOne := subscribe(t, &one.served, everything, object{"organization": one.organization})
		atTwo := subscribe(t, &two.served, everything, object{"organization": one.organization})
		post(t, &one.served, "{ __typename }", nil)
		c.await(t, "one", "query", c.await(t, "one", "POST /graphql", ""))

		one.curl(t)
		atOne.next(said("Do you deliver on Sundays?"))
		atTwo.next(said("Do you deliver on Sundays?"))

		trace := c.await(t, "one", "POST /webhooks/{platform}", "")
		for _, name := range []string{"webhook", "transaction", "deliver"} {
			c.await(t, "one", name, trace)
		}
		c.await(t, "two", "deliver", trace)
	})
}

func startRedis(t *testing.T) string {
	t.Helper()
	url, stop, err := embeddedtest.Redis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return url
}
