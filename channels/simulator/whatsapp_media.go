package simulator

import (
	"net/http"
	"strconv"
	"time"
)

// whatsAppURLValid is how long the address of a file can be fetched.
const whatsAppURLValid = 5 * time.Minute

// findMedia looks among the files of the caller's numbers.
func (d *whatsApp) findMedia(mine map[string]*whatsAppNumber, id string) (storedMedia, *account, bool) {
	d.sim.mu.Lock()
	defer d.sim.mu.Unlock()
	for _, n := range mine {
		if stored, known := d.sim.media.find(id, n.account.Account); known {
			return stored, n.account, true
		}
	}
	return storedMedia{}, nil, false
}

// serveMedia tells where a file can be fetched for the next minutes.
func (d *whatsApp) serveMedia(w http.ResponseWriter, r *http.Request, mine map[string]*whatsAppNumber) {
	stored, a, known := d.findMedia(mine, r.PathValue("id"))
	if !known {
		refuseWhatsApp(w, graphMissing(r.PathValue("id")))
		return
	}
	d.sim.slow(r, a)
	until := d.sim.config.Now().Add(whatsAppURLValid)
	answerJSON(w, http.StatusOK, object{
		"messaging_product": "whatsapp",
		"id":                stored.id,
		"url":               "http://" + r.Host + "/whatsapp/attachments/" + stored.id + "?expires=" + seconds(until),
		"mime_type":         stored.MIME,
		"sha256":            stored.sha256(),
		"file_size":         len(stored.Data),
	})
}

// serveDownload hands out the file itself, to the bearer of the token alone.
func (d *whatsApp) serveDownload(w http.ResponseWriter, r *http.Request) {
	mine, ok := d.caller(w, r)
	if !ok {
		return
	}
	stored, a, known := d.findMedia(mine, r.PathValue("id"))
	expires, err := strconv.ParseInt(r.URL.Query().Get("expires"), 10, 64)
	if !known || err != nil || d.sim.config.Now().After(time.Unix(expires, 0)) {
		http.Error(w, "", http.StatusNotFound)
		return
	}
	d.sim.slow(r, a)
	stored.serve(w)
}

// serveUpload takes a file of ours, to be sent by its id.
func (d *whatsApp) serveUpload(w http.ResponseWriter, r *http.Request) {
	n, ok := d.number(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, mostUpload)
	if err := r.ParseMultipartForm(mostUpload); err != nil {
		refuseWhatsApp(w, parameterError(100, "The body is no form, or too large."))
		return
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	file, err := readMedia(r, "file")
	if err != nil || r.FormValue("messaging_product") != "whatsapp" {
		refuseWhatsApp(w, parameterError(131008, "The parameters messaging_product and file are required."))
		return
	}
	if kind := r.FormValue("type"); kind != "" {
		file.MIME = kind
	}
	d.sim.mu.Lock()
	stored := d.sim.media.keep(digits(16), n.account.Account, file, d.sim.config.Now())
	d.sim.mu.Unlock()
	d.sim.slow(r, n.account)
	answerJSON(w, http.StatusOK, object{"id": stored.id})
}
