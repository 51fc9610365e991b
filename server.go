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
	"parley/channels/messenger"
	"parley/graph"
	"parley/graph/live"
	"parley/graph/transport"
	"parley/inbox"
	"parley/models"
	"parley/telemetry"
	"parley/web"
	"parley/workers"
)

//go:generate go tool gqlgen generate

func main() {
	config, err := readConfig()
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		log := slog.New(telemetry.NewLog(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: config.LogLevel}), graph.Viewer))
		redis.SetLogger(redisLog{log})
		if len(os.Args) > 1 {
			err = command(ctx, config, os.Args[1:], os.Stdout, log)
		} else {
			err = run(ctx, config, os.Stdout, log)
		}
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
	watch, err := openWatch(ctx, config, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, watch.close(config.StopWithin)) }()
	places, err := openPlaces(ctx, config, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, places.close(config.StopWithin)) }()
	clock := models.Clock(models.SystemClock{})
	demo, err := prepareDemo(&config, places.key, log)
	if err != nil {
		return err
	}
	if demo != nil {
		clock = demo.clock
	}
	p, err := assemble(ctx, config, places, clock, watch, log)
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
	whispers *inbox.Whispers
	library  *library
	webhooks *channels.Webhooks
	visitors *messenger.Handler
	live     *live.Hub
	sockets  *transport.WebSocket
	streams  *transport.Streams
	revoking *inbox.Revocations
	signIn   http.Handler
	server   *http.Server
	ready    *readiness
	front    http.Handler // GraphiQL, or a word on what there is
	docs     http.Handler // the reference of the schema
	log      *slog.Logger

	failed  chan error
	running sync.WaitGroup
	endFeed context.CancelFunc
}

// assemble plugs the floors together.
func assemble(ctx context.Context, config Config, places *places, clock models.Clock, watch *watch, log *slog.Logger) (*parley, error) {
	options, err := redis.ParseURL(places.redisURL)
	if err != nil {
		return nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	store, err := openStore(ctx, config, places, clock)
	if err != nil {
		return nil, err
	}
	public, err := url.Parse(config.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("PARLEY_PUBLIC_URL: %w", err)
	}
	p := &parley{store: store, log: log, failed: make(chan error, 1)}
	options.DialTimeout, options.DialerRetries = time.Second, 1 // the feed tries again by itself
	p.redis = redis.NewClient(options)
	p.whispers = inbox.NewWhispers(p.redis, clock.Now, log)
	if p.library, err = openLibrary(config); err != nil {
		return nil, err
	}
	adapters := config.adapters(config.PublicURL, clock.Now, messenger.New(messenger.Config{Typing: p.whispers.TellVisitor}))
	p.inbox = inbox.New(inbox.Config{
		Store: store, Adapters: adapters, Log: log, Webhooks: config.PublicURL, Media: p.library.MediaConfig, SignIns: signIns(p.redis, log),
		Wake: func(kind models.JobKind) { p.crew.Wake(kind) }, Sent: watch.sent,
	})
	p.crew = workers.New(store, log, config.Tick, workers.Kinds(p.inbox))
	p.crew.OnClaim(watch.claimed)
	p.feed = inbox.NewFeed(store, p.redis, config.Tick, log)
	store.OnCommit(func(organizationID string, events []models.Event) {
		p.feed.Ring(organizationID, events)
		p.revoking.Ring(organizationID, events)
	})
	p.webhooks = channels.NewWebhooks(adapters, p.inbox, log, channels.WebhookOptions{PublicURL: public, Now: clock.Now, Answered: watch.webhook})
	p.visitors = messenger.NewHandler(messenger.Options{
		Desk: inbox.NewMessenger(inbox.MessengerConfig{
			Inbox: p.inbox, Feed: p.feed, Whispers: p.whispers, Uploads: p.inbox.VisitorUploads(), Log: log,
		}),
		Log: log, Now: clock.Now, Address: config.clientAddress(),
	})
	if p.signIn, err = openSignIn(config, p.inbox, log); err != nil {
		return nil, err
	}
	p.ready = &readiness{database: store.Ready, redis: func(ctx context.Context) error { return p.redis.Ping(ctx).Err() }}
	if p.docs, err = web.Reference(graph.SDL()); err != nil {
		return nil, err
	}
	p.front = config.front()
	if err := p.openAPI(config, watch); err != nil {
		return nil, err
	}
	watch.look(p)
	return p, nil
}

// openAPI makes the transports of GraphQL and the server they are on.
func (p *parley) openAPI(config Config, watch *watch) error {
	authenticate := graph.Authenticate(p.store)
	limits, err := config.onGraph(p.redis, p.log)
	if err != nil {
		return err
	}
	p.live = live.NewHub(p.store, p.feed, p.whispers, p.log)
	p.live.Observe(watch)
	answers := transport.HTTP{Authenticate: authenticate, Address: config.clientAddress(), Limiter: limits.Limiter, Log: p.log}
	p.streams = transport.NewStreams(transport.StreamsConfig{HTTP: answers, Live: p.live})
	p.sockets = transport.NewWebSocket(transport.WebSocketConfig{
		Authenticate: graph.OnlyMembers(authenticate), Address: config.clientAddress(), Limiter: limits.Limiter, Origins: config.Origins,
		Context: watch.socket, Live: p.live, Log: p.log,
	})
	p.revoking = inbox.NewRevocations(inbox.RevocationsConfig{
		Store: p.store, Redis: p.redis, Guests: []inbox.Guests{p.sockets, p.streams}, Log: p.log,
	})
	executor := graph.NewExecutor(&graph.Resolver{Inbox: p.inbox, Whispers: p.whispers, Limits: limits}, p.log)
	executor.Use(watch.observing()) // the last, so that it sees what the others reject
	p.server = &http.Server{
		Handler: watch.http.Watch(routes(p, config.shared(transport.Handler{
			Executor:   executor,
			Transports: []graphqlTransport{p.sockets, p.streams, answers},
			Log:        p.log,
		}))),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(p.log.Handler(), slog.LevelWarn),
	}
	p.server.RegisterOnShutdown(p.visitors.EndStreams)
	p.server.RegisterOnShutdown(p.streams.EndStreams)
	return nil
}

// clientAddress tells where a request comes from: nil leaves that to the connection.
func (c Config) clientAddress() func(*http.Request) string {
	if c.AddressHeader == "" {
		return nil
	}
	return func(r *http.Request) string { return r.Header.Get(c.AddressHeader) }
}

// front is what a browser finds at the root.
func (c Config) front() http.Handler {
	if c.hasIDE() {
		return web.Handler()
	}
	return web.Signpost()
}

func openStore(ctx context.Context, config Config, places *places, clock models.Clock) (*models.Store, error) {
	cipher, err := models.NewCipher(places.key)
	if err != nil {
		return nil, err
	}
	return models.Open(ctx, models.Config{
		URL: places.databaseURL, MaxConnections: config.MaxConnections, Clock: clock, Cipher: cipher, Rules: config.rules(),
	})
}

func routes(p *parley, graphql http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/graphql", graphql)
	mux.Handle("/webhooks/", p.webhooks)
	mux.Handle("/messenger/", p.visitors)
	mux.Handle("/media/", p.inbox.MediaHandler())
	mux.Handle("/signin/", p.signIn)
	mux.HandleFunc("GET /schema.graphql", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = io.WriteString(w, graph.SDL())
	})
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "alive\n") })
	mux.Handle("GET /readyz", p.ready)
	mux.Handle("/docs", p.docs)
	mux.Handle("/docs/", p.docs)
	mux.Handle("/", p.front)
	return mux
}

func (p *parley) start(listener net.Listener) {
	feeding, end := context.WithCancel(context.Background())
	p.endFeed = end
	p.running.Go(func() { p.feed.Run(feeding) })
	p.running.Go(func() { p.whispers.Run(feeding) })
	p.running.Go(func() { p.revoking.Run(feeding) })
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
	p.live.Wait()
	if err := p.library.close(); err != nil {
		errs = append(errs, fmt.Errorf("close the files: %w", err))
	}
	if err := p.redis.Close(); err != nil {
		errs = append(errs, fmt.Errorf("leave redis: %w", err))
	}
	return errors.Join(errs...)
}
