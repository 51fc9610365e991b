package simulator

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
)

// weChatError is an errcode of the Official Account API, which answers 200 whatever is wrong.
type weChatError struct {
	code    int
	message string
}

func (e weChatError) Error() string { return e.message }

var (
	errWeChatData  = weChatError{47001, "data format error"}
	errWeChatUser  = weChatError{40003, "invalid openid"}
	errWeChatMedia = weChatError{40007, "invalid media_id"}
	errWeChatCount = weChatError{45047, "out of response count limit"}
)

// What WeChat answers for each class.
var weChatFailures = map[Class]weChatError{
	RateLimited:          {45011, "api minute-quota reach limit, must slower, retry next minute"},
	AuthExpired:          {42001, "access_token expired"},
	OutsideWindow:        {45015, "response out of time limit or subscription is canceled"},
	RecipientBlocked:     {43004, "require subscribe"},
	RecipientUnreachable: errWeChatUser,
	InvalidRequest:       {40008, "invalid message type"},
	Permission:           {48001, "api unauthorized"},
	Transient:            {-1, "system error"},
}

func (d *weChat) fails(class Class) bool {
	_, known := weChatFailures[class]
	return known
}

// refuseWeChat adds the id of the request to the message, as WeChat does: a message is not to be compared.
func refuseWeChat(w http.ResponseWriter, err error) {
	var failure Failure
	e := weChatFailures[Transient]
	if errors.As(err, &failure) {
		e = weChatFailures[failure.Class]
	} else {
		errors.As(err, &e)
	}
	rid := strings.ToLower(rand.Text()[:16])
	answerJSON(w, http.StatusOK, object{"errcode": e.code, "errmsg": e.message + " rid: " + rid})
}

func acceptWeChat(w http.ResponseWriter) {
	answerJSON(w, http.StatusOK, object{"errcode": 0, "errmsg": "ok"})
}
