package transport

import (
	"context"
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Shelf keeps the documents that clients registered.
type Shelf interface {
	// Find returns the document whose SHA-256 this is, in lower case hex; empty if it is not there.
	Find(ctx context.Context, hash string) string
	// Keep keeps a document on behalf of somebody. It need not.
	Keep(ctx context.Context, who, hash, document string)
}

// Documents is a gqlgen extension that finds the documents requests only name: trusted ones by "documentId", and those that
// were sent before by "extensions.persistedQuery", as Apollo has it. Sessions that trust only the trusted get no others.
//
// Use it before the Guard. What is registered has passed that, validation and the Meter, and comes from somebody we know.
type Documents struct {
	// Trusted may be nil: there are none.
	Trusted *Trusted
	// Shelf may be nil: nothing is kept.
	Shelf Shelf
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
	graphql.OperationContextMutator
} = Documents{}

// Extensions of a request that name its document. documentID is a property of the request, carried among them.
const (
	documentID     = "documentId"
	persistedQuery = "persistedQuery"
)

// ExtensionName is how gqlgen calls the documents.
func (d Documents) ExtensionName() string { return "Documents" }

// Validate finds every schema fit.
func (d Documents) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters puts in the document that is meant, or gives the reason why not.
func (d Documents) MutateOperationParameters(ctx context.Context, params *graphql.RawParams) *gqlerror.Error {
	trustedOnly := callerOf(ctx).trustedOnly
	if err := d.resolve(ctx, params, trustedOnly); err != nil {
		return err
	}
	if trustedOnly && !d.Trusted.has(params.Query) {
		return coded(CodeNotTrusted, "This token may send trusted documents only.")
	}
	return nil
}

func (d Documents) resolve(ctx context.Context, params *graphql.RawParams, trustedOnly bool) *gqlerror.Error {
	if named, ok := params.Extensions[documentID]; ok {
		id, _ := named.(string)
		text, known := d.Trusted.find(id)
		if !known {
			return coded(CodeDocumentNotFound, "There is no trusted document of this id.")
		}
		params.Query = text
		return nil
	}
	persisted, ok := params.Extensions[persistedQuery]
	if !ok {
		return nil
	}
	hash, ok := persistedHash(persisted)
	switch {
	case !ok:
		return coded(CodeBadRequest, `The extension "persistedQuery" needs the version 1 and a sha256Hash in lower case hex.`)
	case params.Query != "" && HashOf(params.Query) != hash:
		return coded(CodeBadRequest, "The sha256Hash is not that of the document.")
	case params.Query != "":
		return nil
	}
	if params.Query = d.named(ctx, hash, trustedOnly); params.Query == "" && !trustedOnly {
		return coded(CodePersistedNotFound, "PersistedQueryNotFound")
	}
	return nil
}

func (d Documents) named(ctx context.Context, hash string, trustedOnly bool) string {
	if text, ok := d.Trusted.find("sha256:" + hash); ok || trustedOnly || d.Shelf == nil {
		return text
	}
	return d.Shelf.Find(ctx, hash)
}

// MutateOperationContext keeps the document for the next time, if it was registered.
func (d Documents) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	hash, ok := persistedHash(op.Extensions[persistedQuery])
	who := callerOf(ctx).payer.Owner
	if ok && who != "" && d.Shelf != nil && op.Extensions[documentID] == nil && !d.Trusted.has(op.RawQuery) {
		d.Shelf.Keep(ctx, who, hash, op.RawQuery)
	}
	return nil
}

// persistedHash reads {"version": 1, "sha256Hash": "..."}.
func persistedHash(extension any) (hash string, ok bool) {
	fields, _ := extension.(map[string]any)
	version, _ := fields["version"].(json.Number)
	hash, _ = fields["sha256Hash"].(string)
	if version != "1" || len(hash) != 64 {
		return "", false
	}
	for _, c := range []byte(hash) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return "", false
		}
	}
	return hash, true
}
