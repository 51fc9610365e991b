package media

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Library is where a Handler finds files and leaves uploads. It is asked only about addresses that were signed.
type Library interface {
	// OpenFile opens a stored file, or returns ErrNotStored.
	OpenFile(ctx context.Context, organizationID, id string) (*Served, error)

	// TakeUpload keeps the bytes of an upload. The same bytes may come again; others are ErrTaken.
	TakeUpload(ctx context.Context, organizationID, id string, u Body) error
}

// Served is a file on its way to a browser or a platform. Whoever got it closes it.
type Served struct {
	io.ReadSeekCloser
	MIME     string
	Filename string // as it was called; may be empty
	SHA256   string // in hex
	Size     int64
	StoredAt time.Time
}

// Body is what somebody uploads.
type Body struct {
	io.Reader
	Size int64  // as the request says; -1: it does not
	MIME string // as the request says; may be empty
}

// What a Library says of an upload.
var (
	ErrTaken     = errors.New("other bytes were uploaded here before")
	ErrWrongSize = errors.New("the upload has another size than was announced")
	ErrWrongType = errors.New("the upload has another type than was announced")
	ErrBrokenOff = errors.New("the upload broke off")
)

const (
	uploadsAtOnce = 32
	slowest       = 32 << 10 // bytes a second: who is slower is cut off
	beginWithin   = 30 * time.Second
	longestName   = 300
)

// Handler serves /media/{id}: GET and HEAD of a file, PUT of an upload. Who has the address may do what it is for.
type Handler struct {
	signer  *Signer
	library Library
	now     func() time.Time
	log     *slog.Logger
	uploads chan struct{}
	mux     *http.ServeMux
}

// NewHandler makes a Handler.
func NewHandler(signer *Signer, library Library, now func() time.Time, log *slog.Logger) *Handler {
	h := &Handler{
		signer: signer, library: library, now: now, log: log, uploads: make(chan struct{}, uploadsAtOnce), mux: http.NewServeMux(),
	}
	h.mux.HandleFunc("GET /media/{id}", h.download)
	h.mux.HandleFunc("PUT /media/{id}", h.upload)
	h.mux.HandleFunc("OPTIONS /media/{id}", h.preflight)
	return h
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	// The address is the permission, and nothing else a browser sends along counts: any page that has it may use it.
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	// What strangers sent is shown, never run.
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	h.mux.ServeHTTP(w, r)
}

func (h *Handler) preflight(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Access-Control-Allow-Methods", "GET, HEAD, PUT")
	w.Header().Set("Access-Control-Allow-Headers", "Content-Type, Range")
	w.Header().Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusNoContent)
}

func (h *Handler) download(w http.ResponseWriter, r *http.Request) {
	now := h.now()
	ref, until, err := h.signer.Verify(Download, r.PathValue("id"), r.URL.Query(), now)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	file, err := h.library.OpenFile(r.Context(), ref.OrganizationID, ref.ID)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	defer func() { _ = file.Close() }()
	// A writer of a server has a deadline, of a test it may have none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience(file.Size)))
	header := w.Header()
	header.Set("Content-Type", contentType(file.MIME))
	header.Set("Content-Disposition", disposition(file, ref.ID))
	header.Set("Cache-Control", "private, immutable, max-age="+strconv.Itoa(int(min(until.Sub(now), ForViewers).Seconds())))
	if file.SHA256 != "" {
		header.Set("ETag", `"`+file.SHA256+`"`)
	}
	http.ServeContent(w, r, "", file.StoredAt, file)
}

func (h *Handler) upload(w http.ResponseWriter, r *http.Request) {
	ref, _, err := h.signer.Verify(Upload, r.PathValue("id"), r.URL.Query(), h.now())
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	select {
	case h.uploads <- struct{}{}:
		defer func() { <-h.uploads }()
	default:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many uploads at once", http.StatusServiceUnavailable)
		return
	}
	// Both: a server begins to count the time for its answer when it has read the headers.
	until := time.Now().Add(patience(max(r.ContentLength, 0)))
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(until)
	_ = control.SetWriteDeadline(until.Add(beginWithin))
	body := Body{Reader: r.Body, Size: r.ContentLength, MIME: r.Header.Get("Content-Type")}
	if err := h.library.TakeUpload(r.Context(), ref.OrganizationID, ref.ID, body); err != nil {
		h.refuse(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// refuse says why, as far as it is the asker's to know.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	for _, known := range []struct {
		err  error
		code int
	}{
		{ErrNotOurs, http.StatusForbidden},
		{ErrExpired, http.StatusGone},
		{ErrNotStored, http.StatusNotFound},
		{ErrTaken, http.StatusConflict},
		{ErrWrongSize, http.StatusRequestEntityTooLarge},
		{ErrWrongType, http.StatusUnsupportedMediaType},
		{ErrBrokenOff, http.StatusBadRequest},
	} {
		if errors.Is(err, known.err) {
			http.Error(w, known.err.Error(), known.code)
			return
		}
	}
	if r.Context().Err() == nil {
		h.log.Error("media", "method", r.Method, "id", r.PathValue("id"), "error", err)
	}
	http.Error(w, "this went wrong on our side", http.StatusInternalServerError)
}

// patience is how long a transfer of so many bytes may take.
func patience(size int64) time.Duration {
	return beginWithin + time.Duration(size/slowest)*time.Second
}

func contentType(mimeType string) string {
	name, known := Known(mimeType)
	switch {
	case !known:
		return AnyType
	case strings.HasPrefix(name, "text/"):
		return name + "; charset=utf-8"
	default:
		return name
	}
}

// disposition has pictures, sounds and films shown in their place, and everything else saved.
func disposition(file *Served, id string) string {
	kind := "attachment"
	name, _ := Known(file.MIME)
	if isInline(name) {
		kind = "inline"
	}
	filename := tame(file.Filename)
	if filename == "" || len(filename) > longestName {
		filename = id + formats[name].ending
	}
	return mime.FormatMediaType(kind, map[string]string{"filename": filename})
}

// tame takes out of a name what could mean another place, or nothing that can be seen.
func tame(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '/' || r == '\\':
			return '_'
		case r < ' ' || r == 0x7f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069: // controls of a line, and of its direction
			return -1
		default:
			return r
		}
	}, name)
}
