package graph_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"parley/models"
)

// TestNodeOfAnything asks for nodes by what nobody would call an id: there is no such thing, and that is no fault of ours.
func TestNodeOfAnything(t *testing.T) {
	t.Parallel()
	a := newTenants(t)
	o := a.tenant("openum")
	random := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		ids := make([]string, models.MaxPage)
		for i := range ids {
			ids[i] = strange(random, o.things)
		}
		got := o.try(t, o.Owner, `query ($ids: [ID!]!, $id: ID!) { nodes(ids: $ids) { id } node(id: $id) { id } }`, object{"ids": ids, "id": ids[0]})
		if want := `{"data":{"nodes":[` + strings.Repeat("null,", len(ids)-1) + `null],"node":null},`; !bytes.HasPrefix(got, []byte(want)) {
			t.Errorf("%.100q answer %.500s", ids, got)
		}
	}
}

// strange makes something that looks a little like an id, from one that is.
func strange(random *rand.Rand, things map[string][]string) string {
	var real []byte
	for _, ids := range things {
		real = []byte(ids[random.IntN(len(ids))])
		break
	}
	at := random.IntN(len(real))
	switch random.IntN(6) {
	case 0:
		return string(real[:at])
	case 1:
		return string(real) + garbage[random.IntN(len(garbage)-1)+1]
	case 2:
		return garbage[random.IntN(len(garbage))]
	case 3:
		return strings.ToUpper(string(real))
	case 4:
		real[at] = byte(random.IntN(128))
		return string(append(real, '0'))
	default:
		noise := make([]rune, random.IntN(60))
		for i := range noise {
			noise[i] = rune(random.IntN(0xD7FF))
		}
		return string(noise)
	}
}
