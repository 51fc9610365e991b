package media_test

import (
	"strings"
	"testing"

	"parley/media"
)

// The beginnings of files.
const (
	png  = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	jpeg = "\xff\xd8\xff\xe0\x00\x10JFIF\x00"
	mp4  = "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
	heic = "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
	zip  = "PK\x03\x04\x14\x00\x06\x00"
	pdf  = "%PDF-1.7\n"
	ogg  = "OggS\x00\x02\x00\x00"
	page = "<!DOCTYPE html><html><script>alert(1)</script>"
	svg  = `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`
	exe  = "MZ\x90\x00\x03\x00\x00\x00\x04\x00"
	doc  = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00"
	docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
)

func TestTypeOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ said, first, want string }{
		"what it is said to be":             {"image/png", png, "image/png"},
		"what it looks like":                {"", png, "image/png"},
		"what it looks like, rather":        {"image/png", jpeg, "image/jpeg"},
		"with parameters":                   {"audio/ogg; codecs=opus", ogg, "audio/ogg"},
		"in capitals":                       {"IMAGE/PNG", png, "image/png"},
		"by another name":                   {"image/jpg", jpeg, "image/jpeg"},
		"a sound in a film's box":           {"audio/mp4", mp4, "audio/mp4"},
		"a film, if nobody says otherwise":  {"", mp4, "video/mp4"},
		"a picture of a telephone":          {"image/heic", heic, "image/heic"},
		"that nobody would know":            {"", heic, media.AnyType},
		"a document in a zip":               {docx, zip, docx},
		"a zip":                             {"", zip, "application/zip"},
		"a document that is none":           {docx, exe, media.AnyType},
		"an old document":                   {"application/msword", doc, "application/msword"},
		"pdf":                               {"application/octet-stream", pdf, "application/pdf"},
		"text":                              {"text/plain; charset=utf-8", "hello", "text/plain"},
		"a table":                           {"text/csv", "a;b\n1;2\n", "text/csv"},
		"text of a program":                 {"application/javascript", "alert(1)", media.AnyType},
		"a voice note":                      {"audio/amr", "#!AMR\n\x0c\x91\x17", "audio/amr"},
		"a page":                            {"text/html", page, media.AnyType},
		"a page in disguise":                {"image/png", page, media.AnyType},
		"a page as text":                    {"text/plain", page, media.AnyType},
		"a drawing":                         {"image/svg+xml", svg, media.AnyType},
		"a drawing in disguise":             {"image/png", svg, media.AnyType},
		"a program":                         {"application/x-msdownload", exe, media.AnyType},
		"a program in disguise":             {"image/heic", exe, media.AnyType},
		"a type that is none":               {"png;;;", png, "image/png"},
		"nothing at all, said to be a film": {"video/mp4", "", media.AnyType},
	} {
		if got := media.TypeOf(c.said, []byte(c.first)); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func FuzzTypeOf(f *testing.F) {
	f.Add("image/png", png)
	f.Add("text/html", page)
	f.Fuzz(func(t *testing.T, said, first string) {
		got := media.TypeOf(said, []byte(first))
		if _, known := media.Known(got); !known && got != media.AnyType {
			t.Errorf("kept as %q", got)
		}
		if strings.HasPrefix(strings.ToLower(first), "<!doctype html>") && got != media.AnyType {
			t.Errorf("a page is kept as %q", got)
		}
	})
}
