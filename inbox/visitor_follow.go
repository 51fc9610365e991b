package inbox

import (
	"context"
	"iter"
	"sync"
	"time"

	"parley/models"
)

// visitorReach is how many events of the organization a stream looks through for what it missed. Who was away for longer
// loads their history, which is less to read.
const visitorReach = 5000

// Follow yields what happens to a visitor's conversations after the cursor, in order, each once and without gaps, until ctx
// or the visitor's token ends; without a cursor it begins now. A slow reader delays only itself. Of the organization it
// tells nothing but what members say to this visitor. A message that was taken from it counts as delivered.
func (m *Messenger) Follow(ctx context.Context, w models.Widget, v models.Visitor, after string) iter.Seq2[models.VisitorEvent, error] {
	return func(yield func(models.VisitorEvent, error) bool) {
		s := &visit{Messenger: m, widget: w, visitor: v, mine: make(map[string]bool)}
		if err := s.run(ctx, after, yield); err != nil && ctx.Err() == nil {
			yield(models.VisitorEvent{}, err)
		}
	}
}

// visit is one stream of one visitor.
type visit struct {
	*Messenger
	widget  models.Widget
	visitor models.Visitor
	mine    map[string]bool // the visitor's conversations
	seq     int64           // how far it has come
}

func (s *visit) run(ctx context.Context, after string, yield func(models.VisitorEvent, error) bool) error {
	reload, err := s.begin(ctx, after)
	if err != nil {
		return err
	}
	if first := s.beatOr(reload); !yield(first, nil) {
		return nil
	}
	var reading sync.WaitGroup
	defer reading.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events := make(chan logged, 64)
	reading.Go(func() { s.read(ctx, events) })
	beat := time.NewTicker(s.beat)
	defer beat.Stop()
	heard, leave := s.listen()
	defer func() { leave() }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-events:
			if e.err != nil {
				return e.err
			}
			more, moved, err := s.see(ctx, e.event, yield)
			if err != nil || !more {
				return err
			}
			if moved { // they go by another id now
				leave()
				heard, leave = s.listen()
			}
		case whisper := <-heard:
			if !yield(models.VisitorEvent{Type: models.VisitorSeesTyping, Lasts: whisper.Lasts}, nil) {
				return nil
			}
		case <-beat.C:
			if err := s.recheck(ctx); err != nil || !yield(s.beatOr(false), nil) {
				return err
			}
		}
	}
}

// begin finds the place to follow from. It reports whether what lies before it is out of reach.
func (s *visit) begin(ctx context.Context, after string) (reload bool, err error) {
	err = s.store.ReadAsVisitor(ctx, s.visitor, models.ReadAsVisitor, func(tx *models.Tx, now *models.Visitor) error {
		forgotten, last, err := tx.LogBounds()
		if err != nil {
			return err
		}
		s.seq = last
		if after != "" {
			seq, err := s.store.ParseVisitorCursor(s.visitor, after)
			if reload = err != nil || seq < forgotten || seq > last || last-seq > visitorReach; !reload {
				s.seq = seq
			}
		}
		return s.learn(tx, now)
	})
	return reload, err
}

// learn looks up which conversations are the visitor's.
func (s *visit) learn(tx *models.Tx, now *models.Visitor) error {
	ids, err := tx.VisitorConversations(now)
	if err != nil {
		return err
	}
	s.visitor = *now
	for _, id := range ids {
		s.mine[id] = true
	}
	return nil
}

type logged struct {
	event models.Event
	err   error
}

// read follows the organization's log: the filter is ours.
func (s *visit) read(ctx context.Context, events chan<- logged) {
	after := models.EventCursor(s.seq)
	for e, err := range s.feed.Follow(ctx, models.System(s.visitor.OrganizationID), &after) {
		select {
		case events <- logged{e, err}:
		case <-ctx.Done():
			return
		}
	}
}

func (s *visit) listen() (<-chan Whisper, func()) {
	who := s.visitor.Author()
	addresses := []string{ToVisitor(s.widget.Key, who.ID)}
	if who.AltID != "" {
		addresses = append(addresses, ToVisitor(s.widget.Key, who.AltID))
	}
	return s.whispers.Listen(addresses...)
}

func (s *visit) beatOr(reload bool) models.VisitorEvent {
	if reload {
		return models.VisitorEvent{Type: models.VisitorMustReload, Cursor: s.cursor()}
	}
	return models.VisitorEvent{Type: models.VisitorBeat, Cursor: s.cursor()}
}

func (s *visit) cursor() string {
	cursor, err := s.store.VisitorCursor(s.visitor, s.seq)
	if err != nil {
		s.log.Error("seal a visitor's cursor", "error", err)
	}
	return cursor
}

// recheck looks at whether the visitor's token is still good.
func (s *visit) recheck(ctx context.Context) error {
	return s.store.ReadAsVisitor(ctx, s.visitor, models.ReadAsVisitor, func(*models.Tx, *models.Visitor) error { return nil })
}

// see shows the visitor what an entry of the log means to them. moved says that they go by another id since.
func (s *visit) see(ctx context.Context, e models.Event, yield func(models.VisitorEvent, error) bool) (more, moved bool, err error) {
	s.seq = e.Seq
	if e.ChannelID != s.visitor.ChannelID {
		return true, false, nil
	}
	switch e.Type {
	case models.ChannelChanged:
		return true, false, s.recheck(ctx)
	case models.ContactChanged:
		if e.Data.Change != changedID {
			return true, false, nil
		}
		more, err = s.moved(ctx, yield)
		return more, true, err
	case models.ConversationOpened:
		return true, false, s.meet(ctx, e.ConversationID)
	}
	if !s.mine[e.ConversationID] {
		return true, false, nil
	}
	shown, message, err := s.show(ctx, e)
	if err != nil || shown == nil {
		return true, false, err
	}
	if !yield(*shown, nil) {
		return false, false, nil
	}
	if message != nil && !message.IsInbound() && *message.Status == models.Sent {
		s.delivered(ctx, s.widget, s.visitor, message)
	}
	return true, false, nil
}

// moved looks up anew who the visitor is, since some contact goes by another id. If there is more to see now, it is in their
// history.
func (s *visit) moved(ctx context.Context, yield func(models.VisitorEvent, error) bool) (more bool, err error) {
	before := len(s.mine)
	if err := s.store.ReadAsVisitor(ctx, s.visitor, models.ReadAsVisitor, s.learn); err != nil {
		return false, err
	}
	return len(s.mine) == before || yield(s.beatOr(true), nil), nil
}

// meet looks at whether a new conversation is the visitor's. All streams of a process share the answer, which is true for
// good: of people who turn out to be one, the log tells.
func (s *visit) meet(ctx context.Context, conversationID string) error {
	owner, known := s.owners.Get(conversationID)
	if !known {
		err := s.store.ReadAsVisitor(ctx, s.visitor, models.ReadAsVisitor, func(tx *models.Tx, _ *models.Visitor) error {
			identity, err := tx.IdentityOf(conversationID)
			if err == nil {
				owner = *identity
			}
			return err
		})
		if models.CodeOf(err) == models.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		s.owners.Add(conversationID, owner)
	}
	if s.visitor.IsBy(owner) {
		s.mine[conversationID] = true
	}
	return nil
}

// show says what an event of one of the visitor's conversations is to them: nil if it is none of their business.
func (s *visit) show(ctx context.Context, e models.Event) (*models.VisitorEvent, *models.Message, error) {
	switch {
	case e.Type == models.MessageAdded:
		return s.showMessage(ctx, e, models.VisitorMessageAdded, func(m *models.Message) bool { return m.IsInbound() })
	case e.Type == models.MessageDeliveryChanged && e.Data.Status != nil && *e.Data.Status == models.Sent:
		return s.showMessage(ctx, e, models.VisitorMessageAdded, func(m *models.Message) bool { return m.HasReached() })
	case e.Type == models.MessageChanged && (e.Data.Change == "EDITED" || e.Data.Change == "DELETED"):
		return s.showMessage(ctx, e, models.VisitorMessageChanged, func(m *models.Message) bool { return m.HasReached() })
	case e.Type == models.ConversationRead:
		shown, err := s.showRead(ctx, e)
		return shown, nil, err
	default:
		return nil, nil, nil
	}
}

func (s *visit) showMessage(ctx context.Context, e models.Event, as models.VisitorEventType, concerns func(*models.Message) bool) (*models.VisitorEvent, *models.Message, error) {
	var message models.Message
	var shown []models.VisitorMessage
	err := s.store.ReadAsVisitor(ctx, s.visitor, models.ReadAsVisitor, func(tx *models.Tx, _ *models.Visitor) (err error) {
		if err := tx.Find(&message, e.MessageID); err != nil || !concerns(&message) {
			return err
		}
		shown, err = tx.ShowToVisitor([]*models.Message{&message})
		return err
	})
	if models.CodeOf(err) == models.NotFound { // it is gone meanwhile
		return nil, nil, nil
	}
	if err != nil || len(shown) == 0 {
		return nil, nil, err
	}
	return &models.VisitorEvent{Type: as, Cursor: s.cursor(), Message: &shown[0]}, &message, nil
}

func (s *visit) showRead(ctx context.Context, e models.Event) (shown *models.VisitorEvent, err error) {
	err = s.store.ReadAsVisitor(ctx, s.visitor, models.ReadAsVisitor, func(tx *models.Tx, _ *models.Visitor) error {
		last, err := tx.LastRead(e.ConversationID)
		if err == nil && last != nil {
			shown = &models.VisitorEvent{Type: models.VisitorMessagesRead, Cursor: s.cursor(), UpTo: last.VisitorID()}
		}
		return err
	})
	return shown, err
}
