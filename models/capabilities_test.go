package models_test

import (
	"slices"
	"strings"
	"testing"

	"parley/models"
)

func TestCapabilities(t *testing.T) {
	t.Parallel()
	all := models.AllCapabilities()
	if len(all) == 0 {
		t.Fatal("the table is empty")
	}
	for _, c := range all {
		t.Run(string(c.Platform)+" "+string(c.Surface), func(t *testing.T) {
			t.Parallel()
			if found, ok := models.CapabilitiesOf(c.Platform, c.Surface); !ok || found.TextLimit != c.TextLimit {
				t.Error("is in the table twice, or not to be found")
			}
			if (c.TextLimit > 0) != slices.Contains(c.ModesInside, models.FreeForm) {
				t.Error("takes text without a limit, or none though it has one")
			}
			if !c.HasWindow() && len(c.ModesAfter) > 0 || c.HasWindow() && slices.Contains(c.ModesAfter, models.FreeForm) {
				t.Errorf("has the openings %v and takes %v after them", c.Openings, c.ModesAfter)
			}
			if c.HasWindow() && c.WindowAfterMessage() == 0 {
				t.Error("a message opens nothing")
			}
			if c.HumanAgentFor > 0 && c.HumanAgentFor <= c.WindowAfterMessage() {
				t.Error("a person may answer no longer than anybody")
			}
			if (c.PrivateReplyWithin > 0) && c.Surface == models.PrivateMessage {
				t.Error("a private message is answered in private anyway")
			}
			if c.CaptionLimit > c.TextLimit || c.Plan == "" || c.TextUnit == "" {
				t.Errorf("lacks a limit, a unit or a plan: %+v", c)
			}
			for _, a := range c.Attachments {
				if a.MaxBytes < 1 || a.Caption && c.CaptionLimit < 1 {
					t.Errorf("takes %s without limits", a.Kind)
				}
			}
		})
	}
	if _, ok := models.CapabilitiesOf(models.Telegram, models.WallPost); ok {
		t.Error("knows a surface the platform does not have")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	caps := models.Capabilities{
		TextLimit: 5, CaptionLimit: 3, TextUnit: models.Characters, MaxAttachments: 1,
		Attachments: []models.AttachmentRule{
			{Kind: models.Image, MIMETypes: []string{"image/png"}, MaxBytes: 1, Caption: true}, {Kind: models.Audio, MaxBytes: 1},
		},
	}
	image := models.Attachment{Kind: models.Image, URL: "https://cdn.example/1.png", MIMEType: "image/png"}
	with := func(change func(*models.Attachment)) []models.Attachment {
		a := image
		change(&a)
		return []models.Attachment{a}
	}
	hello := &models.Template{Name: "hello", Language: "de"}
	for _, test := range []struct {
		name  string
		draft models.Draft
		want  models.ErrorCode
	}{
		{"a text at the limit", models.Draft{Text: "ünïcö"}, ""},
		{"a text over the limit", models.Draft{Text: "ünïcöd"}, models.InvalidInput},
		{"nothing", models.Draft{}, models.InvalidInput},
		{"an attachment alone", models.Draft{Attachments: []models.Attachment{image}}, ""},
		{"a caption at its limit", models.Draft{Text: "abc", Attachments: []models.Attachment{image}}, ""},
		{"a caption over its limit", models.Draft{Text: "abcd", Attachments: []models.Attachment{image}}, models.InvalidInput},
		{"a caption where there is none", models.Draft{Text: "a", Attachments: with(func(a *models.Attachment) {
			a.Kind, a.MIMEType = models.Audio, ""
		})}, models.UnsupportedByChannel},
		{"two attachments", models.Draft{Attachments: []models.Attachment{image, image}}, models.UnsupportedByChannel},
		{"another kind", models.Draft{Attachments: with(func(a *models.Attachment) { a.Kind = models.Video })}, models.UnsupportedByChannel},
		{"another type", models.Draft{Attachments: with(func(a *models.Attachment) { a.MIMEType = "image/gif" })}, models.UnsupportedByChannel},
		{"an unknown type", models.Draft{Attachments: with(func(a *models.Attachment) { a.MIMEType = "" })}, ""},
		{"an address in the clear", models.Draft{Attachments: with(func(a *models.Attachment) { a.URL = "http://cdn.example/1" })}, models.InvalidInput},
		{"an address with a password", models.Draft{Attachments: with(func(a *models.Attachment) { a.URL = "https://a:b@cdn.example/1" })}, models.InvalidInput},
		{"a file of ours", models.Draft{Attachments: with(func(a *models.Attachment) { a.URL = "file:///etc/passwd" })}, models.InvalidInput},
		{"no address", models.Draft{Attachments: with(func(a *models.Attachment) { a.URL = "" })}, models.InvalidInput},
		{"an endless address", models.Draft{Attachments: with(func(a *models.Attachment) { a.URL += strings.Repeat("1", 2000) })}, models.InvalidInput},
		{"a template", models.Draft{Template: hello}, ""},
		{"a template with text", models.Draft{Template: hello, Text: "a"}, models.InvalidInput},
		{"a template without a name", models.Draft{Template: &models.Template{Language: "de"}}, models.InvalidInput},
		{"a template with an empty blank", models.Draft{Template: &models.Template{Name: "a", Language: "de", Parameters: []string{""}}}, models.InvalidInput},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if err := caps.Check(test.draft); models.CodeOf(err) != test.want || (err == nil) != (test.want == "") {
				t.Errorf("got %v (%s), want %q", err, models.CodeOf(err), test.want)
			}
		})
	}

	t.Run("each platform counts in its own way", func(t *testing.T) {
		t.Parallel()
		for unit, want := range map[models.TextUnit]int{models.Characters: 2, models.UTF16Units: 3, models.Bytes: 6} {
			if got := unit.Count("ü🌷"); got != want {
				t.Errorf("%s: %d, want %d", unit, got, want)
			}
		}
	})
}
