package inbox_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// TestReceiveTogetherIsTheSame feeds random deliveries to two organizations, to one of them in groups, and compares all that
// is known afterwards.
func TestReceiveTogetherIsTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("as one by one, story ", seed), func(t *testing.T) {
			t.Parallel()
			apart := inboxtest.New(t)
			together := apart.Neighbour("206540352242922")
			s := newStory(seed, apart, together)
			for range 10 {
				group := s.group()
				for _, d := range s.told(0, group) {
					apart.Must(apart.Inbox.TakeApart(apart.Context(), d))
				}
				for _, err := range together.Inbox.TakeTogether(together.Context(), s.told(1, group)...) {
					together.Must(err)
				}
				compare(t, apart, together)
				s.meanwhile()
			}
		})
	}
}

func compare(t *testing.T, apart, together *inboxtest.World) {
	t.Helper()
	one, other := everything(apart), everything(together)
	for i := range max(len(one), len(other)) {
		if at(one, i) != at(other, i) {
			t.Fatalf("one by one:\n%s\ntogether:\n%s", at(one, i), at(other, i))
		}
	}
}

// TestReceiveTogetherIsNoLess tells what random stories rarely tell, like them.
func TestReceiveTogetherIsNoLess(t *testing.T) {
	t.Parallel()
	by := func(w *inboxtest.World, id, alt string) models.Inbound {
		in := w.Says("491701", "hello?")
		in.Author.ID, in.Author.AltID, in.ThreadKey = id, alt, id
		in.ExternalID = fmt.Sprint("wamid.", len(w.Log(0)), id, alt)
		return in
	}
	for name, c := range map[string]struct {
		before func(w *inboxtest.World)
		group  func(w *inboxtest.World) []models.Inbound
	}{
		"of somebody whose other id is told just now": {
			before: func(w *inboxtest.World) { w.Receive(by(w, "491701", "")) },
			group: func(w *inboxtest.World) []models.Inbound {
				return []models.Inbound{by(w, "491701", "US.1"), by(w, "US.1", "")}
			},
		},
		"of two who turn out to be one": {
			before: func(w *inboxtest.World) { w.Receive(by(w, "491701", ""), by(w, "US.1", "")) },
			group: func(w *inboxtest.World) []models.Inbound {
				return []models.Inbound{by(w, "491701", "US.1"), by(w, "491702", "")}
			},
		},
		"in a conversation of a member who left": {
			before: func(w *inboxtest.World) {
				in := by(w, "491701", "")
				w.Receive(in)
				c := w.Conversation(w.MessageSaid(in.ExternalID).ConversationID)
				_, err := w.Inbox.Assign(w.Context(), w.Admin, inbox.AssignRequest{ConversationID: c.ID, UserID: &w.Colleague.UserID})
				w.Must(err)
				resolve(w, c)
				_, err = w.Inbox.RemoveMember(w.Context(), w.Owner, w.Colleague.UserID, "")
				w.Must(err)
			},
			group: func(w *inboxtest.World) []models.Inbound {
				return []models.Inbound{by(w, "491701", ""), by(w, "491702", "")}
			},
		},
	} {
		t.Run("as one by one, "+name, func(t *testing.T) {
			t.Parallel()
			apart := inboxtest.New(t)
			together := apart.Neighbour("206540352242922")
			c.before(apart)
			c.before(together)

			for _, in := range c.group(apart) {
				apart.Must(apart.Inbox.TakeApart(apart.Context(), delivery(apart, in)))
			}
			var group []inbox.Delivered
			for _, in := range c.group(together) {
				group = append(group, delivery(together, in))
			}
			for _, err := range together.Inbox.TakeTogether(together.Context(), group...) {
				together.Must(err)
			}

			compare(t, apart, together)
		})
	}
}

func at(rows []string, i int) string {
	if i >= len(rows) {
		return "nothing more"
	}
	return rows[i]
}

// story is what happens to two organizations alike.
type story struct {
	*rand.Rand
	worlds   [2]*inboxtest.World
	channels [2][]*models.Channel
	said     []heard
}

// heard is an element, and the channel it is for.
type heard struct {
	models.Inbound
	channel int
}

func newStory(seed uint64, worlds ...*inboxtest.World) *story {
	s := &story{Rand: rand.New(rand.NewPCG(seed, 1)), worlds: [2]*inboxtest.World(worlds)}
	for i, w := range worlds {
		s.channels[i] = []*models.Channel{w.Channel, w.Connect(models.WhatsApp, fmt.Sprint("30654035224292", i))}
		if seed%2 == 1 {
			startNew(w)
		}
	}
	return s
}

// group is deliveries that come at once.
func (s *story) group() (deliveries [][]heard) {
	for range 1 + s.IntN(8) {
		var d []heard
		channel := s.IntN(2)
		for range 1 + s.IntN(4)/3 {
			d = append(d, s.element(channel))
		}
		deliveries = append(deliveries, d)
	}
	return deliveries
}

func (s *story) element(channel int) heard {
	if len(s.said) > 0 && s.IntN(4) == 0 { // again
		again := s.said[s.IntN(len(s.said))]
		if again.channel == channel {
			return again
		}
	}
	in := s.words()
	if s.IntN(4) == 0 {
		s.said = append(s.said, heard{in, channel}) // what is about it may be there before it is
		in = s.other(in)
	}
	e := heard{in, channel}
	s.said = append(s.said, e)
	return e
}

// words are what somebody says, mostly plainly.
func (s *story) words() models.Inbound {
	who := s.IntN(4)
	w := s.worlds[0]
	in := w.Says(fmt.Sprint("4917", who), fmt.Sprint("hello ", s.IntN(1000)))
	in.Author.Name = []string{"Erika", "Erika", "Erika", "Max"}[s.IntN(4)]
	in.At = w.Clock.Now().Add(time.Duration(s.IntN(400)-300) * time.Minute)
	switch s.IntN(20) {
	case 0, 11, 12:
		in.Author.AltID = fmt.Sprint("US.", who)
	case 1, 13:
		in.Author.ID = fmt.Sprint("US.", who)
	case 14:
		in.Author.AltID = fmt.Sprint("US.", s.IntN(4))
	case 2:
		in.At = time.Time{}
	case 3:
		in.Kind, in.Details.Payload = models.InboundPostback, "YES"
	case 4:
		in.Text, in.Attachments = "", []models.Attachment{{Kind: models.Image, MediaID: "1"}, {Kind: models.ContactCard, Name: "Max"}}
	case 5:
		in.Details.Referral = &models.Referral{Source: "ad", SourceID: "7"}
	case 6:
		in.ThreadKey = "another thread"
	case 7:
		in.Text = "a\x00b"
	case 8:
		in.Text = strings.Repeat("long ", 300)
	case 9:
		in.Author.Handle, in.Author.Language, in.ReplyToExternalID = "erika", "de", "wamid.before"
	case 10:
		in.Incomplete = true
	}
	return in
}

// other is something else about the same, or about what was said before.
func (s *story) other(in models.Inbound) models.Inbound {
	w := s.worlds[0]
	about := in
	if len(s.said) > 0 && s.IntN(3) > 0 {
		about = s.said[s.IntN(len(s.said))].Inbound
	}
	switch s.IntN(7) {
	case 0:
		return w.Edit(about, "better words")
	case 1:
		return w.Deletion(about)
	case 2:
		return w.Reaction(in.Author.ID, about.ExternalID, []string{"👍", ""}[s.IntN(2)])
	case 3:
		return w.Receipt("wamid.OUT", models.Read)
	case 4:
		return w.Opt(in.Author.ID, []models.InboundKind{models.InboundOptOut, models.InboundOptIn}[s.IntN(2)])
	case 5:
		return w.NewNumber(in.Author.ID, fmt.Sprint("4917", s.IntN(8)))
	default:
		return w.Echo(in.Author.ID, in.Text, "")
	}
}

// told are the deliveries as one of the organizations gets them.
func (s *story) told(world int, group [][]heard) (deliveries []inbox.Delivered) {
	for _, elements := range group {
		channel := s.channels[world][elements[0].channel]
		d := inbox.Delivered{Channel: channel}
		for _, e := range elements {
			e.AccountID = channel.AccountID
			d.Elements = append(d.Elements, e.Inbound)
		}
		deliveries = append(deliveries, d)
	}
	return deliveries
}

// meanwhile lets agents do the same in both, and time pass.
func (s *story) meanwhile() {
	do, which := s.IntN(4), s.IntN(100)
	for _, w := range s.worlds {
		var all *models.Connection[models.Conversation]
		size := models.MaxPage
		w.Look(func(tx *models.Tx) (err error) {
			all, err = tx.ListConversations(models.ConversationFilter{}, models.NewestActivity, models.Page{First: &size})
			return err
		})
		open := slices.DeleteFunc(all.Nodes(), func(c *models.Conversation) bool { return !c.IsOpen() })
		if len(open) == 0 {
			continue
		}
		slices.SortFunc(open, func(a, b *models.Conversation) int { return strings.Compare(a.ID, b.ID) })
		switch c := open[which%len(open)]; do {
		case 0:
			resolve(w, c)
		case 1:
			_, _ = w.Inbox.Reply(w.Context(), w.Agent, inbox.ReplyRequest{ConversationID: c.ID, Draft: models.Draft{Text: "hi"}})
		case 2:
			_, err := w.Inbox.Assign(w.Context(), w.Admin, inbox.AssignRequest{ConversationID: c.ID, UserID: &w.Agent.UserID})
			w.Must(err)
			resolve(w, c)
		}
	}
	s.worlds[0].Clock.Advance(time.Duration(s.IntN(3)) * time.Minute)
}

var (
	anID      = regexp.MustCompile(`\b([a-z]{3})_[0-9a-f]{32}\b`)
	anAccount = regexp.MustCompile(`\b[123]06540352242[0-9]+\b`)
)

// everything is all that an organization knows, row by row, with numbers in place of ids.
func everything(w *inboxtest.World) (rows []string) {
	w.T.Helper()
	c, err := pgx.Connect(w.Context(), w.URL)
	w.Must(err)
	defer c.Close(w.Context())
	for _, table := range []string{
		"events", "conversations", "messages", "contacts", "contact_identities", "attachments", "media", "reactions",
		"early_news", "assignments", "(SELECT organization_id, id, channel_id, reason, element_count, due_at FROM quarantine)",
	} {
		found, err := c.Query(w.Context(), fmt.Sprintf(`SELECT '%[1]s ' || to_json(r.*)::text
			FROM (SELECT * FROM %[1]s rows WHERE organization_id = $1 ORDER BY 2) r`, table), w.Org.ID)
		w.Must(err)
		some, err := pgx.CollectRows(found, pgx.RowTo[string])
		w.Must(err)
		rows = append(rows, some...)
	}
	ids := slices.Compact(slices.Sorted(slices.Values(anID.FindAllString(strings.Join(rows, " "), -1))))
	place := make(map[string]string)
	for i, id := range ids {
		place[id] = fmt.Sprintf("%s %d", id[:3], i-slices.IndexFunc(ids, func(first string) bool { return first[:3] == id[:3] }))
	}
	for i := range rows {
		rows[i] = anAccount.ReplaceAllString(rows[i], "the account")
		rows[i] = anID.ReplaceAllStringFunc(rows[i], func(id string) string { return place[id] })
	}
	return rows
}
