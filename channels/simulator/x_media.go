package simulator

import (
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"strings"
	"time"
)

const (
	xUploadValid   = 24 * time.Hour // how long an id of an upload can be used
	xImageMost     = 5 << 20
	xUploadsAtOnce = 100
)

// xUpload is a file that comes in pieces.
type xUpload struct {
	mime string
	data []byte
}

// fileType is what X calls a file.
func (d *xNetwork) fileType(id string) string {
	if strings.HasPrefix(d.sim.media.items[id].MIME, "video/") {
		return "video"
	}
	return "photo"
}

// files describes files that can be fetched below a path. With mu held.
func (d *xNetwork) files(ids []string, path string) []object {
	list := []object{}
	for _, id := range ids {
		list = append(list, object{"media_key": "3_" + id, "type": d.fileType(id), "url": d.sim.link(path + id)})
	}
	return list
}

// uploaded is the kind of a file that can be sent. With mu held.
func (d *xNetwork) uploaded(u *xAccount, id string, now time.Time) (Kind, error) {
	stored, known := d.sim.media.find(id, u.account.Account)
	if !known || now.Sub(stored.at) > xUploadValid {
		return "", xInvalid("Your media IDs are invalid.")
	}
	if d.fileType(id) == "video" {
		return Video, nil
	}
	return Image, nil
}

// upload takes a file in one piece, as a form or as JSON.
func (d *xNetwork) upload(w http.ResponseWriter, r *http.Request, u *xAccount) {
	r.Body = http.MaxBytesReader(w, r.Body, mostUpload)
	var file Media
	var err error
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		file, err = readXForm(r)
		if kind := r.FormValue("media_type"); kind != "" {
			file.MIME = kind
		}
	} else {
		var body struct {
			Media string `json:"media"`
			Type  string `json:"media_type"`
		}
		err = json.NewDecoder(r.Body).Decode(&body)
		file.MIME = body.Type
		if err == nil {
			file.Data, err = base64.StdEncoding.DecodeString(body.Media)
		}
	}
	if err != nil || len(file.Data) == 0 {
		d.refuse(w, xInvalid("The request has no media."))
		return
	}
	d.keepUpload(w, u, file)
}

func readXForm(r *http.Request) (Media, error) {
	if err := r.ParseMultipartForm(mostUpload); err != nil {
		return Media{}, err
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	return readMedia(r, "media")
}

func (d *xNetwork) keepUpload(w http.ResponseWriter, u *xAccount, file Media) {
	if strings.HasPrefix(file.MIME, "application/octet-stream") || file.MIME == "" {
		file.MIME = http.DetectContentType(file.Data)
	}
	if strings.HasPrefix(file.MIME, "image/") && file.MIME != "image/gif" && len(file.Data) > xImageMost {
		d.refuse(w, xInvalid("An image has 5 MB at most."))
		return
	}
	d.sim.mu.Lock()
	now := d.sim.config.Now()
	stored := d.sim.media.keep(d.ids.next(now), u.account.Account, file, now)
	d.sim.mu.Unlock()
	answerJSON(w, http.StatusOK, object{"data": object{
		"id": stored.id, "media_key": "3_" + stored.id, "size": len(file.Data),
		"expires_after_secs": int(xUploadValid / time.Second),
	}})
}

// beginUpload opens an upload in pieces; too many that were never ended are dropped.
func (d *xNetwork) beginUpload(w http.ResponseWriter, r *http.Request, u *xAccount) {
	var body struct {
		Type  string `json:"media_type"`
		Total int    `json:"total_bytes"`
	}
	if err := readX(w, r, &body); err != nil || body.Total <= 0 || body.Total > mostUpload {
		d.refuse(w, xInvalid("Say media_type and total_bytes."))
		return
	}
	d.sim.mu.Lock()
	if len(u.uploads) >= xUploadsAtOnce {
		clear(u.uploads)
	}
	id := d.ids.next(d.sim.config.Now())
	u.uploads[id] = &xUpload{mime: body.Type}
	d.sim.mu.Unlock()
	answerJSON(w, http.StatusOK, object{"data": object{
		"id": id, "media_key": "3_" + id, "expires_after_secs": int(xUploadValid / time.Second),
	}})
}

// appendUpload takes the pieces in their order.
func (d *xNetwork) appendUpload(w http.ResponseWriter, r *http.Request, u *xAccount) {
	r.Body = http.MaxBytesReader(w, r.Body, mostUpload)
	piece, err := readXForm(r)
	if err != nil {
		d.refuse(w, xInvalid("The request has no media."))
		return
	}
	d.sim.mu.Lock()
	begun, known := u.uploads[r.PathValue("id")]
	fits := known && len(begun.data)+len(piece.Data) <= mostUpload
	if fits {
		begun.data = append(begun.data, piece.Data...)
	}
	d.sim.mu.Unlock()
	if !fits {
		d.refuse(w, xInvalid("No such upload, or too many bytes."))
		return
	}
	answerJSON(w, http.StatusOK, object{"data": object{"expires_at": d.sim.config.Now().Add(xUploadValid).Unix()}})
}

func (d *xNetwork) endUpload(w http.ResponseWriter, r *http.Request, u *xAccount) {
	id := r.PathValue("id")
	d.sim.mu.Lock()
	begun, known := u.uploads[id]
	delete(u.uploads, id)
	if known && len(begun.data) > 0 {
		d.sim.media.keep(id, u.account.Account, Media{MIME: begun.mime, Data: begun.data}, d.sim.config.Now())
	}
	d.sim.mu.Unlock()
	if !known || len(begun.data) == 0 {
		d.refuse(w, xInvalid("No such upload, or no bytes."))
		return
	}
	answerJSON(w, http.StatusOK, object{"data": object{"id": id, "media_key": "3_" + id, "size": len(begun.data)}})
}

// privateFile hands out a file of a private message, to the account alone.
func (d *xNetwork) privateFile(w http.ResponseWriter, r *http.Request, u *xAccount) {
	d.sim.mu.Lock()
	stored, known := d.sim.media.find(r.PathValue("id"), u.account.Account)
	d.sim.mu.Unlock()
	if !known {
		d.refuse(w, xMissing("No such file."))
		return
	}
	stored.serve(w)
}

// publicFile hands out a file of a post, to everybody.
func (d *xNetwork) publicFile(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	d.sim.mu.Lock()
	var stored storedMedia
	public := false
	for _, u := range d.accounts {
		if public = len(u.board.where(func(p *utterance) bool { return p.file == id })) > 0; public {
			stored, public = d.sim.media.find(id, u.account.Account)
			break
		}
	}
	d.sim.mu.Unlock()
	if !public {
		http.Error(w, "", http.StatusNotFound)
		return
	}
	stored.serve(w)
}
