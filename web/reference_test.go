package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"parley/web"
)

func reference(t *testing.T, sdl, path string) *http.Response {
	t.Helper()
	pages, err := web.Reference(sdl)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Result()
}

const plants = `
"All about plants.\n\nWater <daily>, see ` + "`soil`" + `."
schema { query: Query }
"What can be asked."
type Query {
  "One plant."
  plant("Which one." name: String! = "fern", light: Light @deprecated(reason: "Use place.")): Plant
}
"Where things grow."
interface Growing { "Its place." place: String! }
type Plant implements Growing {
  place: String!
  "Long gone."
  pot: [Plant!]! @deprecated(reason: "Use place & be glad.")
}
"How bright it is."
enum Light { "Full sun." SUN "None." SHADE @deprecated }
input Cut { "By how much." length: Int = 3 }
union Thing = Plant
`

func TestReference(t *testing.T) {
	t.Parallel()

	t.Run("tells what everything is, what it takes, and what is deprecated", func(t *testing.T) {
		t.Parallel()
		page := body(t, reference(t, plants, "/docs"))
		for _, want := range []string{
			"<p>Water &lt;daily&gt;, see <code>soil</code>.</p>", "Which one.", `= &#34;fern&#34;`, "Deprecated: Use place.",
			"Use place &amp; be glad.", "Full sun.", "Deprecated: No longer supported.", "By how much.", "= 3",
			`[<a class="type" href="#Plant">Plant</a>!]!`, `Implements <a href="#Growing">Growing</a>`,
			`One of <a href="#Plant">Plant</a>`, `Used by <a href="#Plant">Plant</a>, <a href="#Query">Query</a>`,
		} {
			if !strings.Contains(page, want) {
				t.Errorf("the page lacks %s", want)
			}
		}
	})

	t.Run("leads every link of our schema to its place, and has every place once", func(t *testing.T) {
		t.Parallel()
		sdl, err := os.ReadFile("../graph/testdata/schema.golden.graphql")
		if err != nil {
			t.Fatal(err)
		}
		page := body(t, reference(t, string(sdl), "/docs"))
		places := map[string]bool{}
		for _, id := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if places[id[1]] {
				t.Errorf("%s is there twice", id[1])
			}
			places[id[1]] = true
		}
		if len(places) < 500 || !places["Mutation.signIn.input"] || !places["UserErrorCode.NOT_FOUND"] {
			t.Errorf("only %d places", len(places))
		}
		for _, link := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if !places[link[1]] {
				t.Errorf("nothing is at #%s", link[1])
			}
		}
	})

	t.Run("has its style from us and runs nothing", func(t *testing.T) {
		t.Parallel()
		res := reference(t, plants, "/docs")
		wantStatus(t, res, http.StatusOK)
		wantHeader(t, res, "Cache-Control", "public, max-age=300")
		if policy := res.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'; style-src 'self';") {
			t.Errorf("the policy is %q", policy)
		}
		if page := body(t, res); strings.Contains(page, "<script") || strings.Contains(page, "style=") {
			t.Error("the page brings scripts or styles of its own")
		}
		style := reference(t, plants, "/docs/style.css")
		wantStatus(t, style, http.StatusOK)
		wantHeader(t, style, "Content-Type", "text/css; charset=utf-8")
		wantStatus(t, reference(t, plants, "/docs/nothing"), http.StatusNotFound)
	})

	t.Run("refuses what is no schema", func(t *testing.T) {
		t.Parallel()
		if _, err := web.Reference("type Query {"); err == nil {
			t.Error("half a schema has a reference")
		}
	})
}

func TestSignpost(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/": "/docs", "/assets/x.js": "not found"} {
		w := httptest.NewRecorder()
		web.Signpost().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		res := w.Result()
		wantStatus(t, res, http.StatusNotFound)
		if text := body(t, res); !strings.Contains(text, want) {
			t.Errorf("%s says %q", path, text)
		}
	}
}
