// Package web carries the browser pages that are part of the binary: GraphiQL, built by npm into dist, and the reference
// of the schema.
package web

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed dist
var dist embed.FS

// Handler serves GraphiQL at / and the files it needs below /assets/; anything else is not found.
// The page talks to /graphql of its own origin and loads nothing from any other host.
func Handler() http.Handler {
	return site{files: files(), policy: ideOn}
}

// site serves files by their paths, under a policy for the host it is asked by.
type site struct {
	files  map[string]file
	policy func(host string) string
}

func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protect(w.Header(), s.policy(r.Host))
	f, ok := s.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	f.serve(w, r)
}

func files() map[string]file {
	all := map[string]file{}
	err := fs.WalkDir(dist, "dist", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := dist.ReadFile(name)
		if err != nil {
			return err
		}
		all[address(name)] = newFile(path.Ext(name), kept(name), body)
		return nil
	})
	if err != nil {
		panic(err) // embedded files can always be read
	}
	return all
}

func address(name string) string {
	if name == "dist/index.html" {
		return "/"
	}
	return strings.TrimPrefix(name, "dist")
}

// kept says how long: the build puts a hash of the content into every name below assets.
func kept(name string) string {
	if strings.HasPrefix(name, "dist/assets/") {
		return forever
	}
	return never
}
