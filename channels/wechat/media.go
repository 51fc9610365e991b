package wechat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"path"
	"strings"
	"unicode"

	"parley/channels"
	"parley/models"
)

type mediaKind struct {
	name   string
	limit  int64
	ending string // of files whose name has none: WeChat goes by it
}

const megabyte = 1 << 20

// Sizes: https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/New_temporary_materials.html
var mediaKinds = map[models.AttachmentKind]mediaKind{
	models.Image: {"image", 10 * megabyte, ".jpg"},
	models.Audio: {"voice", 2 * megabyte, ".mp3"},
	models.Video: {"video", 10 * megabyte, ".mp4"},
}

// upload hands a file to WeChat, which keeps it for three days.
func (a *Adapter) upload(
	ctx context.Context, account channels.Account, kind mediaKind, attached models.Attachment,
	openFile func(context.Context, models.Attachment) (io.ReadCloser, error),
) (string, error) {
	file, err := openFile(ctx, attached)
	if err != nil {
		return "", &channels.SendError{Failure: models.Failure{Reason: models.Transient}, Err: fmt.Errorf("open attachment: %w", err)}
	}
	defer func() { _ = file.Close() }()
	contentType, body, err := form(file, kind, attached)
	if err != nil {
		return "", err
	}
	var uploaded struct {
		ID string `json:"media_id"`
	}
	query := url.Values{"type": {kind.name}}
	answer, err := a.call(ctx, account, http.MethodPost, "/cgi-bin/media/upload", query, contentType, body, &uploaded)
	if err == nil && uploaded.ID == "" {
		err = channels.NotUnderstood(answer, errors.New("the answer names no file"))
	}
	return uploaded.ID, channels.Repeatable(err)
}

func form(file io.Reader, kind mediaKind, attached models.Attachment) (contentType string, body []byte, err error) {
	var out bytes.Buffer
	writer := multipart.NewWriter(&out)
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", mime.FormatMediaType("form-data", map[string]string{
		"name": "media", "filename": kind.name + ending(attached.Filename, kind.ending),
	}))
	header.Set("Content-Type", "application/octet-stream")
	if attached.MIMEType != "" {
		header.Set("Content-Type", attached.MIMEType)
	}
	part, err := writer.CreatePart(header)
	if err != nil {
		return "", nil, channels.Unsendable("the attachment cannot be written down")
	}
	size, err := io.Copy(part, io.LimitReader(file, kind.limit+1))
	switch {
	case err != nil:
		return "", nil, &channels.SendError{Failure: models.Failure{Reason: models.Transient}, Err: fmt.Errorf("read attachment: %w", err)}
	case size > kind.limit:
		return "", nil, channels.Unsendable("the attachment is larger than WeChat takes")
	}
	_ = writer.Close() // into memory
	return writer.FormDataContentType(), out.Bytes(), nil
}

// ending is that of a file's name, if it is a plain one.
func ending(filename, otherwise string) string {
	e := path.Ext(filename)
	if len(e) < 2 || len(e) > 6 || strings.ContainsFunc(e[1:], func(r rune) bool { return r > 'z' || !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		return otherwise
	}
	return e
}

// OpenMedia asks WeChat for a file by its id. Addresses in deliveries are not called: a plain delivery is signed, but
// not what it says.
func (a *Adapter) OpenMedia(ctx context.Context, account channels.Account, attached models.Attachment) (*http.Response, error) {
	if attached.MediaID == "" {
		return nil, channels.Unsendable("the attachment has no id at WeChat")
	}
	req, err := a.request(ctx, account, http.MethodGet, "/cgi-bin/media/get", url.Values{"media_id": {attached.MediaID}}, nil)
	if err != nil {
		return nil, err
	}
	res, err := channels.Open(a.config.HTTP, req)
	if err != nil || !isWords(res) {
		return res, err
	}
	address, err := videoAddress(res, account.Credentials)
	if err != nil {
		return nil, err
	}
	req, err = http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, channels.Unsendable("the address of the video is not one")
	}
	return channels.Open(a.config.HTTP, req)
}

// isWords reports whether an answer is a refusal or the address of a video, instead of a file.
func isWords(res *http.Response) bool {
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return err == nil && (kind == "application/json" || kind == "text/plain")
}

// videoAddress reads where a video is: WeChat gives others than videos at once.
func videoAddress(res *http.Response, secrets models.Credentials) (string, error) {
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, megabyte))
	answer := channels.Answer{Status: res.StatusCode, Header: res.Header, Body: body}
	if err != nil {
		return "", channels.Repeatable(channels.NotUnderstood(answer, errors.New("read the answer about a file")))
	}
	var video struct {
		Address string `json:"video_url"`
	}
	if err := understand(answer, secrets, &video); err != nil {
		return "", channels.Repeatable(err)
	}
	if !strings.HasPrefix(video.Address, "https://") && !strings.HasPrefix(video.Address, "http://") {
		return "", channels.Repeatable(channels.NotUnderstood(answer, errors.New("the answer is neither a file nor an address")))
	}
	return video.Address, nil
}
