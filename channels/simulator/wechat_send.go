package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// weChatTextMost is counted in bytes of UTF-8.
const weChatTextMost = 2048

// weChatCall is a body posted to custom/send or custom/typing.
type weChatCall struct {
	To      string `json:"touser"`
	Type    string `json:"msgtype"`
	Command string `json:"command"`
	Text    struct {
		Content string `json:"content"`
	} `json:"text"`
	Image weChatFile `json:"image"`
	Voice weChatFile `json:"voice"`
	Video weChatFile `json:"video"`
	News  struct {
		Articles []weChatCard `json:"articles"`
	} `json:"news"`
	Page weChatCard `json:"miniprogrampage"`
	Menu struct {
		Head string `json:"head_content"`
		List []struct {
			ID      string `json:"id"`
			Content string `json:"content"`
		} `json:"list"`
		Tail string `json:"tail_content"`
	} `json:"msgmenu"`
}

type weChatFile struct {
	MediaID string `json:"media_id"`
}

type weChatCard struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

var jsonEscape = regexp.MustCompile(`(?s)\\.`)

// readWeChatCall leaves \u4f60 as it is: WeChat shows the customer such signs as they came.
func readWeChatCall(w http.ResponseWriter, r *http.Request) (weChatCall, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostJSON))
	if err != nil {
		return weChatCall{}, errWeChatData
	}
	raw = jsonEscape.ReplaceAllFunc(raw, func(escape []byte) []byte {
		if escape[1] == 'u' {
			return []byte(`\\u`)
		}
		return escape
	})
	var call weChatCall
	if err := json.Unmarshal(raw, &call); err != nil {
		return weChatCall{}, errWeChatData
	}
	return call, nil
}

func (d *weChat) serveSend(w http.ResponseWriter, r *http.Request, account *weChatAccount) {
	call, err := readWeChatCall(w, r)
	if err != nil {
		refuseWeChat(w, err)
		return
	}
	d.sim.serveSend(w, r, account.account, exchange{
		accept: func(now time.Time) (Sent, error) { return d.accept(account, call, now) },
		answer: func(w http.ResponseWriter, _ Sent) { acceptWeChat(w) },
		refuse: refuseWeChat,
	})
}

// accept checks a message and counts it. It gets no id: WeChat tells none. With mu held.
func (d *weChat) accept(account *weChatAccount, call weChatCall, now time.Time) (Sent, error) {
	sent, err := d.read(account, call, now)
	if err != nil {
		return Sent{}, err
	}
	c, err := account.follower(call.To)
	if err != nil {
		return Sent{}, err
	}
	sent.Recipient = c.ID
	return sent, account.window(c).spend(now)
}

// follower is the customer a call is for; who unsubscribed is none.
func (w *weChatAccount) follower(id string) (*customer, error) {
	c, known := w.account.customers[id]
	if !known {
		return nil, errWeChatUser
	}
	if c.blocked {
		return nil, Failure{Class: RecipientBlocked}
	}
	return c, nil
}

// read understands what is to be sent.
func (d *weChat) read(account *weChatAccount, call weChatCall, now time.Time) (Sent, error) {
	switch call.Type {
	case "text":
		return weChatText(Text, call.Text.Content)
	case "msgmenu":
		words := []string{call.Menu.Head}
		for _, item := range call.Menu.List {
			words = append(words, item.Content)
		}
		return weChatText(Interactive, strings.Trim(strings.Join(append(words, call.Menu.Tail), "\n"), "\n"))
	case "news":
		if len(call.News.Articles) != 1 { // one since 2018
			return Sent{}, weChatError{45008, "article size out of limit"}
		}
		return weChatText(Interactive, call.News.Articles[0].Title)
	case "miniprogrampage":
		return weChatText(Interactive, call.Page.Title)
	case "image":
		return d.readFile(account, Image, call.Image, now)
	case "voice":
		return d.readFile(account, Voice, call.Voice, now)
	case "video":
		return d.readFile(account, Video, call.Video, now)
	}
	return Sent{}, Failure{Class: InvalidRequest}
}

func weChatText(kind Kind, text string) (Sent, error) {
	if strings.TrimSpace(text) == "" {
		return Sent{}, weChatError{44004, "empty content"}
	}
	if len(text) > weChatTextMost {
		return Sent{}, weChatError{45002, "content size out of limit"}
	}
	return Sent{Kind: kind, Text: text}, nil
}

func (d *weChat) readFile(account *weChatAccount, kind Kind, file weChatFile, now time.Time) (Sent, error) {
	if _, err := d.file(account, file.MediaID, now); err != nil {
		return Sent{}, err
	}
	return Sent{Kind: kind, Media: file.MediaID}, nil
}

func (d *weChat) serveTyping(w http.ResponseWriter, r *http.Request, account *weChatAccount) {
	call, err := readWeChatCall(w, r)
	if err == nil {
		err = d.sim.act(r, account.account, func() ([]Sent, error) {
			c, err := account.follower(call.To)
			switch {
			case err != nil:
				return nil, err
			case call.Command == "Typing":
				return []Sent{{Recipient: c.ID, Kind: Typing}}, nil
			case call.Command == "CancelTyping":
				return nil, nil
			}
			return nil, weChatError{45072, "invalid command"}
		})
	}
	if err != nil {
		refuseWeChat(w, err)
		return
	}
	acceptWeChat(w)
}
