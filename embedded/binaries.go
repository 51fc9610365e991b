package embedded

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const oldestMajor = 15

// Where the packages of Debian, RHEL, Alpine and Homebrew keep the server, which is rarely in PATH.
var packagedBinaries = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/usr/libexec/postgresql*",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
}

// binaries is one installation of the PostgreSQL server.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// findBinaries takes the first installation of PATH and the packages that will do, newest package first.
// Data that exist can be read by one major version only; wanted is 0 when there are none.
func findBinaries(ctx context.Context, search []string, wanted int, a account) (binaries, error) {
	if search == nil {
		search = append(filepath.SplitList(os.Getenv("PATH")), packagedBinaries...)
	}
	var unfit []string
	for _, dir := range installations(search) {
		major, err := majorVersion(ctx, filepath.Join(dir, "postgres"), a)
		if err != nil {
			unfit = append(unfit, err.Error())
			continue
		}
		if major == wanted || wanted == 0 && major >= oldestMajor {
			return binaries{dir: dir, major: major}, nil
		}
		unfit = append(unfit, fmt.Sprintf("version %d in %s", major, dir))
	}
	return binaries{}, notInstalled(wanted, unfit)
}

func installations(search []string) []string {
	var dirs []string
	for _, pattern := range search {
		found, _ := filepath.Glob(filepath.Join(pattern, "postgres"))
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(pathVersion(b), pathVersion(a)) })
		for _, path := range found {
			real, err := filepath.EvalSymlinks(path)
			if err != nil {
				continue
			}
			dir := filepath.Dir(real)
			if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

var digits = regexp.MustCompile(`\d+`)

// pathVersion is the last number in the path, as in /usr/lib/postgresql/15/bin.
func pathVersion(path string) int {
	numbers := digits.FindAllString(path, -1)
	if len(numbers) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(numbers[len(numbers)-1])
	return n
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

func majorVersion(ctx context.Context, postgres string, a account) (int, error) {
	cmd := exec.CommandContext(ctx, postgres, "--version")
	cmd.Dir = "/"
	cmd.SysProcAttr = a.attributes()
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("ask %s for its version: %w", postgres, err)
	}
	match := versionLine.FindSubmatch(out)
	if match == nil {
		return 0, fmt.Errorf("%s tells no version", postgres)
	}
	return strconv.Atoi(string(match[1]))
}

func notInstalled(wanted int, unfit []string) error {
	need, suffix := fmt.Sprintf("PostgreSQL %d or newer", oldestMajor), ""
	if wanted != 0 {
		need, suffix = fmt.Sprintf("PostgreSQL %d, which made the data that are here,", wanted), fmt.Sprintf("-%d", wanted)
	}
	found := "no server was found"
	if len(unfit) > 0 {
		found = "found only " + strings.Join(unfit, ", ")
	}
	return fmt.Errorf("%s is not installed (%s): install it (Debian and Ubuntu: apt install postgresql%s; "+
		"Fedora and RHEL: dnf install postgresql-server; macOS: brew install postgresql@%d) or set DATABASE_URL to a server that runs",
		need, found, suffix, max(wanted, 17))
}
