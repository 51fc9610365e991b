package signin_test

import (
	"regexp"
	"strings"
	"testing"

	"parley/signin"
)

var returns = signin.Returns{Origins: []string{"https://app.example.com", "http://127.0.0.1:3000"}, Schemes: []string{"com.example.inbox"}}

func TestReturns(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://app.example.com":                              "https://app.example.com",
		"https://APP.example.com/a?b=c&d":                      "https://app.example.com/a?b=c&d",
		"http://127.0.0.1:3000/":                               "http://127.0.0.1:3000/",
		"com.example.inbox:/after":                             "com.example.inbox:/after",
		"com.example.inbox://after":                            "com.example.inbox://after",
		"":                                                     "",
		"/after":                                               "",
		"//app.example.com/":                                   "",
		"http://app.example.com/":                              "",
		"https://app.example.com:444/":                         "",
		"https://app.example.com.evil.org/":                    "",
		"https://app.example.com@evil.org/":                    "",
		"https://evil.org@app.example.com/":                    "",
		"https://evil.org\\@app.example.com":                   "",
		"https://app.example.com\\.evil.org":                   "",
		"https://app.example.com/#code=x":                      "",
		"https://app.example.com/\nx":                          "",
		"https://app.example.com/é":                            "",
		"com.example.inbox:after":                              "",
		"com.example.other:/after":                             "",
		"javascript:alert(1)":                                  "",
		"https://app.example.com/" + strings.Repeat("x", 1000): "",
	} {
		got, ok := signin.ReadReturn(returns, text)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q is read as %q, %t", text, got, ok)
		}
	}
}

func FuzzReturns(f *testing.F) {
	for _, seed := range []string{
		"https://app.example.com/a?b", "com.example.inbox:/x", "https://app.example.com@evil.org", "https:app.example.com",
	} {
		f.Add(seed)
	}
	// Written without a parser, which might be wrong in the same way.
	listed := regexp.MustCompile(`^(https://app\.example\.com|http://127\.0\.0\.1:3000)([/?][!-~]*)?$|^com\.example\.inbox:/[!-~]*$`)
	f.Fuzz(func(t *testing.T, text string) {
		address, ok := signin.ReadReturn(returns, text)
		if ok && (!listed.MatchString(address) || strings.ContainsAny(address, `#\`)) {
			t.Errorf("%q is read as %q", text, address)
		}
	})
}
