package simulator

import (
	"crypto/rand"
	"net/http"
	"slices"
	"time"
)

// weChatMediaLife is how long a file that was sent can be used or fetched.
const weChatMediaLife = 72 * time.Hour

// weChatMost is how many bytes a file of each type may have.
var weChatMost = map[string]int{"image": 10 << 20, "voice": 2 << 20, "video": 10 << 20, "thumb": 64 << 10}

// weChatTooLarge is what each type of file is refused with.
var weChatTooLarge = map[string]weChatError{
	"image": {40009, "invalid image size"}, "voice": {40010, "invalid voice size"},
	"video": {40011, "invalid video size"}, "thumb": {40012, "invalid thumb size"},
}

func newMediaID() string { return rand.Text() + rand.Text() + rand.Text()[:12] }

// file finds a file of the account. With mu held.
func (d *weChat) file(account *weChatAccount, id string, now time.Time) (storedMedia, error) {
	stored, known := d.sim.media.find(id, account.account.Account)
	if !known || !now.Before(stored.at.Add(weChatMediaLife)) {
		return storedMedia{}, errWeChatMedia
	}
	return stored, nil
}

// serveUpload takes a file of ours, to be sent by its id.
func (d *weChat) serveUpload(w http.ResponseWriter, r *http.Request, account *weChatAccount) {
	kind := r.URL.Query().Get("type")
	most, known := weChatMost[kind]
	if !known {
		refuseWeChat(w, weChatError{40004, "invalid media type"})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, mostUpload)
	if err := r.ParseMultipartForm(mostUpload); err != nil {
		refuseWeChat(w, weChatError{41005, "media data missing"})
		return
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	file, err := readMedia(r, "media")
	if err != nil || len(file.Data) == 0 {
		refuseWeChat(w, weChatError{41005, "media data missing"})
		return
	}
	if len(file.Data) > most {
		refuseWeChat(w, weChatTooLarge[kind])
		return
	}
	now := d.sim.config.Now()
	d.sim.mu.Lock()
	stored := d.sim.media.keep(newMediaID(), account.account.Account, file, now)
	d.sim.mu.Unlock()
	d.sim.slow(r, account.account)
	answerJSON(w, http.StatusOK, object{"type": kind, "media_id": stored.id, "created_at": now.Unix()})
}

// serveMedia hands out a file, but of a film only the address.
func (d *weChat) serveMedia(w http.ResponseWriter, r *http.Request, account *weChatAccount) {
	d.sim.mu.Lock()
	stored, err := d.file(account, r.URL.Query().Get("media_id"), d.sim.config.Now())
	address := d.sim.link("/wechat/files/" + stored.id)
	d.sim.mu.Unlock()
	if err != nil {
		refuseWeChat(w, err)
		return
	}
	d.sim.slow(r, account.account)
	if slices.Contains([]string{"video/mp4", "video/quicktime"}, stored.MIME) {
		answerJSON(w, http.StatusOK, object{"video_url": address})
		return
	}
	stored.serve(w)
}

// serveFile hands out a file to whoever knows its id, as PicUrl and video_url do.
func (d *weChat) serveFile(w http.ResponseWriter, r *http.Request) {
	d.sim.mu.Lock()
	stored, known := d.sim.media.items[r.PathValue("id")]
	known = known && stored.owner.Platform == WeChat
	d.sim.mu.Unlock()
	if !known {
		http.Error(w, "", http.StatusNotFound)
		return
	}
	stored.serve(w)
}
