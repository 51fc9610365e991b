package wechat

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// fields are the elements of a delivery by name. WeChat's documents are flat; what lies deeper is left out.
type fields map[string]string

const (
	maxDepth  = 8
	maxFields = 256
)

// readFields reads one document. It knows no entities but XML's own, and refuses a document that brings its own.
func readFields(body []byte) (fields, error) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	r := reading{fields: fields{}}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && r.closed {
			return r.fields, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read XML: %w", withoutText(err))
		}
		if err := r.take(token); err != nil {
			return nil, fmt.Errorf("read XML: %w", err)
		}
	}
}

// reading is a document under way.
type reading struct {
	fields fields
	depth  int
	closed bool // the document is at its end
	name   string
	text   strings.Builder
}

func (r *reading) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.Directive:
		return errors.New("a document type is not accepted")
	case xml.StartElement:
		return r.start(t.Name.Local)
	case xml.CharData:
		if r.depth == 2 {
			r.text.Write(t)
		}
		if r.depth == 0 && len(bytes.TrimSpace(t)) > 0 {
			return errors.New("text outside the document")
		}
	case xml.EndElement:
		return r.end()
	}
	return nil
}

func (r *reading) start(name string) error {
	if r.closed || r.depth == maxDepth {
		return errors.New("not one document, or too deep")
	}
	if r.depth++; r.depth == 2 {
		r.name = name
		r.text.Reset()
	}
	return nil
}

func (r *reading) end() error {
	if r.depth == 2 {
		if _, twice := r.fields[r.name]; twice || len(r.fields) == maxFields {
			return errors.New("an element comes twice, or there are too many")
		}
		r.fields[r.name] = r.text.String()
	}
	r.depth--
	r.closed = r.depth == 0
	return nil
}

// withoutText keeps what a contact wrote out of an error: the decoder quotes what it does not understand.
func withoutText(err error) error {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not well-formed in line %d", syntax.Line)
	}
	return errors.New("not readable")
}
