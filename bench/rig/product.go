package rig

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// AppSecret signs the webhooks of the benchmarks.
const AppSecret = "a secret of the benchmarks"

// secretKey seals nothing that anybody reads.
const secretKey = "cGFybGV5IGJlbmNobWFya3Mgc2VhbCBub3RoaW5nISE="

// Build compiles a package of a module and returns the program.
func Build(module, pkg, into string) (string, error) {
	program := filepath.Join(into, cmp.Or(strings.Trim(strings.ReplaceAll(pkg, "/", "-"), ".-"), "parley")+"-server")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, pkg)
	build.Dir = module
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", pkg, err, out)
	}
	return program, nil
}

// Server is a process that answers at an address.
type Server struct {
	*Process
	Address string
}

// Parley starts the product as its users do, on a database and a Redis.
func Parley(ctx context.Context, program, dir, name string, cores Cores, database, redis string) (*Server, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	cmd := cores.command(program)
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Dir = dir
	cmd.Env = append(cmd.Env,
		"DATABASE_URL="+database, "REDIS_URL="+redis, "PARLEY_LISTEN="+address, "PARLEY_SECRET_KEY="+secretKey,
		"META_APP_SECRETS="+AppSecret, "PARLEY_DEMO=no", "PARLEY_RATE_POINTS=2000000000", "PARLEY_RATE_RESTORE=2000000000", "PARLEY_DATA_DIR="+filepath.Join(dir, name), "PARLEY_STOP_WITHIN=5s",
	)
	process, err := start(name, dir, cmd)
	if err != nil {
		return nil, err
	}
	s := &Server{Process: process, Address: address}
	if err := s.ready(ctx); err != nil {
		process.Stop()
		return nil, err
	}
	return s, nil
}

// ready waits until the product is, which listens before its database is up to date.
func (s *Server) ready(ctx context.Context) error {
	if err := s.awaits(ctx, s.Address); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Address+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return s.explain("is not ready: " + err.Error())
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return s.explain("is not ready: " + response.Status)
	}
	return nil
}

// Collect has a peer that offers it give back the memory it does not need.
func (s *Server) Collect(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.Address+"/gc", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("collect garbage of %s: %w", s.Name, err)
	}
	return response.Body.Close()
}

// Peer starts a server of the peers: it is told its address by a flag.
func Peer(ctx context.Context, program, dir, name string, cores Cores, flags ...string) (*Server, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	process, err := start(name, dir, cores.command(program, append([]string{"-addr", address}, flags...)...))
	if err != nil {
		return nil, err
	}
	s := &Server{Process: process, Address: address}
	if err := process.awaits(ctx, address); err != nil {
		process.Stop()
		return nil, err
	}
	return s, nil
}

// Node starts PostGraphile's server in its directory, with the node it brings or the one that is installed.
func Node(ctx context.Context, in, dir, database string) (*Server, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	node := filepath.Join(in, "node_modules", ".bin", "node")
	if _, err := os.Stat(node); err != nil {
		node = "node"
	}
	_, port, _ := strings.Cut(address, ":")
	cmd := exec.Command(node, "server.mjs", port)
	cmd.Dir, cmd.Env = in, append(os.Environ(), "DATABASE_URL="+database)
	process, err := start("postgraphile", dir, cmd)
	if err != nil {
		return nil, err
	}
	s := &Server{Process: process, Address: address}
	if err := process.awaits(ctx, address); err != nil {
		process.Stop()
		return nil, err
	}
	return s, nil
}
