package web

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

//go:embed reference/reference.html
var referencePage string

//go:embed reference/reference.css
var referenceStyle []byte

var referenceTemplate = template.Must(template.New("reference").Funcs(template.FuncMap{"prose": prose}).Parse(referencePage))

// Reference serves, at /docs, a page about every type, field, argument and value of a schema, made once from its SDL. The page
// needs no script, and everyone may read and keep it.
func Reference(sdl string) (http.Handler, error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema", Input: sdl})
	if err != nil {
		return nil, fmt.Errorf("read the schema for its reference: %w", err)
	}
	var page bytes.Buffer
	if err := referenceTemplate.Execute(&page, newReference(schema)); err != nil {
		return nil, fmt.Errorf("write the reference: %w", err)
	}
	return site{policy: styleOnly, files: map[string]file{
		"/docs":           newFile(".html", fresh, page.Bytes()),
		"/docs/style.css": newFile(".css", fresh, referenceStyle),
	}}, nil
}

// prose makes paragraphs of a description, and code of what stands between backticks.
func prose(description string) template.HTML {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(strings.TrimSpace(description), "\n\n") {
		b.WriteString("<p>")
		for i, part := range strings.Split(paragraph, "`") {
			text := template.HTMLEscapeString(part)
			if i%2 == 1 {
				text = "<code>" + text + "</code>"
			}
			b.WriteString(text)
		}
		b.WriteString("</p>")
	}
	return template.HTML(b.String())
}
