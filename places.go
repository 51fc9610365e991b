package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parley/embedded"
)

// places are where the server keeps things: given by the operator, or its own.
type places struct {
	databaseURL string
	redisURL    string
	key         []byte // seals credentials

	postgres *embedded.Postgres
	redis    *embedded.Redis
}

// openPlaces starts what the operator did not provide.
func openPlaces(ctx context.Context, config Config, log *slog.Logger) (_ *places, err error) {
	p := &places{databaseURL: config.DatabaseURL, redisURL: config.RedisURL}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close(config.StopWithin))
		}
	}()
	dir := ""
	if config.DatabaseURL == "" {
		if dir, err = embedded.DataDir(config.DataDir); err != nil {
			return nil, fmt.Errorf("PARLEY_DATA_DIR: %w", err)
		}
		p.postgres, err = embedded.StartPostgres(ctx, embedded.Config{
			Dir: dir, Durable: true, MaxConnections: config.MaxConnections + 10, Logger: log,
		})
		if err != nil {
			return nil, err
		}
		p.databaseURL = p.postgres.URL()
	}
	if config.RedisURL == "" {
		if p.redis, err = embedded.StartRedis(); err != nil {
			return nil, err
		}
		p.redisURL = p.redis.URL()
	}
	p.key, err = secretKey(config.SecretKey, dir)
	return p, err
}

// secretKey is the operator's, or the one in the data directory, made at the first start.
func secretKey(given, dir string) ([]byte, error) {
	if given != "" {
		return base64.StdEncoding.DecodeString(given)
	}
	path := filepath.Join(dir, "secret.key")
	kept, err := os.ReadFile(path)
	if err == nil {
		return base64.StdEncoding.DecodeString(strings.TrimSpace(string(kept)))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read secret key: %w", err)
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("make secret key: %w", err)
	}
	if err := os.WriteFile(path, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("keep secret key: %w", err)
	}
	return key, nil
}

// lost is closed when a place of our own is gone.
func (p *places) lost() <-chan struct{} {
	if p.postgres == nil {
		return nil
	}
	return p.postgres.Done()
}

func (p *places) close(within time.Duration) error {
	if p.redis != nil {
		p.redis.Stop()
	}
	if p.postgres == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return p.postgres.Stop(ctx)
}
