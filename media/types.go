package media

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// AnyType is the type of a file we do not know, or do not want a browser to know.
const AnyType = "application/octet-stream"

// sniffBytes is how much of a file tells its type.
const sniffBytes = 512

// format is a type of file that is kept as what it is.
type format struct {
	ending string
	inline bool                    // a browser may show it in the place of a download
	looks  []string                // what http.DetectContentType may say of its first bytes
	fits   func(first []byte) bool // for types it does not know
}

// formats are the types we keep. Nothing that a browser runs is among them: pages, scripts and drawings that carry scripts
// are kept as AnyType.
var formats = map[string]format{
	"image/jpeg":      {ending: ".jpg", inline: true, looks: []string{"image/jpeg"}},
	"image/png":       {ending: ".png", inline: true, looks: []string{"image/png"}},
	"image/gif":       {ending: ".gif", inline: true, looks: []string{"image/gif"}},
	"image/webp":      {ending: ".webp", inline: true, looks: []string{"image/webp"}},
	"image/bmp":       {ending: ".bmp", inline: true, looks: []string{"image/bmp"}},
	"image/heic":      {ending: ".heic", inline: true, fits: isISO},
	"image/heif":      {ending: ".heif", inline: true, fits: isISO},
	"image/avif":      {ending: ".avif", inline: true, fits: isISO},
	"image/tiff":      {ending: ".tif", inline: true, fits: begins("II*\x00", "MM\x00*")},
	"audio/mpeg":      {ending: ".mp3", inline: true, looks: []string{"audio/mpeg"}, fits: begins("\xff\xfb", "\xff\xfa", "\xff\xf3", "\xff\xf2")},
	"audio/mp4":       {ending: ".m4a", inline: true, looks: []string{"video/mp4"}, fits: isISO},
	"audio/aac":       {ending: ".aac", inline: true, looks: []string{"audio/mpeg"}, fits: begins("\xff\xf1", "\xff\xf9", "ADIF")},
	"audio/ogg":       {ending: ".ogg", inline: true, looks: []string{"application/ogg"}},
	"audio/amr":       {ending: ".amr", inline: true, fits: begins("#!AMR")},
	"audio/wav":       {ending: ".wav", inline: true, looks: []string{"audio/wave"}},
	"audio/webm":      {ending: ".weba", inline: true, looks: []string{"video/webm"}},
	"audio/flac":      {ending: ".flac", inline: true, fits: begins("fLaC")},
	"video/mp4":       {ending: ".mp4", inline: true, looks: []string{"video/mp4"}, fits: isISO},
	"video/quicktime": {ending: ".mov", inline: true, looks: []string{"video/mp4"}, fits: isISO},
	"video/3gpp":      {ending: ".3gp", inline: true, looks: []string{"video/mp4"}, fits: isISO},
	"video/webm":      {ending: ".webm", inline: true, looks: []string{"video/webm"}},
	"video/ogg":       {ending: ".ogv", inline: true, looks: []string{"application/ogg"}},
	"video/x-msvideo": {ending: ".avi", inline: true, looks: []string{"video/avi"}},

	"application/pdf":    {ending: ".pdf", looks: []string{"application/pdf"}},
	"application/zip":    {ending: ".zip", looks: []string{"application/zip"}},
	"application/rtf":    {ending: ".rtf", fits: begins(`{\rtf`)},
	"application/msword": {ending: ".doc", fits: isCompound},
	"text/plain":         {ending: ".txt", looks: []string{"text/plain"}},
	"text/csv":           {ending: ".csv", looks: []string{"text/plain"}},
	"text/vcard":         {ending: ".vcf", fits: begins("BEGIN:VCARD")},

	"application/vnd.ms-excel":      {ending: ".xls", fits: isCompound},
	"application/vnd.ms-powerpoint": {ending: ".ppt", fits: isCompound},
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   {ending: ".docx", looks: []string{"application/zip"}},
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         {ending: ".xlsx", looks: []string{"application/zip"}},
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": {ending: ".pptx", looks: []string{"application/zip"}},
	"application/vnd.oasis.opendocument.text":                                   {ending: ".odt", looks: []string{"application/zip"}},
	"application/vnd.oasis.opendocument.spreadsheet":                            {ending: ".ods", looks: []string{"application/zip"}},
	"application/vnd.oasis.opendocument.presentation":                           {ending: ".odp", looks: []string{"application/zip"}},
}

// otherNames are what some call a type.
var otherNames = map[string]string{
	"image/jpg":                    "image/jpeg",
	"image/pjpeg":                  "image/jpeg",
	"image/x-ms-bmp":               "image/bmp",
	"audio/mp3":                    "audio/mpeg",
	"audio/x-m4a":                  "audio/mp4",
	"audio/m4a":                    "audio/mp4",
	"audio/x-aac":                  "audio/aac",
	"audio/opus":                   "audio/ogg",
	"audio/wave":                   "audio/wav",
	"audio/x-wav":                  "audio/wav",
	"audio/vnd.wave":               "audio/wav",
	"audio/x-flac":                 "audio/flac",
	"application/ogg":              "audio/ogg",
	"video/avi":                    "video/x-msvideo",
	"video/msvideo":                "video/x-msvideo",
	"application/x-zip-compressed": "application/zip",
	"text/rtf":                     "application/rtf",
	"text/x-vcard":                 "text/vcard",
}

// Known returns a media type under the name we keep it by, and whether we keep files of it as what they are.
func Known(mimeType string) (name string, known bool) {
	name, _, err := mime.ParseMediaType(mimeType)
	if err != nil && name == "" {
		return AnyType, false
	}
	if other, ok := otherNames[name]; ok {
		name = other
	}
	_, known = formats[name]
	return name, known
}

// TypeOf is the type a file is kept as: what it was said to be if its first bytes may be that, what they look like if
// they look like something we keep, and else AnyType.
func TypeOf(said string, first []byte) string {
	looks := looksLike(first)
	name, known := Known(said)
	if f := formats[name]; known && (slices.Contains(f.looks, looks) || f.fits != nil && f.fits(first)) {
		return name
	}
	if looks == "text/plain" && name != AnyType {
		return AnyType // some program's text: it says what it is, and that it is not for people
	}
	if seen, ok := Known(looks); ok {
		return seen
	}
	return AnyType
}

// TypeAt is TypeOf for a file.
func TypeAt(said string, file io.ReaderAt) (string, error) {
	first := make([]byte, sniffBytes)
	n, err := file.ReadAt(first, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return TypeOf(said, first[:n]), nil
}

// isPage reports whether what came in place of a picture or a film is a text: a page for signing in, or an error. One
// kind of picture is a text, and is kept as AnyType.
func isPage(said string, first []byte) bool {
	name, _ := Known(said)
	return strings.HasPrefix(looksLike(first), "text/") && TypeOf(said, first) == AnyType && name != "image/svg+xml"
}

func looksLike(first []byte) string {
	looks, _, _ := strings.Cut(http.DetectContentType(first), ";")
	return looks
}

// isInline reports whether a browser may show a type.
func isInline(mimeType string) bool { return formats[mimeType].inline }

func begins(with ...string) func([]byte) bool {
	return func(first []byte) bool {
		for _, w := range with {
			if bytes.HasPrefix(first, []byte(w)) {
				return true
			}
		}
		return false
	}
}

// isISO reports whether it is a file of the family of MP4, whose first box is named ftyp (ISO/IEC 14496-12).
func isISO(first []byte) bool { return len(first) >= 12 && string(first[4:8]) == "ftyp" }

// isCompound reports whether it is a document of Microsoft Office before 2007 ([MS-CFB] 2.2).
func isCompound(first []byte) bool {
	return bytes.HasPrefix(first, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
}
