package transport

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"
)

// appendResponse writes resp as the GraphQL specification wants it: errors first, and no data entry at all,
// not even null, where nothing ran. Data is copied as it is, since gqlgen reuses its buffer for the next event.
func appendResponse(b []byte, resp *graphql.Response) []byte { return appendCharged(b, resp, nil) }

// appendCharged also tells what was paid for the response, if anything was.
func appendCharged(b []byte, resp *graphql.Response, paid *Charge) []byte {
	b = append(b, '{')
	if len(resp.Errors) > 0 {
		b = append(b, `"errors":`...)
		b = append(appendJSON(b, cutErrors(resp.Errors)), ',')
	}
	if len(resp.Data) > 0 {
		b = append(b, `"data":`...)
		b = append(append(b, resp.Data...), ',')
	}
	if len(resp.Extensions) > 0 || paid != nil {
		b = append(b, `"extensions":`...)
		b = append(appendExtensions(b, resp.Extensions, paid), ',')
	}
	if b[len(b)-1] != ',' {
		return append(b, `"data":null}`...)
	}
	b[len(b)-1] = '}'
	return b
}

func appendExtensions(b []byte, extensions map[string]any, paid *Charge) []byte {
	if paid == nil {
		return appendJSON(b, extensions)
	}
	b = append(paid.append(append(b, `{"cost":`...)), '}')
	if len(extensions) == 0 {
		return b
	}
	others := len(b)
	b = appendJSON(b, extensions)
	b[others-1], b = ',', slices.Delete(b, others, others+1)
	return b
}

func appendJSON(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Errorf("encode %T for a graphql response: %w", v, err))
	}
	return append(b, text...)
}

// bodies are where answers are put together, of which none that was very long is kept.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

const longestBody = 256 << 10

func writeResponse(w http.ResponseWriter, status int, resp *graphql.Response, paid *Charge) {
	space := bodies.Get().(*[]byte)
	body := appendCharged((*space)[:0], resp, paid)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	// A client that went away needs no answer.
	_, _ = w.Write(body)
	if *space = body; cap(body) <= longestBody {
		bodies.Put(space)
	}
}
