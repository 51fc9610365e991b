package embedded

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindBinaries(t *testing.T) {
	t.Parallel()

	t.Run("names what to install when there is nothing", func(t *testing.T) {
		t.Parallel()
		_, err := StartPostgres(t.Context(), Config{Dir: dataDir(t), search: []string{t.TempDir()}})
		for _, want := range []string{"PostgreSQL 15 or newer", "apt install postgresql", "brew install postgresql@17", "DATABASE_URL"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not name %s", err, want)
			}
		}
	})

	t.Run("refuses a server that is too old", func(t *testing.T) {
		t.Parallel()
		old := installation(t, dataDir(t), "14.9")
		_, err := findBinaries(t.Context(), []string{old}, 0, account{})
		if err == nil || !strings.Contains(err.Error(), "version 14 in "+old) {
			t.Errorf("got %v", err)
		}
	})

	t.Run("takes the newest package, or the one that made the data", func(t *testing.T) {
		t.Parallel()
		parent := dataDir(t)
		for _, version := range []string{"9", "15", "16"} {
			installation(t, filepath.Join(parent, version), version+".1")
		}
		search := []string{filepath.Join(parent, "*", "bin")}
		for wanted, want := range map[int]int{0: 16, 15: 15} {
			got, err := findBinaries(t.Context(), search, wanted, account{})
			if err != nil || got.major != want {
				t.Errorf("data of version %d: took %d, want %d (%v)", wanted, got.major, want, err)
			}
		}
		_, err := findBinaries(t.Context(), search, 17, account{})
		if err == nil || !strings.Contains(err.Error(), "apt install postgresql-17") {
			t.Errorf("data of version 17: %v", err)
		}
	})
}

func installation(t *testing.T, dir, version string) string {
	t.Helper()
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for program, script := range map[string]string{"postgres": "echo 'postgres (PostgreSQL) " + version + "'", "initdb": "exit 1"} {
		if err := os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

func TestDataDir(t *testing.T) {
	t.Parallel()

	t.Run("is the wanted one when it can be reached", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		if got, err := DataDir(dir); err != nil || got != dir {
			t.Errorf("got %s, %v, want %s", got, err, dir)
		}
	})

	t.Run("is elsewhere, one for each wanted directory, when root keeps others out", func(t *testing.T) {
		t.Parallel()
		closed := closedToOthers(t)
		one, err := DataDir(filepath.Join(closed, "one", "data"))
		if err != nil {
			t.Fatal(err)
		}
		again, _ := DataDir(filepath.Join(closed, "one", "data"))
		two, _ := DataDir(filepath.Join(closed, "two", "data"))
		if filepath.Dir(one) != "/var/lib/parley" || one != again || one == two {
			t.Errorf("got %s, then %s, and %s for another", one, again, two)
		}
	})

	t.Run("that root keeps others out of is refused by name", func(t *testing.T) {
		t.Parallel()
		closed := closedToOthers(t)
		_, err := StartPostgres(t.Context(), Config{Dir: filepath.Join(closed, "data")})
		if err == nil || !strings.Contains(err.Error(), "cannot enter "+closed+":") {
			t.Errorf("got %v", err)
		}
	})

	t.Run("that exists and is private is opened to the account only", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		start(t, Config{Dir: dir})
		for path, others := range map[string]os.FileMode{dir: 0o066, filepath.Join(dir, "postgres"): 0o077, filepath.Join(dir, "socket"): 0o077} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm()&others != 0 {
				t.Errorf("%s is %v (%v)", path, info.Mode(), err)
			}
		}
	})
}

func closedToOthers(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root runs PostgreSQL as somebody else")
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(closed), 0o711); err != nil {
		t.Fatal(err)
	}
	return closed
}

func TestMakePrivateDir(t *testing.T) {
	t.Parallel()
	tests := map[string]func(path string) error{
		"refuses a link":                  func(path string) error { return os.Symlink(os.TempDir(), path) },
		"refuses a file":                  func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"refuses what others may look at": func(path string) error { return os.Mkdir(path, 0o755) },
	}
	if os.Geteuid() == 0 {
		tests["refuses what belongs to somebody else"] = func(path string) error {
			return errors.Join(os.Mkdir(path, 0o700), os.Chown(path, 12345, 12345))
		}
	}
	for name, squat := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "socket")
			if err := squat(path); err != nil {
				t.Fatal(err)
			}
			if err := makePrivateDir(path, account{}); err == nil || !strings.Contains(err.Error(), "not a private directory of ours") {
				t.Errorf("got %v", err)
			}
		})
	}

	t.Run("accepts its own from the run before", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "socket")
		for range 2 {
			if err := makePrivateDir(path, account{}); err != nil {
				t.Error(err)
			}
		}
	})
}
