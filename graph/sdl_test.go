package graph_test

import (
	"flag"
	"os"
	"testing"

	"parley/graph"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestSDL(t *testing.T) {
	t.Parallel()
	t.Run("is the one in the golden file", func(t *testing.T) {
		t.Parallel()
		const golden = "testdata/schema.golden.graphql"
		if *update {
			if err := os.WriteFile(golden, []byte(graph.SDL()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if graph.SDL() != string(want) {
			t.Errorf("the schema has changed: look at the difference after go test ./graph -update, and keep what clients rely on")
		}
	})
}
