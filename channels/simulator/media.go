package simulator

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"sync"
	"time"
)

// Media is a file somebody sends.
type Media struct {
	Name string `json:"name,omitempty"`
	MIME string `json:"mime,omitempty"`
	Data []byte `json:"data,omitempty"`
}

// Bounds of what is taken in one request, and of what all stored files may weigh together.
const (
	mostJSON   = 1 << 20
	mostUpload = 16 << 20
	mostStored = 256 << 20
)

// storedMedia is a file the platform keeps for one account.
type storedMedia struct {
	Media
	id    string
	owner Account
	at    time.Time
}

// mediaStore keeps files until they outweigh its bound; the oldest goes first. It is guarded by Simulator.mu.
type mediaStore struct {
	items  map[string]storedMedia
	order  []string
	weight int
}

func (m *mediaStore) keep(id string, owner Account, file Media, at time.Time) storedMedia {
	stored := storedMedia{Media: file, id: id, owner: owner, at: at}
	m.items[id] = stored
	m.order = append(m.order, id)
	m.weight += len(file.Data)
	for m.weight > mostStored && len(m.order) > 1 {
		m.weight -= len(m.items[m.order[0]].Data)
		delete(m.items, m.order[0])
		m.order = m.order[1:]
	}
	return stored
}

// find answers only the account the file was sent to or by.
func (m *mediaStore) find(id string, owner Account) (storedMedia, bool) {
	stored, known := m.items[id]
	return stored, known && stored.owner == owner
}

func (f Media) sha256() string {
	sum := sha256.Sum256(f.Data)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// serve writes the file, which a browser must not take for a page of ours.
func (f Media) serve(w http.ResponseWriter) {
	w.Header().Set("Content-Type", f.MIME)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Disposition", "attachment")
	_, _ = w.Write(f.Data)
}

// readMedia takes the named file from a multipart form that has been parsed.
func readMedia(r *http.Request, field string) (Media, error) {
	file, header, err := r.FormFile(field)
	if err != nil {
		return Media{}, err
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		return Media{}, err
	}
	return Media{Name: header.Filename, MIME: header.Header.Get("Content-Type"), Data: data}, nil
}

// file is what a customer sends: theirs, with what they left out filled in from the sample of its kind.
func (in Inbound) file() Media {
	sample := samples()[in.Kind]
	if in.Media == nil {
		return sample
	}
	file := *in.Media
	if len(file.Data) == 0 {
		file.Data = sample.Data
	}
	if file.MIME == "" {
		file.MIME = sample.MIME
	}
	if file.Name == "" {
		file.Name = sample.Name
	}
	return file
}

// samples holds one small file of each kind: a true picture and a true document; sound and film are their
// headers only, enough to be recognised by.
var samples = sync.OnceValue(func() map[Kind]Media {
	film := []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom")
	return map[Kind]Media{
		Image:    {Name: "foto.jpg", MIME: "image/jpeg", Data: picture()},
		Video:    {Name: "video.mp4", MIME: "video/mp4", Data: film},
		Audio:    {Name: "aufnahme.m4a", MIME: "audio/mp4", Data: film},
		Voice:    {Name: "voice.ogg", MIME: "audio/ogg; codecs=opus", Data: []byte("OggS\x00\x02")},
		Document: {Name: "Rechnung.pdf", MIME: "application/pdf", Data: []byte(page)},
		Sticker:  {Name: "sticker.webp", MIME: "image/webp", Data: []byte("RIFF\x04\x00\x00\x00WEBP")},
	}
})

func picture() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 96, 64))
	for y := range 64 {
		for x := range 96 {
			img.Set(x, y, color.RGBA{R: uint8(40 + 2*x), G: uint8(60 + 2*y), B: 160, A: 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

// page is an empty sheet of A4.
const page = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n" +
	"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n" +
	"trailer<</Root 1 0 R>>\n%%EOF\n"
