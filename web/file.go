package web

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Said here rather than asked of the machine, whose table may lack fonts or call scripts text/plain.
var contentTypes = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".md":   "text/plain; charset=utf-8",
	".svg":  "image/svg+xml",
	".ttf":  "font/ttf",
}

type file struct {
	contentType  string
	cacheControl string
	body         []byte
	gzipped      func() []byte
}

// How long a file may be kept.
const (
	never   = "no-store"
	fresh   = "public, max-age=300"
	forever = "public, max-age=31536000, immutable"
)

func newFile(extension, cacheControl string, body []byte) file {
	return file{
		contentType:  contentTypes[extension],
		cacheControl: cacheControl,
		body:         body,
		gzipped:      sync.OnceValue(func() []byte { return compress(body) }),
	}
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", f.cacheControl)
	h.Set("Vary", "Accept-Encoding")
	body := f.body
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = f.gzipped()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a reader who left is not our error
}

func acceptsGzip(header string) bool {
	for _, coding := range strings.Split(header, ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if strings.TrimSpace(name) != "gzip" {
			continue
		}
		_, q, weighted := strings.Cut(weight, "q=")
		return !weighted || strings.Trim(q, " 0.") != ""
	}
	return false
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(body)
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}
