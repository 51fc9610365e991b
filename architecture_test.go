package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// floors say what of ours a package may use; a name with /... stands for everything below it, too. A package that is
// not listed needs a place in the picture first.
var floors = map[string][]string{
	"parley":                         {"parley/..."}, // plugs the floors together
	"parley/graph":                   {"parley/graph/...", "parley/inbox", "parley/models", "parley/telemetry/span"},
	"parley/graph/generated":         {"parley/graph/view", "parley/inbox", "parley/models"},
	"parley/graph/live":              {"parley/graph/transport", "parley/graph/view", "parley/inbox", "parley/models"},
	"parley/graph/transport":         {"parley/telemetry/span"},
	"parley/graph/view":              {"parley/inbox", "parley/models"},
	"parley/workers":                 {"parley/inbox", "parley/models"},
	"parley/signin":                  {"parley/inbox", "parley/models"},
	"parley/inbox":                   {"parley/channels", "parley/media", "parley/models", "parley/telemetry/span"},
	"parley/media":                   {},
	"parley/channels/facebook":       {"parley/channels", "parley/channels/meta", "parley/models"},
	"parley/channels/instagram":      {"parley/channels", "parley/channels/meta", "parley/models"},
	"parley/channels/linkedin":       {"parley/channels", "parley/models"},
	"parley/channels/messenger":      {"parley/channels", "parley/models"},
	"parley/channels/meta":           {"parley/channels", "parley/models"},
	"parley/channels/sms":            {"parley/channels", "parley/models"},
	"parley/channels/telegram":       {"parley/channels", "parley/models"},
	"parley/channels/tiktok":         {"parley/channels", "parley/models"},
	"parley/channels/wechat":         {"parley/channels", "parley/models"},
	"parley/channels/whatsapp":       {"parley/channels", "parley/channels/meta", "parley/models"},
	"parley/channels/x":              {"parley/channels", "parley/models"},
	"parley/channels/fixtures":       {}, // tests only
	"parley/channels/simulator":      {}, // knows the platforms' words, none of ours
	"parley/channels":                {"parley/models", "parley/telemetry/span"},
	"parley/models":                  {"parley/telemetry/span"},
	"parley/telemetry":               {"parley/telemetry/span"}, // what operators see; what there is to see others tell it
	"parley/telemetry/span":          {},                        // goes along wherever a context does
	"parley/bench":                   {"parley/bench/..."},      // sees the product from outside, as its users do
	"parley/bench/load":              {},
	"parley/bench/report":            {},
	"parley/bench/rig":               {},
	"parley/bench/scenario":          {"parley/bench/load", "parley/bench/report", "parley/bench/rig"},
	"parley/embedded":                {"parley/embedded/internal/..."},
	"parley/embedded/internal/child": {},
	"parley/web":                     {},
}

// owners say who may use a library; the rest receives what the owner makes of it.
var owners = map[string][]string{
	"gorm.io/...":                       {"parley/models"},
	"github.com/redis/go-redis/...":     {"parley", "parley/inbox"},
	"github.com/99designs/gqlgen/...":   {"parley", "parley/graph/..."},
	"github.com/vektah/gqlparser/...":   {"parley/graph/...", "parley/web"},
	"github.com/gorilla/websocket":      {"parley/graph/transport"},
	"github.com/minio/minio-go/...":     {"parley/media"},
	"github.com/jackc/pgx/...":          {"parley/models", "parley/embedded", "parley/bench/..."},
	"github.com/pressly/goose/...":      {"parley/models"},
	"github.com/alicebob/miniredis/...": {"parley/embedded"},
	"github.com/coreos/go-oidc/...":     {"parley/signin"},
	"golang.org/x/oauth2/...":           {"parley/signin"},
	"github.com/prometheus/...":         {"parley/telemetry"},
	"go.opentelemetry.io/...":           {"parley/telemetry", "parley/telemetry/..."},
}

// imports are those of every package of ours outside tests.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := make(map[string][]string)
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if name := words[0]; !strings.HasSuffix(name, "test") { // inboxtest and the like help tests
			all[name] = words[1:]
		}
	}
	return all
}

func within(pattern, path string) bool {
	parent, all := strings.CutSuffix(pattern, "/...")
	return path == parent || all && strings.HasPrefix(path, parent+"/")
}

func allowed(patterns []string, path string) bool {
	for _, p := range patterns {
		if within(p, path) {
			return true
		}
	}
	return false
}

func TestArchitecture(t *testing.T) {
	t.Parallel()
	all := imports(t)
	t.Run("every package stands on the floors below it", func(t *testing.T) {
		t.Parallel()
		for name, used := range all {
			below, known := floors[name]
			if !known {
				t.Errorf("%s has no place in the picture", name)
			}
			for _, path := range used {
				if within("parley/...", path) && !allowed(below, path) {
					t.Errorf("%s uses %s", name, path)
				}
			}
		}
		for name := range floors {
			if _, there := all[name]; !there {
				t.Errorf("%s is in the picture, but does not exist", name)
			}
		}
	})
	t.Run("every library has its owners", func(t *testing.T) {
		t.Parallel()
		used := make(map[string]bool)
		for name, paths := range all {
			for _, path := range paths {
				for library, users := range owners {
					if !within(library, path) {
						continue
					}
					used[library] = true
					if !allowed(users, name) {
						t.Errorf("%s uses %s", name, path)
					}
				}
			}
		}
		for library := range owners {
			if !used[library] {
				t.Errorf("nobody uses %s any more", library)
			}
		}
	})
	t.Run("main says of gqlgen only the name of a transport", func(t *testing.T) {
		t.Parallel()
		sources, err := filepath.Glob("*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range sources {
			source, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(source, func(n ast.Node) bool {
				name, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if of, ok := name.X.(*ast.Ident); ok && of.Name == "graphql" && name.Sel.Name != "Transport" {
					t.Errorf("%s uses graphql.%s", path, name.Sel.Name)
				}
				return true
			})
		}
		for _, path := range all["parley"] {
			if within("github.com/99designs/gqlgen/...", path) && path != "github.com/99designs/gqlgen/graphql" {
				t.Errorf("main uses %s", path)
			}
		}
	})
}
