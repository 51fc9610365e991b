package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
)

// DataDir says where a server that would like to keep its data in dir can do so: in dir, made absolute,
// unless we are root and the account that runs PostgreSQL for us cannot get there, as below /root.
// Then it is a directory of /var/lib/parley that belongs to this dir alone and is the same at every start.
func DataDir(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find data directory: %w", err)
	}
	a, err := accountFor(filepath.Join(dir, "postgres"))
	if err != nil {
		return "", err
	}
	if a.canEnter(existingParent(dir)) {
		return dir, nil
	}
	return elsewhere(dir), nil
}

func elsewhere(dir string) string {
	return filepath.Join("/var/lib/parley", fingerprint(dir))
}

func fingerprint(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return hex.EncodeToString(sum[:6])
}

func existingParent(dir string) string {
	for {
		dir = filepath.Dir(dir)
		if _, err := os.Stat(dir); err == nil || dir == "/" {
			return dir
		}
	}
}

// makeDir creates dir; when another account runs PostgreSQL in it, that account may pass through but not look around.
func makeDir(dir string, a account) error {
	if a.credential == nil {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make data directory: %w", err)
		}
		return nil
	}
	if err := makePassable(dir); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	if !a.canEnter(dir) {
		return fmt.Errorf("root cannot run PostgreSQL, and %s, who would run it, cannot enter %s: "+
			"choose a data directory outside of it, such as %s", a.name, a.barrier(dir), elsewhere(dir))
	}
	return nil
}

// makePassable opens dir and the parents it has to create, whatever the umask, but no parent that was there.
func makePassable(dir string) error {
	if parent := filepath.Dir(dir); parent != existingParent(dir) {
		if err := makePassable(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o711); err != nil && !os.IsExist(err) {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return os.Chmod(dir, info.Mode().Perm()|0o011)
}

const socketFile = ".s.PGSQL.5432"

// The address of a unix socket holds 107 bytes on Linux and 103 on macOS.
const longestSocketDir = 103 - len("/"+socketFile)

// PostgreSQL reads its socket directories as a list with quotes; only these characters mean themselves.
var plainPath = regexp.MustCompile(`^[A-Za-z0-9/._@+-]+$`)

// makeSocketDir creates a directory that only the account and root can enter: beside the data, or where that
// path is too long for a socket, below a directory for temporary files.
func makeSocketDir(dir string, a account) (string, error) {
	short := fmt.Sprintf("parley-%d-%s", a.uid(), fingerprint(dir))
	candidates := []string{filepath.Join(dir, "socket"), filepath.Join(os.TempDir(), short), filepath.Join("/tmp", short)}
	for _, path := range candidates {
		if len(path) <= longestSocketDir && plainPath.MatchString(path) && a.canEnter(filepath.Dir(path)) {
			return path, makePrivateDir(path, a)
		}
	}
	return "", fmt.Errorf("no directory for the socket of PostgreSQL: %s is too long", candidates[0])
}

// makePrivateDir refuses what somebody else put in this place: in a shared directory anybody can guess the name.
func makePrivateDir(path string, a account) error {
	if err := os.Mkdir(path, 0o700); err != nil && !os.IsExist(err) {
		return fmt.Errorf("make socket directory: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("look at socket directory: %w", err)
	}
	owner := info.Sys().(*syscall.Stat_t).Uid
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || (owner != a.uid() && owner != uint32(os.Geteuid())) {
		return fmt.Errorf("refuse socket directory %s: it is not a private directory of ours", path)
	}
	if err := a.own(path); err != nil {
		return fmt.Errorf("hand over socket directory: %w", err)
	}
	return nil
}
