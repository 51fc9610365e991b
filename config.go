package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"parley/models"
)

// Config is everything an operator can set. Each field names its environment variable.
type Config struct {
	// PostgreSQL 15 or newer. Empty: the server runs its own, in the data directory.
	DatabaseURL string `env:"DATABASE_URL"`
	// Redis 6 or newer. Empty: one inside the process, which is enough for a single process.
	RedisURL string `env:"REDIS_URL"`
	// The address to serve on.
	Listen string `env:"PARLEY_LISTEN" envDefault:"127.0.0.1:8080"`
	// How platforms and browsers reach this server. Empty: http:// and the address above.
	PublicURL string `env:"PARLEY_PUBLIC_URL"`
	// Where metrics and profiles are served, for operators only: an address, off, or auto (127.0.0.1:9090 if that is free).
	MetricsListen string `env:"PARLEY_METRICS_LISTEN" envDefault:"auto"`
	// The least important lines of the log: DEBUG, INFO, WARN or ERROR.
	LogLevel slog.Level `env:"PARLEY_LOG_LEVEL" envDefault:"INFO"`
	// The header in which a proxy of yours names the client's address, such as X-Real-IP. Empty: the connection's other end.
	AddressHeader string `env:"PARLEY_ADDRESS_HEADER"`
	// Web pages on other hosts that may open a websocket, and to which people may come back from signing in elsewhere, as
	// browsers name them: https://app.example.com, comma-separated.
	Origins []string `env:"PARLEY_ORIGINS"`
	// Seals the credentials of channels: 32 bytes in base64. Required with DATABASE_URL, and the same in every process;
	// otherwise made at the first start and kept in the data directory.
	SecretKey string `env:"PARLEY_SECRET_KEY"`
	// Where the server keeps what it runs itself.
	DataDir string `env:"PARLEY_DATA_DIR" envDefault:".parley"`
	// Most connections to PostgreSQL.
	MaxConnections int `env:"PARLEY_MAX_CONNECTIONS" envDefault:"20"`

	Platforms
	Files
	Limits
	OIDC

	// How long before a reply window closes it is announced as closing soon.
	WindowLead time.Duration `env:"PARLEY_WINDOW_LEAD" envDefault:"2h"`
	// After more than so many days without activity an inbox is deactivated.
	InactiveDays int `env:"PARLEY_INACTIVE_DAYS" envDefault:"60"`
	// How many days the event log reaches back.
	EventDays int `env:"PARLEY_EVENT_DAYS" envDefault:"30"`
	// How often what Redis and wake-ups may have missed is looked for.
	Tick time.Duration `env:"PARLEY_TICK" envDefault:"1s"`
	// How long what is running may take to finish when the server is stopped.
	StopWithin time.Duration `env:"PARLEY_STOP_WITHIN" envDefault:"20s"`

	// Whether to serve GraphiQL at /: yes, no, or auto (only with the demo).
	IDE string `env:"PARLEY_IDE" envDefault:"auto"`
	// Whether to run the simulator with a demo organization: yes, no, or auto (only without DATABASE_URL).
	Demo string `env:"PARLEY_DEMO" envDefault:"auto"`
	// Where the simulator of the platforms serves, in the demo.
	SimulatorListen string `env:"PARLEY_SIMULATOR_LISTEN" envDefault:"127.0.0.1:8081"`
	// How often, on average, a simulated customer says something.
	DemoEvery time.Duration `env:"PARLEY_DEMO_EVERY" envDefault:"20s"`
}

// readConfig reads and checks the environment. An error names the variable at fault.
func readConfig() (Config, error) {
	var c Config
	if err := env.Parse(&c); err != nil {
		return c, named(err)
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	return c, c.check()
}

// listen opens the address to serve on. Port 0 becomes the port that was free.
func (c *Config) listen() (net.Listener, error) {
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("PARLEY_LISTEN: %w", err)
	}
	c.Listen = listener.Addr().String()
	if c.PublicURL == "" {
		c.PublicURL = "http://" + c.Listen
	}
	return listener, nil
}

// named puts the name of the variable where env has only that of the field.
func named(err error) error {
	var wrong env.ParseError
	if !errors.As(err, &wrong) {
		return err
	}
	field, ok := reflect.TypeFor[Config]().FieldByName(wrong.Name)
	if !ok {
		return err
	}
	return fmt.Errorf("%s: %w", field.Tag.Get("env"), wrong.Err)
}

func (c Config) check() error {
	for _, name := range slices.Sorted(maps.Keys(c.addresses())) {
		if !isURL(c.addresses()[name], "http", "https") {
			return fmt.Errorf("%s must be an http or https address", name)
		}
	}
	for _, rule := range []struct {
		holds bool
		name  string
		want  string
	}{
		{c.PublicURL == "" || isURL(c.PublicURL, "http", "https"), "PARLEY_PUBLIC_URL", "must be an http or https address"},
		{!slices.ContainsFunc(c.Origins, func(o string) bool { return !isOrigin(o) }), "PARLEY_ORIGINS", "must be origins, such as https://app.example.com"},
		{c.DatabaseURL == "" || isURL(c.DatabaseURL, "postgres", "postgresql"), "DATABASE_URL", "must be a postgres:// address"},
		{c.RedisURL == "" || isURL(c.RedisURL, "redis", "rediss", "unix"), "REDIS_URL", "must be a redis:// address"},
		{c.SecretKey == "" || c.hasKey(), "PARLEY_SECRET_KEY", "must be 32 bytes in base64: openssl rand -base64 32"},
		{c.DatabaseURL == "" || c.SecretKey != "", "PARLEY_SECRET_KEY", "is required with DATABASE_URL: openssl rand -base64 32"},
		{c.MaxConnections >= 4, "PARLEY_MAX_CONNECTIONS", "must be at least 4"},
		{c.WindowLead > 0 && c.WindowLead < 24*time.Hour, "PARLEY_WINDOW_LEAD", "must be more than 0 and less than 24h"},
		{c.InactiveDays >= 1, "PARLEY_INACTIVE_DAYS", "must be at least 1"},
		{c.EventDays >= 1, "PARLEY_EVENT_DAYS", "must be at least 1"},
		{c.Tick >= 10*time.Millisecond, "PARLEY_TICK", "must be at least 10ms"},
		{c.StopWithin > 0, "PARLEY_STOP_WITHIN", "must be more than 0"},
		{c.DemoEvery > 0, "PARLEY_DEMO_EVERY", "must be more than 0"},
		{c.IDE == "auto" || c.IDE == "yes" || c.IDE == "no", "PARLEY_IDE", "must be yes, no or auto"},
		{c.Demo == "auto" || c.Demo == "yes" || c.Demo == "no", "PARLEY_DEMO", "must be yes, no or auto"},
	} {
		if !rule.holds {
			return fmt.Errorf("%s %s", rule.name, rule.want)
		}
	}
	return errors.Join(c.Limits.wrong(), c.OIDC.check())
}

func isURL(address string, schemes ...string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	for _, s := range schemes {
		if u.Scheme == s && (u.Host != "" || u.Path != "" || u.RawQuery != "") {
			return true
		}
	}
	return false
}

func (c Config) hasKey() bool {
	key, err := base64.StdEncoding.DecodeString(c.SecretKey)
	return err == nil && len(key) == 32
}

// hasDemo reports whether the demo organization and its simulator run.
func (c Config) hasDemo() bool { return c.Demo == "yes" || c.Demo == "auto" && c.DatabaseURL == "" }

// hasIDE reports whether GraphiQL is served.
func (c Config) hasIDE() bool { return c.IDE == "yes" || c.IDE == "auto" && c.hasDemo() }

func (c Config) rules() models.Rules {
	r := models.DefaultRules()
	r.WindowLead, r.HumanAgent = c.WindowLead, c.MetaHumanAgent
	r.InactiveAfter = time.Duration(c.InactiveDays) * 24 * time.Hour
	r.EventRetention = time.Duration(c.EventDays) * 24 * time.Hour
	return r
}
