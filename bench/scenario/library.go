package scenario

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"parley/bench/load"
	"parley/bench/report"
	"parley/bench/rig"
)

// library is the peers' own data set of the inbox page.
type library struct {
	database string
	program  string
	graphile string // the directory of PostGraphile; empty: it cannot be installed here
}

// openLibrary fills the peers' database as their own scripts do; nil without peers.
func (l *Lab) openLibrary(ctx context.Context) (*library, error) {
	if l.Peers == "" {
		return nil, nil
	}
	database, err := l.postgres.Database(ctx, "bench_peers")
	if err != nil {
		return nil, err
	}
	_, w := l.shelf(true)
	for _, script := range []string{"schema.sql", "seed.sql"} {
		fill := l.postgres.Program(ctx, "psql", database, "-q", "-v", "ON_ERROR_STOP=1",
			"-v", "convs="+strconv.Itoa(w.Conversations), "-v", "msgs="+strconv.Itoa(w.Messages), "-f", filepath.Join(l.Peers, "query", script))
		if out, err := fill.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("fill the peers' database: %w: %s", err, out)
		}
	}
	library := &library{database: database}
	if library.program, err = l.peer("query/server"); err != nil {
		return nil, err
	}
	if l.wants("postgraphile") {
		if library.graphile, err = l.installGraphile(ctx, database); err != nil {
			fmt.Fprintf(l.Out, "PostGraphile is left out: %v\n", err)
		}
	}
	return library, nil
}

// installGraphile copies PostGraphile's server, as the peers' directory may not be written to, and has npm bring the rest.
func (l *Lab) installGraphile(ctx context.Context, database string) (string, error) {
	dir := l.file("postgraphile")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(l.Peers, "query", "postgraphile"))); err != nil {
		return "", err
	}
	install := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w: %s", err, out)
	}
	functions := l.postgres.Program(ctx, "psql", database, "-q", "-v", "ON_ERROR_STOP=1", "-f", filepath.Join(dir, "functions.sql"))
	if out, err := functions.CombinedOutput(); err != nil {
		return "", fmt.Errorf("make functions: %w: %s", err, out)
	}
	return dir, nil
}

// peerPages measures the peers that are wanted.
func (l *Lab) peerPages(ctx context.Context, library *library, clients, run int) error {
	for _, p := range []struct{ name, requests string }{
		{"dl", "requests.txt"}, {"direct", "requests.txt"}, {"postgraphile", "requests-postgraphile-denorm.txt"},
	} {
		if library == nil || !l.wants(p.name) || p.name == "postgraphile" && library.graphile == "" {
			continue
		}
		m := report.Measurement{Scenario: "page", Case: fmt.Sprintf("mixed, %d", clients), Server: p.name, Run: run}
		server, err := l.startLibrary(ctx, library, p.name)
		if err == nil {
			var pages []weighed
			if pages, err = templates(filepath.Join(l.Peers, "query", p.requests)); err == nil {
				m.Figures, m.Remarks = l.browse(ctx, server, clients, pages, "lastMessageAt")
			}
			server.Stop()
		}
		if err := l.note(ctx, m, err); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) startLibrary(ctx context.Context, library *library, name string) (*rig.Server, error) {
	if name == "postgraphile" {
		return rig.Node(ctx, library.graphile, l.dir, library.database)
	}
	words, err := rig.Words(library.database)
	if err != nil {
		return nil, err
	}
	flags := []string{"-mode", name, "-dsn", words}
	if name == "direct" {
		flags = append(flags, "-generic")
	}
	return rig.Peer(ctx, library.program, l.dir, name, nil, flags...)
}

// templates reads requests with their weights, with random numbers and dates filled in: thirty of each.
func templates(path string) (all []weighed, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open requests: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		number, body, split := strings.Cut(lines.Text(), "\t")
		weight, err := strconv.Atoi(number)
		if !split || err != nil {
			return nil, errors.New("a request without a weight")
		}
		for i := range 60 {
			filled, err := fill(body, i)
			if err != nil {
				return nil, err
			}
			all = append(all, weighed{weight, load.JSON("/graphql", "", []byte(filled))})
		}
	}
	return all, lines.Err()
}

// fill puts the i-th value into each blank: {{rand:from:to}}, or {{ago:from:to:unit}}, so many units before now.
func fill(body string, i int) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(body, "{{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		blank, after, _ := strings.Cut(rest, "}}")
		words := strings.Split(blank, ":")
		if len(words) < 3 {
			return "", fmt.Errorf("a blank nobody knows: %s", blank)
		}
		from, err1 := strconv.Atoi(words[1])
		to, err2 := strconv.Atoi(words[2])
		if err := errors.Join(err1, err2); err != nil {
			return "", fmt.Errorf("fill %s: %w", blank, err)
		}
		value := from + i%(to-from+1)
		switch {
		case words[0] == "rand":
			out.WriteString(strconv.Itoa(value))
		case words[0] == "ago" && len(words) == 4:
			unit, err := time.ParseDuration(words[3])
			if err != nil {
				return "", fmt.Errorf("fill %s: %w", blank, err)
			}
			out.WriteString(time.Now().UTC().Add(-time.Duration(value) * unit).Format(time.RFC3339))
		default:
			return "", fmt.Errorf("a blank nobody knows: %s", blank)
		}
		body = after
	}
}
