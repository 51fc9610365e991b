package load

import "testing"

func TestAnswer(t *testing.T) {
	t.Parallel()
	graphql, centrifuge, bare := GraphQL(Subscription{}), Centrifuge(), Bare()
	for behaviour, c := range map[string]struct {
		dialect    *Dialect
		payload    string
		hasMessage bool
		reply      string
		over       bool
	}{
		"a ping is answered":                    {&graphql, `{"type":"ping"}`, false, `{"type":"pong"}`, false},
		"an error ends the subscription":        {&graphql, `{"id":"1","type":"error","payload":[]}`, false, "", true},
		"a message that speaks of one does not": {&graphql, `{"type":"next","text":"\"type\":\"error\""}`, true, "", false},
		"an empty object is centrifuge's ping":  {&centrifuge, "{}\n", false, "{}", false},
		"also in one frame with messages":       {&centrifuge, "{\"push\":{}}\n{}", true, "{}", false},
		"an empty object in a message is none":  {&centrifuge, `{"push":{}}`, true, "", false},
		"who knows no pings does not answer":    {&bare, "{}", false, "", false},
	} {
		reply, over := c.dialect.answer([]byte(c.payload), c.hasMessage)
		if reply != c.reply || (over != "") != c.over {
			t.Errorf("%s: got %q, %q", behaviour, reply, over)
		}
	}
}
