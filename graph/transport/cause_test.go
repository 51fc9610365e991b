package transport

import (
	"testing"

	"parley/telemetry/span"
)

func TestCause(t *testing.T) {
	t.Parallel()
	const trace = "0af7651916cd43dd8448eb211c80319c"
	for name, c := range map[string]struct{ payload, want string }{
		"is what connection_init names": {`{"Authorization":"Bearer x","traceparent":"00-` + trace + `-b7ad6b7169203331-01"}`, trace},
		"is nothing without a payload":  {``, ""},
		"is nothing without a name":     {`{"token":"x"}`, ""},
		"is nothing that is no text":    {`{"traceparent":17}`, ""},
		"is nothing unreadable":         {`{"traceparent":"00-xyz"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := decodeMessage([]byte(`{"type":"connection_init"` + map[bool]string{true: `,"payload":` + c.payload}[c.payload != ""] + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := span.IDs(m.cause(t.Context())); got != c.want {
				t.Errorf("follows %q", got)
			}
		})
	}
}
