package main

import (
	"strings"
	"testing"
)

func TestReadConfig(t *testing.T) {
	t.Run("needs nothing", func(t *testing.T) {
		c, err := readConfig()
		if err != nil || !c.hasDemo() || c.Listen != "127.0.0.1:8080" {
			t.Errorf("read %+v, %v", c, err)
		}
	})
	for name, wrong := range map[string]string{
		"PARLEY_TICK":            "soon",
		"PARLEY_INACTIVE_DAYS":   "0",
		"PARLEY_MAX_CONNECTIONS": "many",
		"PARLEY_SECRET_KEY":      "short",
		"PARLEY_PUBLIC_URL":      "ftp://example.com",
		"PARLEY_ORIGINS":         "https://app.example.com,https://*.example.com/",
		"PARLEY_DEMO":            "maybe",
		"PARLEY_RATE_POINTS":     "-1",
		"PARLEY_RATE_RESTORE":    "0",
		"PARLEY_IDE":             "vim",
		"PARLEY_WINDOW_LEAD":     "25h",
		"DATABASE_URL":           "mysql://example.com",
		"REDIS_URL":              "http://example.com",
		"WHATSAPP_API_URL":       "graph.facebook.com",
		"PARLEY_LOG_LEVEL":       "chatty",
	} {
		t.Run("refuses a wrong "+name+" by its name", func(t *testing.T) {
			t.Setenv(name, wrong)
			_, err := readConfig()
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	t.Run("asks for a key with a database of the operator's", func(t *testing.T) {
		t.Setenv("DATABASE_URL", "postgres://db/parley")
		_, err := readConfig()
		if err == nil || !strings.Contains(err.Error(), "PARLEY_SECRET_KEY") {
			t.Errorf("the error is %v", err)
		}
	})
	t.Run("serves GraphiQL with the demo, or as it is told", func(t *testing.T) {
		for _, c := range []struct {
			ide, demo string
			want      bool
		}{{"auto", "yes", true}, {"auto", "no", false}, {"yes", "no", true}, {"no", "yes", false}} {
			if got := (Config{IDE: c.ide, Demo: c.demo}).hasIDE(); got != c.want {
				t.Errorf("PARLEY_IDE=%s, PARLEY_DEMO=%s: %v", c.ide, c.demo, got)
			}
		}
	})
}
