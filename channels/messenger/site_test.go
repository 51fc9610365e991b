package messenger_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/channels"
	"parley/channels/messenger"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
	"parley/workers"
)

func TestMain(m *testing.M) { inboxtest.Main(m) }

// No Redis runs here; its client need not tell.
func init() { redis.SetLogger(silent{}) }

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// longest is how long we wait for what should happen soon.
const longest = 30 * time.Second

const shop = "https://shop.example"

// site is a widget on a shop's pages, served over real HTTP.
type site struct {
	*inboxtest.World
	store    *models.Store
	inbox    *inbox.Inbox
	crew     *workers.Crew
	desk     *inbox.Messenger
	whispers *inbox.Whispers
	files    *files
	channel  *models.Channel
	secret   string
	url      string // of the widget
	handler  *messenger.Handler
}

func newSite(t *testing.T, change ...func(*messenger.Options)) *site {
	t.Helper()
	w := inboxtest.New(t)
	s := &site{World: w, store: w.OpenStore(), files: &files{stored: make(map[string]models.Attachment)}}
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: t.TempDir() + "/none.sock", MaxRetries: -1})
	feed := inbox.NewFeed(s.store, client, time.Hour, inboxtest.Quiet)
	s.store.OnCommit(feed.Ring)
	s.whispers = inbox.NewWhispers(client, w.Clock.Now, inboxtest.Quiet)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { feed.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		_ = client.Close()
	})
	s.inbox = w.OpenInbox(s.store, messenger.New(messenger.Config{Typing: s.whispers.TellVisitor}), w.Platform)
	s.crew = w.Hire(s.inbox)
	s.desk = inbox.NewMessenger(inbox.MessengerConfig{
		Inbox: s.inbox, Feed: feed, Whispers: s.whispers, Beat: 20 * time.Millisecond, Log: inboxtest.Quiet,
		Uploads: inbox.VisitorUploads{Create: s.files.create, Attach: s.files.attach, Address: s.files.address},
	})
	s.open()
	s.serve(t, change...)
	return s
}

// open connects the widget.
func (s *site) open() {
	s.T.Helper()
	var err error
	s.channel, err = s.inbox.ConnectChannel(s.Context(), s.Admin, inbox.ConnectRequest{Platform: models.Messenger})
	s.Must(err)
	_, err = s.inbox.AllowOrigins(s.Context(), s.Admin, s.channel.ID, []string{shop}, "")
	s.Must(err)
	settings, err := s.inbox.Widget(s.Context(), s.Admin, s.channel.ID)
	s.Must(err)
	s.secret = settings.IdentitySecret
}

func (s *site) serve(t *testing.T, change ...func(*messenger.Options)) {
	plenty := messenger.Limit{Burst: 1e6, Rate: 1e6}
	options := messenger.Options{
		Desk: s.desk, Log: inboxtest.Quiet, Now: s.Clock.Now,
		Requests: plenty, Sessions: plenty, Messages: plenty, Typing: plenty, Uploads: plenty,
	}
	for _, c := range change {
		c(&options)
	}
	s.handler = messenger.NewHandler(options)
	server := httptest.NewServer(s.handler)
	t.Cleanup(func() {
		s.handler.EndStreams()
		server.Close()
	})
	s.url = server.URL + "/messenger/" + s.channel.AccountID
}

// files stand in for where uploads go.
type files struct {
	mu     sync.Mutex
	stored map[string]models.Attachment // by visitor and upload
}

func (f *files) create(_ context.Context, v models.Visitor, file inbox.VisitorFile) (inbox.VisitorSlot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := fmt.Sprint("upl_", len(f.stored)+1)
	f.stored[v.ID+id] = models.Attachment{
		Kind: models.KindOf(file.MIMEType), MediaID: id, MIMEType: file.MIMEType, Filename: file.Filename, SizeBytes: file.SizeBytes,
	}
	return inbox.VisitorSlot{UploadID: id, URL: "https://files.example/" + id, ExpiresAt: inboxtest.Start}, nil
}

func (f *files) attach(_ context.Context, v models.Visitor, id string) (models.Attachment, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a, known := f.stored[v.ID+id]
	if !known {
		return a, models.Refuse(models.NotFound, "attachments", "There is no such upload of yours.")
	}
	return a, nil
}

func (f *files) address(_ context.Context, _ models.Visitor, a models.Attachment) (string, error) {
	return "https://files.example/signed/" + a.MediaID, nil
}

// reply lets the agent answer a conversation and the answer be sent.
func (s *site) reply(conversationID, text string) *models.Message {
	s.T.Helper()
	m, err := s.inbox.Reply(s.Context(), s.Agent, inbox.ReplyRequest{ConversationID: conversationID, Draft: models.Draft{Text: text}})
	s.Must(err)
	s.work(models.DueMessages)
	return m
}

func (s *site) work(kind models.JobKind) {
	s.T.Helper()
	_, err := s.crew.RunOnce(s.Context(), kind)
	s.Must(err)
}

// conversations are those on the widget, oldest first.
func (s *site) conversations() (all []*models.Conversation) {
	s.T.Helper()
	s.Look(func(tx *models.Tx) error {
		list, err := tx.ListConversations(models.ConversationFilter{ChannelIDs: []string{s.channel.ID}}, models.NewestActivity, models.Page{})
		if err == nil {
			all = list.Nodes()
		}
		return err
	})
	return all
}

// hash is what the shop's server vouches for a customer with.
func (s *site) identity(customer string) map[string]any {
	return map[string]any{"id": customer, "hash": models.IdentityHash(s.secret, customer), "name": "Erika"}
}

// browser is one of a visitor's, with its token.
type browser struct {
	*site
	token, visitor string
}

type object = map[string]any

// visit begins a session; with an identity, if one is given.
func (s *site) visit(identity ...object) *browser {
	s.T.Helper()
	asked := object{}
	if len(identity) > 0 {
		asked["identity"] = identity[0]
	}
	b := &browser{site: s}
	answer := b.must(http.MethodPost, "/sessions", asked)
	b.token, _ = answer["token"].(string)
	b.visitor, _ = answer["visitor"].(object)["id"].(string)
	return b
}

func (b *browser) request(method, path string, body any) *http.Request {
	b.T.Helper()
	encoded := []byte(nil)
	if raw, isRaw := body.(string); isRaw {
		encoded = []byte(raw)
	} else if body != nil {
		var err error
		encoded, err = json.Marshal(body)
		b.Must(err)
	}
	r, err := http.NewRequestWithContext(b.Context(), method, b.url+path, bytes.NewReader(encoded))
	b.Must(err)
	r.Header.Set("Origin", shop)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if b.token != "" {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	return r
}

// ask makes a request and returns what was answered.
func (b *browser) ask(method, path string, body any) (*http.Response, object, string) {
	b.T.Helper()
	return b.do(b.request(method, path, body))
}

func (b *browser) do(r *http.Request) (*http.Response, object, string) {
	b.T.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		b.T.Error(err)
		return &http.Response{}, nil, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.T.Error(err)
	}
	answer := object{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &answer); err != nil {
			b.T.Errorf("answered %d %q", res.StatusCode, text)
		}
	}
	return res, answer, string(text)
}

// must makes a request that succeeds.
func (b *browser) must(method, path string, body any) object {
	b.T.Helper()
	res, answer, text := b.ask(method, path, body)
	if res.StatusCode/100 != 2 {
		b.T.Fatalf("%s %s: %d %s", method, path, res.StatusCode, text)
	}
	return answer
}

// refused makes a request that is refused.
func (b *browser) refused(method, path string, body any, status int, code string) {
	b.T.Helper()
	res, answer, text := b.ask(method, path, body)
	failure, _ := answer["error"].(object)
	if res.StatusCode != status || failure["code"] != code {
		b.T.Errorf("%s %s: got %d %s, want %d %s", method, path, res.StatusCode, text, status, code)
	}
}

// says writes a message.
func (b *browser) says(id, text string) object {
	b.T.Helper()
	return b.must(http.MethodPost, "/messages", object{"clientMessageId": id, "text": text})
}

// history is what is said, newest first.
func (b *browser) history() (messages []object) {
	b.T.Helper()
	return listOf(b.must(http.MethodGet, "/messages", nil)["messages"])
}

// texts are what was said, newest first.
func (b *browser) texts() (texts []string) {
	b.T.Helper()
	for _, m := range b.history() {
		texts = append(texts, m["text"].(string))
	}
	return texts
}

func listOf(value any) (list []object) {
	for _, v := range value.([]any) {
		list = append(list, v.(object))
	}
	return list
}

// sent is a server-sent event.
type sent struct {
	name, id, data string
}

func (e sent) json(t testing.TB) object {
	t.Helper()
	var o object
	if err := json.Unmarshal([]byte(e.data), &o); err != nil {
		t.Fatalf("%s says %q", e.name, e.data)
	}
	return o
}

// tab follows what happens.
type tab struct {
	t      testing.TB
	events chan sent
	close  func()
}

// follow opens a stream behind a place, and waits until it is open.
func (b *browser) follow(after string) *tab {
	b.T.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := b.request(http.MethodGet, "/events", nil).WithContext(ctx)
	if after != "" {
		r.Header.Set("Last-Event-ID", after)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		cancel()
		b.T.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		cancel()
		b.T.Fatalf("follow: %d %s", res.StatusCode, res.Header)
	}
	f := &tab{t: b.T, events: make(chan sent, 1000)}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(f.events)
		defer res.Body.Close()
		f.read(res.Body)
	})
	f.close = func() {
		cancel()
		reading.Wait()
	}
	b.T.Cleanup(f.close)
	return f
}

func (f *tab) read(body io.Reader) {
	var e sent
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data = value
		case "":
			if lines.Text() != "" { // a comment
				continue
			}
			f.events <- e
			e = sent{}
		}
	}
}

// next returns the next event that says something.
func (f *tab) next() sent {
	f.t.Helper()
	late := time.After(longest)
	for {
		select {
		case e, open := <-f.events:
			if !open {
				f.t.Fatal("the stream has ended")
			}
			if e.data != "" {
				return e
			}
		case <-late:
			f.t.Fatal("nothing came")
		}
	}
}

// place waits for a beat and returns where the stream is.
func (f *tab) place() string {
	f.t.Helper()
	late := time.After(longest)
	for {
		select {
		case e, open := <-f.events:
			if !open {
				f.t.Fatal("the stream has ended")
			}
			if e.data == "" && e.id != "" {
				return e.id
			}
			f.t.Fatalf("%s came: %s", e.name, e.data)
		case <-late:
			f.t.Fatal("nothing came")
		}
	}
}

// rest returns what still comes before the stream ends by itself.
func (f *tab) rest() (all []sent) {
	f.t.Helper()
	late := time.After(longest)
	for {
		select {
		case e, open := <-f.events:
			if !open {
				return all
			}
			if e.data != "" {
				all = append(all, e)
			}
		case <-late:
			f.t.Fatal("the stream did not end")
		}
	}
}

// inboxDelivery is what a platform delivers with, where nobody looks at it.
var inboxDelivery = channels.Delivery{Body: []byte("{}")}

// deletionOf takes a message back.
func deletionOf(widget, externalID string) channels.Parsed {
	return channels.Parsed{Inbound: []models.Inbound{{
		Kind: models.InboundDeletion, AccountID: widget, ExternalID: externalID, Surface: models.PrivateMessage, Direction: models.InboundMessage,
	}}}
}
