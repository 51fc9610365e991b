//go:build faults

package graph

import (
	"context"
	"errors"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// pause is how long an operation takes that is asked to take its time.
const pause = 1500 * time.Millisecond

// A build with the tag "faults" has fields of a query fail, hang or take their time when the request's extensions say so. Who
// runs the acceptance harness needs that; nobody should serve with it.
func init() {
	faults = func(ctx context.Context, next graphql.Resolver) (any, error) {
		if graphql.GetFieldContext(ctx).Object != "Query" {
			return next(ctx)
		}
		switch graphql.GetOperationContext(ctx).Extensions["fault"] {
		case "fail":
			return nil, errors.New(`ERROR: relation "secrets" does not exist (SQLSTATE 42P01)`)
		case "hang":
			<-ctx.Done()
			return nil, ctx.Err()
		case "pause":
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
		return next(ctx)
	}
}
