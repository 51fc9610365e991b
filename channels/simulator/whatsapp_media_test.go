package simulator_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/channels/simulator"
)

func TestWhatsAppMedia(t *testing.T) {
	t.Parallel()

	t.Run("hands a customer's file to the bearer of the token for five minutes", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		_, told := w.inbound(simulator.Inbound{Account: w.number, Customer: erika, Kind: simulator.Document,
			Text: "Rechnung", Media: &simulator.Media{Name: "März.pdf", MIME: "application/pdf", Data: []byte("%PDF")}})
		id := at(t, told.message(t), "document", "id").(string)

		about := w.call("GET", "/whatsapp/v25.0/"+id, token, nil)
		same(t, "size", about.json["file_size"], any(4.0))
		path := strings.TrimPrefix(about.json["url"].(string), w.api.URL)
		got := w.call("GET", path, token, nil)
		same(t, "file", string(got.body), "%PDF")
		same(t, "kind", got.header.Get("Content-Type"), "application/pdf")
		same(t, "without a token", w.call("GET", path, "", nil).status, 401)

		w.clock.Advance(5*time.Minute + time.Second)
		same(t, "later", w.call("GET", path, token, nil).status, 404)
		same(t, "unknown", w.call("GET", "/whatsapp/v25.0/1234", token, nil).status, 400)
	})

	t.Run("takes a file of ours to be sent by its id", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.customerWrites("Hallo?")
		id := w.upload("/whatsapp/v25.0/106540352242922/media", "file", map[string]string{
			"messaging_product": "whatsapp", "type": "image/jpeg"})["id"]

		got := w.call("POST", messages, token, map[string]any{"messaging_product": "whatsapp", "to": erika.ID,
			"type": "image", "image": map[string]any{"id": id, "caption": "So sieht es aus"}})

		same(t, "status", got.status, 200)
		same(t, "media", any(w.Sent(w.number)[0].Media), id)
	})
}

// upload posts a small file as a form and returns what was answered.
func (w *world) upload(path, field string, values map[string]string) map[string]any {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range values {
		_ = form.WriteField(name, value)
	}
	part, err := form.CreateFormFile(field, "bild.jpg")
	if err != nil {
		w.t.Fatal(err)
	}
	_, _ = part.Write([]byte("jpeg"))
	_ = form.Close()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.api.URL+path, &body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := w.api.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var got map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("upload: %d %v %v", resp.StatusCode, got, err)
	}
	return got
}
