package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// parameters are a call's, however they came: in the query, as a form or as JSON. Numbers, lists and objects
// are kept as their JSON text.
type parameters struct {
	values map[string]string
	files  map[string]Media
}

func readParameters(w http.ResponseWriter, r *http.Request) (parameters, error) {
	p := parameters{values: map[string]string{}, files: map[string]Media{}}
	for name := range r.URL.Query() {
		p.values[name] = r.URL.Query().Get(name)
	}
	r.Body = http.MaxBytesReader(w, r.Body, mostUpload)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		return p, p.readJSON(r)
	case "application/x-www-form-urlencoded":
		return p, p.readForm(r)
	case "multipart/form-data":
		return p, p.readMultipart(r)
	}
	return p, nil
}

func (p parameters) readJSON(r *http.Request) error {
	var fields map[string]json.RawMessage
	err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, mostJSON)).Decode(&fields)
	if err != nil && !errors.Is(err, io.EOF) { // an empty body has no parameters
		return badRequest("can't parse JSON object")
	}
	for name, raw := range fields {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		p.values[name] = text
	}
	return nil
}

func (p parameters) readForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badRequest("can't parse the form")
	}
	for name := range r.PostForm {
		p.values[name] = r.PostForm.Get(name)
	}
	return nil
}

func (p parameters) readMultipart(r *http.Request) error {
	if err := r.ParseMultipartForm(mostUpload); err != nil {
		return badRequest("can't parse the form")
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	for name, values := range r.MultipartForm.Value {
		p.values[name] = values[0]
	}
	for name := range r.MultipartForm.File {
		file, err := readMedia(r, name)
		if err != nil {
			return badRequest("can't read the file")
		}
		p.files[name] = file
	}
	return nil
}

func (p parameters) has(name string) bool { return p.values[name] != "" && p.values[name] != "null" }

func (p parameters) isTrue(name string) bool { return strings.EqualFold(p.values[name], "true") }

// number is 0 when the parameter is none.
func (p parameters) number(name string) int64 {
	n, _ := strconv.ParseInt(p.values[name], 10, 64)
	return n
}

// into reads a list or an object; an absent one leaves v as it is.
func (p parameters) into(name string, v any) error {
	if !p.has(name) {
		return nil
	}
	if err := json.Unmarshal([]byte(p.values[name]), v); err != nil {
		return badRequest("can't parse " + name)
	}
	return nil
}
