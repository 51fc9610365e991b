package x

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"parley/channels"
	"parley/models"
)

const (
	mediaPerPost = 4
	segmentBytes = 4 << 20 // X takes pieces of up to 5 MB
	longestCheck = 10 * time.Second
	mostChecks   = 30 // of a film X is working on: minutes
	sniffedBytes = 512
)

// Limits of the media endpoints, by kind of file.
var fileLimits = map[string]int64{"image": 5 << 20, "gif": 15 << 20, "video": 512 << 20}

// uploadAll gives X the files of a message, of which nobody sees anything until the message is sent.
func (a *Adapter) uploadAll(ctx context.Context, account channels.Account, m channels.Outbound, prefix string) ([]string, error) {
	var ids []string
	for _, attachment := range m.Attachments {
		if m.OpenFile == nil {
			return nil, channels.Unsendable("attachment that nobody can open")
		}
		u := upload{adapter: a, token: account.Credentials.AccessToken, prefix: prefix}
		u.open = func() (io.ReadCloser, error) { return m.OpenFile(ctx, attachment) }
		id, err := u.run(ctx, attachment)
		if err != nil {
			return nil, channels.Repeatable(err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// upload brings one file to X in pieces.
type upload struct {
	adapter *Adapter
	token   string
	prefix  string // of the media category: "dm_" or "tweet_"
	open    func() (io.ReadCloser, error)
}

func (u upload) run(ctx context.Context, a models.Attachment) (string, error) {
	size, mime, err := u.measure(a)
	if err != nil {
		return "", err
	}
	kind := fileKind(a.Kind, mime)
	switch {
	case kind == "":
		return "", channels.Unsendable("X takes pictures and films only")
	case size == 0 || size > fileLimits[kind]:
		return "", channels.Unsendable("attachment is empty or larger than X takes")
	}
	var begun struct{ ID string }
	answer, err := u.adapter.call(ctx, u.request("initialize", object{
		"media_type": mime, "total_bytes": size, "media_category": u.prefix + kind,
	}), &begun)
	if err != nil {
		return "", err
	}
	if begun.ID == "" {
		return "", channels.NotUnderstood(answer, errors.New("the answer names no file"))
	}
	if err := u.appendAll(ctx, begun.ID, size); err != nil {
		return "", err
	}
	return begun.ID, u.finish(ctx, begun.ID)
}

func (u upload) request(path string, payload any) request {
	return request{method: http.MethodPost, path: "/2/media/upload/" + path, token: u.token, payload: payload}
}

// measure reads the file once for what X wants to know beforehand, where the attachment does not say it. A film does not
// fit into memory.
func (u upload) measure(a models.Attachment) (size int64, mime string, err error) {
	if a.SizeBytes > 0 && a.MIMEType != "" {
		return a.SizeBytes, a.MIMEType, nil
	}
	file, err := u.open()
	if err != nil {
		return 0, "", cannotOpen(err)
	}
	defer func() { _ = file.Close() }()
	content := bufio.NewReaderSize(file, sniffedBytes)
	start, _ := content.Peek(sniffedBytes) // shorter files are as good
	size, err = io.Copy(io.Discard, io.LimitReader(content, fileLimits["video"]+1))
	if err != nil {
		return 0, "", cannotOpen(err)
	}
	return size, cmp.Or(a.MIMEType, http.DetectContentType(start)), nil
}

func cannotOpen(err error) error {
	return &channels.SendError{
		Failure: models.Failure{Reason: models.Transient}, Err: fmt.Errorf("open the attachment: %w", err),
	}
}

func fileKind(kind models.AttachmentKind, mime string) string {
	switch {
	case mime == "image/gif":
		return "gif"
	case kind == models.Image || kind == models.Sticker:
		return "image"
	case kind == models.Video:
		return "video"
	default:
		return ""
	}
}

func (u upload) appendAll(ctx context.Context, id string, size int64) error {
	file, err := u.open()
	if err != nil {
		return cannotOpen(err)
	}
	defer func() { _ = file.Close() }()
	content := io.LimitReader(file, size)
	for index := 0; ; index++ {
		piece, err := io.ReadAll(io.LimitReader(content, segmentBytes))
		if err != nil {
			return cannotOpen(err)
		}
		if len(piece) == 0 {
			return nil
		}
		if err := u.append(ctx, id, index, piece); err != nil {
			return err
		}
	}
}

func (u upload) append(ctx context.Context, id string, index int, piece []byte) error {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("media", "media")
	if err == nil {
		_, err = part.Write(piece)
	}
	if err == nil {
		err = w.WriteField("segment_index", strconv.Itoa(index))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return fmt.Errorf("write a piece of the attachment: %w", err)
	}
	r := u.request(url.PathEscape(id)+"/append", nil)
	r.form, r.formType = bytes.NewReader(form.Bytes()), w.FormDataContentType()
	_, err = u.adapter.call(ctx, r, nil)
	return err
}

// progress is how far X is with a film.
type progress struct {
	Processing *struct {
		State      string
		CheckAfter int64 `json:"check_after_secs"`
	} `json:"processing_info"`
}

// finish waits until X can show the file. A film has to be made ready first.
func (u upload) finish(ctx context.Context, id string) error {
	var p progress
	if _, err := u.adapter.call(ctx, u.request(url.PathEscape(id)+"/finalize", nil), &p); err != nil {
		return err
	}
	for range mostChecks {
		switch {
		case p.Processing == nil || p.Processing.State == "succeeded":
			return nil
		case p.Processing.State == "failed":
			return channels.Unsendable("X cannot show this attachment")
		}
		wait := min(max(channels.Wait(p.Processing.CheckAfter), time.Second), longestCheck)
		if err := u.adapter.pause(ctx, wait); err != nil {
			return cannotOpen(err)
		}
		p = progress{}
		if _, err := u.adapter.call(ctx, request{
			method: http.MethodGet, path: "/2/media/upload", token: u.token,
			query: url.Values{"command": {"STATUS"}, "media_id": {id}},
		}, &p); err != nil {
			return err
		}
	}
	return &channels.SendError{
		Failure: models.Failure{Reason: models.Transient}, Err: errors.New("X takes too long to prepare the attachment"),
	}
}
