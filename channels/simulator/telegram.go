package simulator

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// TelegramBot is a bot on the Bot API. Its id is the part of the token before the colon.
type TelegramBot struct {
	Token    string
	Username string
	// Name is what people see; the user name when empty.
	Name string
}

// telegram is the Bot API. Facts: the Bot API 10.1 and tdlib's telegram-bot-api server.
type telegram struct {
	sim  *Simulator
	bots map[Account]*telegramBot
}

type telegramBot struct {
	TelegramBot
	id         int64
	account    *account
	webhook    telegramWebhook
	lastUpdate int64
	queries    []string // presses of a button that wait for answerCallbackQuery
}

var telegramToken = regexp.MustCompile(`^([1-9][0-9]{2,17}):[A-Za-z0-9_-]{3,}$`)

// AddTelegramBot adds a bot, or changes one that is there. It panics on a token that is none: such a bot
// could not be called.
func (s *Simulator) AddTelegramBot(b TelegramBot) Account {
	parts := telegramToken.FindStringSubmatch(b.Token)
	if parts == nil {
		panic("simulator: a Telegram token reads 123456789:AA…")
	}
	if b.Name == "" {
		b.Name = b.Username
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := Account{Platform: Telegram, ID: parts[1]}
	bot, known := s.telegram.bots[id]
	if !known {
		number, _ := strconv.ParseInt(parts[1], 10, 64)
		// Counting starts at the clock: a world that is started anew must not repeat what a database holds.
		bot = &telegramBot{id: number, lastUpdate: s.telegram.epoch()}
		s.telegram.bots[id] = bot
	}
	bot.TelegramBot = b
	bot.account = s.add(id, b.Name, s.telegram)
	return id
}

// epoch is a number that grows by one a second and fits the platform's 32 bits for decades.
func (d *telegram) epoch() int64 { return max(d.sim.config.Now().Unix()-1_600_000_000, 0) }

func (d *telegram) serve(mux *http.ServeMux) {
	mux.HandleFunc("GET /telegram/file/{bot}/{path...}", d.serveFile)
	mux.HandleFunc("/telegram/{bot}/{method}", d.serveMethod)
	mux.HandleFunc("/telegram/", func(w http.ResponseWriter, _ *http.Request) {
		refuseTelegram(w, telegramError{code: 404, description: "Not Found"})
	})
}

// bot finds whose token stands in the path. Tokens are compared as digests, in constant time.
func (d *telegram) bot(r *http.Request) (*telegramBot, error) {
	token, _ := strings.CutPrefix(r.PathValue("bot"), "bot")
	asked := sha256.Sum256([]byte(token))
	d.sim.mu.Lock()
	defer d.sim.mu.Unlock()
	for _, b := range d.bots {
		known := sha256.Sum256([]byte(b.Token))
		if subtle.ConstantTimeCompare(asked[:], known[:]) == 1 && !b.account.faults.TokenExpired {
			return b, nil
		}
	}
	return nil, Failure{Class: AuthExpired}
}

// telegramMethod answers a call whose parameters have been read.
type telegramMethod func(d *telegram, w http.ResponseWriter, r *http.Request, b *telegramBot, p parameters)

// Method names are case-insensitive on the Bot API, so they are kept in lower case.
var telegramMethods = map[string]telegramMethod{
	"getme":               (*telegram).getMe,
	"setwebhook":          (*telegram).setWebhook,
	"deletewebhook":       (*telegram).deleteWebhook,
	"getwebhookinfo":      (*telegram).webhookInfo,
	"getfile":             (*telegram).getFile,
	"sendchataction":      (*telegram).chatAction,
	"answercallbackquery": (*telegram).answerQuery,
	"sendmessage":         send((*telegram).message),
	"sendphoto":           send(fileOf(Image, "photo")),
	"senddocument":        send(fileOf(Document, "document")),
	"sendvideo":           send(fileOf(Video, "video")),
	"sendvoice":           send(fileOf(Voice, "voice")),
	"sendaudio":           send(fileOf(Audio, "audio")),
	"setmessagereaction":  send((*telegram).react),
	"editmessagetext":     send((*telegram).edit),
	"deletemessage":       send((*telegram).remove),
}

func (d *telegram) serveMethod(w http.ResponseWriter, r *http.Request) {
	b, err := d.bot(r)
	if err != nil {
		refuseTelegram(w, err)
		return
	}
	method, known := telegramMethods[strings.ToLower(r.PathValue("method"))]
	if !known {
		refuseTelegram(w, telegramError{code: 404, description: "Not Found: method not found"})
		return
	}
	p, err := readParameters(w, r)
	if err != nil {
		refuseTelegram(w, err)
		return
	}
	method(d, w, r, b, p)
}

func (d *telegram) getMe(w http.ResponseWriter, r *http.Request, b *telegramBot, _ parameters) {
	d.sim.slow(r, b.account)
	me := b.user()
	me["can_join_groups"], me["can_read_all_group_messages"], me["supports_inline_queries"] = true, false, false
	answerTelegram(w, me)
}

func (b *telegramBot) user() object {
	return object{"id": b.id, "is_bot": true, "first_name": b.Name, "username": b.Username}
}

// telegramError is an error of the Bot API.
type telegramError struct {
	code        int
	description string
}

func (e telegramError) Error() string { return e.description }

func badRequest(description string) error {
	return telegramError{code: 400, description: "Bad Request: " + description}
}

// What the Bot API answers for each class. Descriptions: telegram-bot-api's Client.cpp.
var telegramFailures = map[Class]telegramError{
	RateLimited:          {429, "Too Many Requests: retry after "},
	AuthExpired:          {401, "Unauthorized"},
	RecipientBlocked:     {403, "Forbidden: bot was blocked by the user"},
	RecipientUnreachable: {403, "Forbidden: user is deactivated"},
	InvalidRequest:       {400, "Bad Request: can't parse entities"},
	Permission:           {403, "Forbidden: bot can't initiate conversation with a user"},
	Transient:            {502, "Bad Gateway"},
}

func (d *telegram) fails(class Class) bool {
	_, known := telegramFailures[class]
	return known
}

func answerTelegram(w http.ResponseWriter, result any) {
	answerJSON(w, http.StatusOK, object{"ok": true, "result": result})
}

func refuseTelegram(w http.ResponseWriter, err error) {
	var failure Failure
	e := telegramError{code: http.StatusInternalServerError, description: "Internal Server Error"}
	body := object{"ok": false}
	if errors.As(err, &failure) {
		e = telegramFailures[failure.Class]
	} else {
		errors.As(err, &e)
	}
	if e.code == http.StatusTooManyRequests {
		wait := failure.retrySeconds()
		e.description += strconv.Itoa(wait)
		body["parameters"] = object{"retry_after": wait}
		w.Header().Set("Retry-After", strconv.Itoa(wait))
	}
	body["error_code"], body["description"] = e.code, e.description
	answerJSON(w, e.code, body)
}

func (d *telegram) isPerson(id string) bool {
	n, err := strconv.ParseInt(id, 10, 64)
	return err == nil && n > 0 && fmt.Sprint(n) == id
}
