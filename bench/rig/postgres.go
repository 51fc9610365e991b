package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// settings of a database server of our own: a commit is on the disk before it is answered, as in production.
var settings = map[string]string{
	"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
	"shared_buffers": "1GB", "effective_cache_size": "4GB", "maintenance_work_mem": "512MB", "max_wal_size": "8GB",
	"checkpoint_timeout": "15min", "random_page_cost": "1.1", "jit": "off", "max_connections": "200",
}

// Postgres is a database server: one of our own, or the one of DATABASE_URL.
type Postgres struct {
	process *Process
	admin   string // the address of a database that is there
	bin     string
}

// StartPostgres starts a server in a directory, or takes the one at an address.
func StartPostgres(ctx context.Context, dir, address string) (*Postgres, error) {
	bin, err := postgresBinaries()
	if address != "" {
		return &Postgres{admin: address, bin: bin}, nil
	}
	if err != nil {
		return nil, err
	}
	p := &Postgres{bin: bin}
	data := filepath.Join(dir, "postgres")
	owner, err := postgresOwner(dir)
	if err != nil {
		return nil, err
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "parley", "-A", "trust", "-E", "UTF8", "--locale=C")
	initdb.SysProcAttr, initdb.Dir = owner, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make database cluster: %w: %s", err, out)
	}
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(listen, ":")
	args := []string{"-D", data, "-k", dir, "-p", port, "-c", "listen_addresses=127.0.0.1"}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	cmd := exec.Command(filepath.Join(bin, "postgres"), args...)
	cmd.SysProcAttr, cmd.Dir = owner, dir
	if p.process, err = start("postgres", dir, cmd); err != nil {
		return nil, err
	}
	// Over the socket in the file system, as whoever cares for speed on one machine does.
	p.admin = fmt.Sprintf("postgres://parley@/postgres?host=%s&port=%s&sslmode=disable", dir, port)
	return p, p.awaitReady(ctx, listen)
}

func (p *Postgres) awaitReady(ctx context.Context, listen string) error {
	if err := p.process.awaits(ctx, listen); err != nil {
		return err
	}
	for {
		conn, err := pgx.Connect(ctx, p.admin)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-p.process.done:
			return p.process.explain("ended at once")
		case <-ctx.Done():
			return fmt.Errorf("wait for postgres: %w", err)
		default:
		}
	}
}

// postgresBinaries is where the newest server of this machine is installed.
func postgresBinaries() (string, error) {
	var found []string
	for _, pattern := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/libexec/postgresql*") {
		servers, _ := filepath.Glob(filepath.Join(pattern, "postgres"))
		for _, server := range servers {
			if real, err := filepath.EvalSymlinks(server); err == nil {
				if _, err := os.Stat(filepath.Join(filepath.Dir(real), "initdb")); err == nil {
					found = append(found, filepath.Dir(real))
				}
			}
		}
	}
	if len(found) == 0 {
		return "", fmt.Errorf("no PostgreSQL server is installed here: install one, or set DATABASE_URL")
	}
	slices.Sort(found)
	return found[len(found)-1], nil
}

// postgresOwner lends root's directory to somebody: the server refuses to run as root.
func postgresOwner(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root: run this as somebody else, or set DATABASE_URL: %w", err)
	}
	uid, _ := strconv.Atoi(who.Uid)
	gid, _ := strconv.Atoi(who.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, fmt.Errorf("give %s to %s: %w", dir, who.Username, err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// Database makes a new database and returns its address.
func (p *Postgres) Database(ctx context.Context, name string) (string, error) {
	conn, err := pgx.Connect(ctx, p.admin)
	if err != nil {
		return "", fmt.Errorf("connect to postgres: %w", err)
	}
	defer conn.Close(ctx)
	for _, statement := range []string{"DROP DATABASE IF EXISTS %s WITH (FORCE)", "CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"} {
		if _, err := conn.Exec(ctx, fmt.Sprintf(statement, pgx.Identifier{name}.Sanitize())); err != nil {
			return "", fmt.Errorf("make database %s: %w", name, err)
		}
	}
	return p.address(name)
}

// Processes are those of a server of our own, for accounts of what it uses and for pinning.
func (p *Postgres) Processes() []int {
	if p.process == nil {
		return nil
	}
	return append(children(p.process.ID()), p.process.ID())
}

// Stop ends a server of our own.
func (p *Postgres) Stop() {
	if p.process != nil {
		_ = p.process.cmd.Process.Signal(syscall.SIGINT) // the fast way: sessions are ended
		<-p.process.done
	}
}

// children are the processes another one has started.
func children(parent int) (ids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		status, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		words := strings.Fields(string(status[strings.LastIndexByte(string(status), ')')+1:]))
		if len(words) > 1 && words[1] == strconv.Itoa(parent) {
			id, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			ids = append(ids, id)
		}
	}
	return ids
}
