package simulator

import (
	"crypto/rand"
	"net/http"
	"path"
	"strings"
	"time"
)

// fileContent keeps a file and describes it as a message does. A photo comes in sizes, the largest last.
func (d *telegram) fileContent(b *telegramBot, kind Kind, file Media, now time.Time) object {
	stored := d.sim.media.keep("AgAC"+rand.Text(), b.account.Account, file, now)
	about := object{"file_id": stored.id, "file_unique_id": stored.id[4:18], "file_size": len(file.Data)}
	switch kind {
	case Image:
		small := d.sim.media.keep("AgAC"+rand.Text(), b.account.Account, file, now)
		about["width"], about["height"] = 1280, 853
		return object{"photo": []object{
			{"file_id": small.id, "file_unique_id": small.id[4:18], "file_size": len(file.Data), "width": 90, "height": 60},
			about,
		}}
	case Video:
		about["width"], about["height"], about["duration"] = 640, 480, 1
	case Voice, Audio:
		about["duration"] = 1
	case Sticker:
		about["width"], about["height"], about["type"], about["is_animated"], about["is_video"] = 512, 512, "regular", false, false
		return object{"sticker": about}
	}
	about["mime_type"] = file.MIME
	if kind == Document || kind == Audio || kind == Video {
		about["file_name"] = file.Name
	}
	return object{string(kind): about}
}

func (d *telegram) getFile(w http.ResponseWriter, r *http.Request, b *telegramBot, p parameters) {
	d.sim.mu.Lock()
	stored, known := d.sim.media.find(p.values["file_id"], b.account.Account)
	d.sim.mu.Unlock()
	if !known {
		refuseTelegram(w, badRequest("invalid file_id"))
		return
	}
	d.sim.slow(r, b.account)
	answerTelegram(w, object{
		"file_id": stored.id, "file_unique_id": stored.id[4:18], "file_size": len(stored.Data),
		"file_path": "files/" + stored.id + path.Ext(stored.Name),
	})
}

// serveFile hands out the file that getFile gave the path of.
func (d *telegram) serveFile(w http.ResponseWriter, r *http.Request) {
	b, err := d.bot(r)
	if err != nil {
		refuseTelegram(w, err)
		return
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(r.PathValue("path"), "files/"), ".")
	d.sim.mu.Lock()
	stored, known := d.sim.media.find(id, b.account.Account)
	d.sim.mu.Unlock()
	if !known {
		refuseTelegram(w, telegramError{code: 404, description: "Not Found"})
		return
	}
	d.sim.slow(r, b.account)
	stored.serve(w)
}
