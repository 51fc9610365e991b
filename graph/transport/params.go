package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
)

// decodeParams reads the JSON of one GraphQL request. Its errors are sentences for the client that neither
// quote the request nor show the decoder. Properties it does not know are left alone, as the GraphQL over
// HTTP draft asks.
func decodeParams(data []byte) (*graphql.RawParams, error) {
	var request *struct {
		Query         *string        `json:"query"`
		DocumentID    *string        `json:"documentId"`
		OperationName string         `json:"operationName"`
		Variables     map[string]any `json:"variables"`
		Extensions    map[string]any `json:"extensions"`
	}
	if err := decodeJSON(data, &request); err != nil {
		return nil, err
	}
	if request == nil {
		return nil, sentence("The request must be a JSON object.")
	}
	params := &graphql.RawParams{
		OperationName: request.OperationName,
		Variables:     request.Variables,
		Extensions:    request.Extensions,
	}
	if request.Query != nil {
		params.Query = *request.Query
	}
	return params, nameDocument(params, request.DocumentID)
}

// decodeQuery reads the same request from a URL, where an empty parameter counts as none.
func decodeQuery(values url.Values) (*graphql.RawParams, error) {
	params := &graphql.RawParams{Query: values.Get("query"), OperationName: values.Get("operationName")}
	if text := values.Get("variables"); text != "" {
		if decodeJSON([]byte(text), &params.Variables) != nil {
			return nil, sentence(`The parameter "variables" must be a JSON object.`)
		}
	}
	if text := values.Get("extensions"); text != "" {
		if decodeJSON([]byte(text), &params.Extensions) != nil {
			return nil, sentence(`The parameter "extensions" must be a JSON object.`)
		}
	}
	var id *string
	if text := values.Get("documentId"); text != "" {
		id = &text
	}
	return params, nameDocument(params, id)
}

// nameDocument wants a document, or the name of one that is stored here. The id of a trusted one goes among the extensions,
// where no client puts it.
func nameDocument(params *graphql.RawParams, id *string) error {
	delete(params.Extensions, documentID)
	switch {
	case id != nil && params.Query != "":
		return sentence(`Send a "query" or a "documentId", not both.`)
	case id != nil:
		if params.Extensions == nil {
			params.Extensions = make(map[string]any, 1)
		}
		params.Extensions[documentID] = *id
	case params.Query == "" && params.Extensions[persistedQuery] == nil:
		return sentence(`The request has no "query".`)
	}
	return nil
}

// decodeJSON reads one JSON value and nothing after it, numbers as they were written.
func decodeJSON(data []byte, into any) error {
	if !utf8.Valid(data) {
		return sentence("The request is not valid UTF-8.")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	err := decoder.Decode(into)
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mistyped) && mistyped.Field == "":
		return sentence("The request must be a JSON object.")
	case errors.As(err, &mistyped):
		return sentence(`The property "` + mistyped.Field + `" has the wrong type.`)
	case err != nil:
		return sentence("The request is not valid JSON.")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return sentence("Something follows the JSON of the request.")
	}
	return nil
}
