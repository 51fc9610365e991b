// Parley is the backend of a shared social inbox.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/channels"
	"parley/channels/telegram"
	"parley/channels/whatsapp"
	"parley/graph"
	"parley/graph/transport"
	"parley/inbox"
	"parley/models"
	"parley/web"
	"parley/workers"
)

//go:generate go tool gqlgen generate

func main() {
	config, err := readConfig()
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
		redis.SetLogger(redisLog{log})
		err = run(ctx, config, os.Stdout, log)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "parley:", err)
		os.Exit(1)
	}
}

// redisLog is where the Redis client tells of connections it could not make.
type redisLog struct{ log *slog.Logger }

// Printf logs one line.
func (r redisLog) Printf(_ context.Context, format string, v ...any) {
	r.log.Warn("redis client", "message", fmt.Sprintf(format, v...))
}

// run serves until ctx ends or something it cannot do without fails. Everything it started has stopped when it returns.
func run(ctx context.Context, config Config, out io.Writer, log *slog.Logger) (err error) {
	listener, err := config.listen()
	if err != nil {
		return err
	}
	defer listener.Close()
	places, err := openPlaces(ctx, config, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, places.close(config.StopWithin)) }()
	demo, err := prepareDemo(&config, places.key, log)
	if err != nil {
		return err
	}
	p, err := assemble(ctx, config, places, log)
	if err != nil {
		return err
	}
	defer p.store.Close()
	p.start(listener)
	if err := demo.begin(ctx, p.inbox, out); err != nil {
		return errors.Join(err, p.stop(config.StopWithin), demo.end(config.StopWithin))
	}
	fmt.Fprintf(out, "Parley is ready on %s\n", config.PublicURL)
	select {
	case <-ctx.Done():
		log.Info("stopping")
	case err = <-p.failed:
	case <-places.lost():
		err = errors.New("the database server has ended")
	}
	return errors.Join(err, p.stop(config.StopWithin), demo.end(config.StopWithin))
}

// parley is the running product.
type parley struct {
	store    *models.Store
	redis    *redis.Client
	inbox    *inbox.Inbox
	feed     *inbox.Feed
	crew     *workers.Crew
	webhooks *channels.Webhooks
	sockets  *transport.WebSocket
	server   *http.Server
	ready    *readiness
	log      *slog.Logger

	failed  chan error
	running sync.WaitGroup
	endFeed context.CancelFunc
}

// assemble plugs the floors together.
func assemble(ctx context.Context, config Config, places *places, log *slog.Logger) (*parley, error) {
	cipher, err := models.NewCipher(places.key)
	if err != nil {
		return nil, err
	}
	options, err := redis.ParseURL(places.redisURL)
	if err != nil {
		return nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	store, err := models.Open(ctx, models.Config{
		URL: places.databaseURL, MaxConnections: config.MaxConnections, Clock: models.SystemClock{}, Cipher: cipher, Rules: config.rules(),
	})
	if err != nil {
		return nil, err
	}
	public, err := url.Parse(config.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("PARLEY_PUBLIC_URL: %w", err)
	}
	p := &parley{store: store, log: log, failed: make(chan error, 1)}
	adapters := channels.NewRegistry(
		whatsapp.New(whatsapp.Config{
			AppSecrets: config.WhatsAppAppSecrets, VerifyToken: config.WhatsAppVerifyToken, APIBase: config.WhatsAppAPI,
		}),
		telegram.New(telegram.Config{APIBase: config.TelegramAPI}),
	)
	p.inbox = inbox.New(inbox.Config{
		Store: store, Adapters: adapters, Log: log, Webhooks: config.PublicURL,
		Wake: func(kind models.JobKind) { p.crew.Wake(kind) },
	})
	p.crew = workers.New(store, log, config.Tick, workers.Kinds(p.inbox))
	options.DialTimeout, options.DialerRetries = time.Second, 1 // the feed tries again by itself
	p.redis = redis.NewClient(options)
	p.feed = inbox.NewFeed(store, p.redis, config.Tick, log)
	store.OnCommit(p.feed.Ring)
	p.webhooks = channels.NewWebhooks(adapters, p.inbox, log, channels.WebhookOptions{PublicURL: public})
	p.ready = &readiness{ping: store.Ping}
	authenticate := graph.Authenticate(store)
	p.sockets = transport.NewWebSocket(transport.WebSocketConfig{Authenticate: authenticate, Origins: config.Origins, Log: log})
	p.server = &http.Server{
		Handler: routes(p, transport.Handler{
			Executor:   graph.NewExecutor(&graph.Resolver{Inbox: p.inbox, Feed: p.feed}, log),
			Transports: []graphqlTransport{p.sockets, transport.HTTP{Authenticate: authenticate, Log: log}},
			Log:        log,
		}),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return p, nil
}

func routes(p *parley, graphql http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/graphql", graphql)
	mux.Handle("/webhooks/", p.webhooks)
	mux.HandleFunc("GET /schema.graphql", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = io.WriteString(w, graph.SDL())
	})
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "alive\n") })
	mux.Handle("GET /readyz", p.ready)
	mux.Handle("/", web.Handler())
	return mux
}

func (p *parley) start(listener net.Listener) {
	feeding, end := context.WithCancel(context.Background())
	p.endFeed = end
	p.running.Go(func() { p.feed.Run(feeding) })
	p.crew.Start()
	p.running.Go(func() {
		if err := p.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.failed <- fmt.Errorf("serve: %w", err)
		}
	})
}

// stop turns newcomers away, lets what runs finish, tells sockets to come back elsewhere, and waits for all of it.
func (p *parley) stop(within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	p.ready.stop()
	var errs []error
	var parts sync.WaitGroup
	var mu sync.Mutex
	for name, part := range map[string]func(context.Context) error{
		"requests": p.server.Shutdown, "sockets": p.sockets.Shutdown, "workers": p.crew.Stop,
	} {
		parts.Go(func() {
			if err := part(ctx); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, fmt.Errorf("stop %s: %w", name, err))
			}
		})
	}
	parts.Wait()
	if err := p.webhooks.Close(ctx); err != nil {
		errs = append(errs, fmt.Errorf("stop acknowledging: %w", err))
	}
	p.endFeed()
	p.running.Wait()
	if err := p.redis.Close(); err != nil {
		errs = append(errs, fmt.Errorf("leave redis: %w", err))
	}
	return errors.Join(errs...)
}
