package inbox_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parley/channels"
	"parley/inbox"
	"parley/inbox/inboxtest"
	"parley/models"
)

// astray finds conversations that do not say what their messages, contacts and events say. The log is the witness of what
// came when: an answer is an outbound message or a change of status by a person.
const astray = `
	WITH said AS (
		SELECT e.seq, e.type, e.at, e.conversation_id, m.id AS message_id, m.direction,
			LEAST(m.platform_at, m.created_at) AS written_at,
			e.type = 'MESSAGE_ADDED' AND m.direction IS DISTINCT FROM 'INBOUND'
				OR e.type = 'CONVERSATION_STATUS_CHANGED' AND e.data->>'reason' IS DISTINCT FROM 'CONTACT_WROTE' AS settles,
			e.data->>'to' AS status
		FROM events e LEFT JOIN messages m ON m.organization_id = e.organization_id AND m.id = e.message_id
		WHERE e.type IN ('MESSAGE_ADDED', 'CONVERSATION_READ', 'CONVERSATION_STATUS_CHANGED')
	), counted AS (
		SELECT c.*, p.name AS p_name, i.name AS i_name, i.handle AS i_handle, i.external_id AS i_external_id,
			m.id AS m_id, m.text AS m_text, m.direction AS m_direction, m.author_user_id AS m_author, m.status AS m_status,
			m.created_at AS m_at, m.platform_at AS m_platform_at, m.edited_at AS m_edited_at, m.deleted_at AS m_deleted_at,
			(SELECT count(*) FROM said s WHERE s.conversation_id = c.id AND s.type = 'MESSAGE_ADDED' AND s.direction = 'INBOUND' AND s.seq >
				COALESCE((SELECT max(seq) FROM said WHERE conversation_id = c.id AND type = 'CONVERSATION_READ'), 0)) AS unread,
			COALESCE((SELECT max(at) FROM said WHERE conversation_id = c.id AND type = 'MESSAGE_ADDED'), c.created_at) AS active_at,
			(SELECT min(CASE WHEN s.settles THEN s.at ELSE COALESCE(s.written_at, s.at) END) FROM said s
				WHERE s.conversation_id = c.id AND s.type <> 'CONVERSATION_READ'
				  AND (s.direction = 'INBOUND' OR s.settles AND s.type = 'CONVERSATION_STATUS_CHANGED' AND s.status = 'NEW')
				  AND s.seq >= COALESCE((SELECT max(seq) FROM said WHERE conversation_id = c.id AND settles), 0)) AS waits
		FROM conversations c
		JOIN contacts p ON p.organization_id = c.organization_id AND p.id = c.contact_id
		JOIN contact_identities i ON i.organization_id = c.organization_id AND i.id = c.identity_id
		LEFT JOIN LATERAL (SELECT * FROM messages m WHERE m.organization_id = c.organization_id AND m.conversation_id = c.id
			ORDER BY m.id DESC LIMIT 1) m ON TRUE
	)
	SELECT id || ' shows ' || row(last_message_id, left(last_message_text, 40), last_message_direction, last_message_author_id,
			last_message_status, last_message_at, last_message_platform_at, last_message_edited_at, last_message_deleted_at,
			contact_name, identity_name, identity_handle, identity_external_id, unread_count, last_activity_at, waiting_since)::text
		|| ' of ' || row(m_id, left(m_text, 40), m_direction, m_author, m_status, m_at, m_platform_at, m_edited_at, m_deleted_at,
			p_name, i_name, i_handle, i_external_id, unread, active_at, waits)::text
	FROM counted
	WHERE (last_message_id, last_message_text, last_message_direction, last_message_author_id, last_message_status,
			last_message_at, last_message_platform_at, last_message_edited_at, last_message_deleted_at,
			contact_name, identity_name, identity_handle, identity_external_id, unread_count, last_activity_at, waiting_since)
		IS DISTINCT FROM
		(m_id, CASE WHEN octet_length(m_text) <= 1000 THEN m_text END, COALESCE(m_direction, ''), m_author, m_status,
			m_at, m_platform_at, m_edited_at, m_deleted_at,
			p_name, i_name, i_handle, i_external_id, unread, active_at, waits)
	ORDER BY id`

// script is a random play of customers, agents and a platform.
type script struct {
	*inboxtest.World
	*rand.Rand
	heard     []models.Inbound // what customers said
	customers []string
}

func pick[T any](s *script, from []T) T { return from[s.IntN(len(from))] }

func (s *script) chance(percent int) bool { return s.IntN(100) < percent }

// says is something a customer writes: now, or as late news; by a name that changes, by one of two ids, at length or not.
func (s *script) says() models.Inbound {
	in := s.Says(pick(s, s.customers), pick(s, []string{"", "hello?", "ö", strings.Repeat("ä", 500), strings.Repeat("ä", 501)}))
	if s.chance(20) {
		in.Surface, in.ThreadKey, in.Post = models.Comment, pick(s, s.customers), &models.PostFacts{ExternalID: "post-1"}
	}
	in.At = in.At.Add(time.Duration(s.IntN(4)-2) * time.Minute)
	in.Author.Name = pick(s, []string{"", "Erika", "Max", "Ünal"})
	in.Author.Handle = pick(s, []string{"", "@erika", "@max"})
	if s.chance(15) {
		in.Author.AltID = "alt." + pick(s, s.customers)
	}
	s.heard = append(s.heard, in)
	return in
}

// known is a row some query finds, or "".
func (s *script) known(c *pgx.Conn, query string) string {
	var ids []string
	rows, err := c.Query(s.Context(), query)
	s.Must(err)
	for rows.Next() {
		var id string
		s.Must(rows.Scan(&id))
		ids = append(ids, id)
	}
	s.Must(rows.Err())
	if len(ids) == 0 {
		return ""
	}
	return pick(s, ids)
}

// answers is what the platform will do with the next message: take it, refuse it, lose it, or let its echo arrive first.
func (s *script) answers() {
	switch s.IntN(5) {
	case 0:
		s.Platform.Answer(inboxtest.Refuse(channels.SendError{Failure: models.Failure{Reason: models.InvalidRequest}}))
	case 1:
		s.Platform.Answer(inboxtest.Refuse(channels.SendError{Failure: models.Failure{Reason: models.Transient}, Ambiguous: s.chance(50)}))
	case 2:
		s.Platform.Answer(func(_ context.Context, m channels.Outbound) (channels.Sent, error) {
			echo := s.Echo(m.ThreadKey, m.Text+pick(s, []string{"", " as the platform puts it"}), pick(s, []string{"", m.Reference}))
			s.Receive(echo)
			return channels.Sent{ExternalID: echo.ExternalID, HTTPStatus: 200}, nil
		})
	}
}

// step does one thing, whoever's it is. What is refused changes nothing, which is as good.
func (s *script) step(c *pgx.Conn) {
	ctx := s.Context()
	conversation := s.known(c, `SELECT id FROM conversations ORDER BY id`)
	outbound := s.known(c, `SELECT external_id FROM messages WHERE direction = 'OUTBOUND' AND external_id IS NOT NULL ORDER BY id`)
	switch n := s.IntN(20); {
	case n < 5 || len(s.heard) == 0:
		s.Receive(s.says())
	case n < 6:
		s.Receive(s.says(), s.Edit(pick(s, s.heard), "edited"), s.says())
	case n < 7:
		late := s.says() // its edit or its end arrives before it
		s.Receive(pick(s, []models.Inbound{s.Edit(late, "early"), s.Deletion(late)}), late)
	case n < 8:
		s.Receive(pick(s, []models.Inbound{s.Edit(pick(s, s.heard), pick(s, []string{"other words", strings.Repeat("long ", 300)})), s.Deletion(pick(s, s.heard))}))
	case n < 9:
		s.Receive(s.Reaction(pick(s, s.customers), pick(s, s.heard).ExternalID, pick(s, []string{"", "👍"})))
	case n < 12:
		s.answers()
		_, _ = s.Inbox.Reply(ctx, s.Agent, inbox.ReplyRequest{ConversationID: conversation, Draft: models.Draft{Text: "we answer"}})
		s.Work(models.DueMessages)
	case n < 13 && outbound != "":
		s.Receive(s.Receipt(outbound, pick(s, []models.DeliveryStatus{models.Delivered, models.Read, models.Failed})))
	case n < 14:
		s.Receive(s.Echo(pick(s, s.customers), "from another app", ""))
	case n < 15:
		_, _ = s.Inbox.ChangeStatus(ctx, s.Agent, inbox.StatusRequest{
			ConversationID: conversation, Status: pick(s, []models.ConversationStatus{models.New, models.Pending, models.Resolved}),
		})
	case n < 16:
		_, _ = s.Inbox.MarkRead(ctx, s.Agent, conversation, "")
	case n < 17:
		s.Receive(s.NewNumber(pick(s, s.customers), pick(s, s.customers)))
	case n < 18:
		_, _ = s.Inbox.Retry(ctx, s.Agent, s.known(c, `SELECT id FROM messages WHERE status = 'FAILED' ORDER BY id`), "")
		s.answers()
		s.Work(models.DueMessages)
	case n < 19:
		_, _ = s.Inbox.ReplyPrivately(ctx, s.Agent, inbox.PrivateReplyRequest{
			MessageID: s.known(c, `SELECT id FROM messages WHERE visibility = 'PUBLIC' ORDER BY id`), Draft: models.Draft{Text: "in private"},
		})
		s.Work(models.DueMessages)
	default:
		kind := pick(s, []models.ActionKind{models.EditMessage, models.DeleteMessage})
		_, _ = s.Inbox.Act(ctx, s.Agent, inbox.ActRequest{
			MessageID: s.known(c, `SELECT id FROM messages WHERE status = 'SENT' ORDER BY id`), Kind: kind, Text: "in better words",
		})
		s.Work(models.DueActions)
	}
	s.Clock.Advance(pick(s, []time.Duration{0, time.Second, time.Minute, time.Hour}))
}

func TestShownOfAConversation(t *testing.T) {
	t.Parallel()
	for _, platform := range []models.Platform{models.Instagram, models.Telegram} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("is what its messages, contact and events say, on %s, seed %d", platform, seed), func(t *testing.T) {
				t.Parallel()
				w, _ := inboxtest.NewOn(t, platform)
				s := &script{World: w, Rand: rand.New(rand.NewPCG(seed, 5)), customers: []string{"1", "2", "3", "alt.1", "alt.2"}}
				c, err := pgx.Connect(w.Context(), w.URL)
				w.Must(err)
				t.Cleanup(func() { _ = c.Close(context.Background()) })
				for i := range 120 {
					s.step(c)
					rows, err := c.Query(w.Context(), astray)
					w.Must(err)
					wrong, err := pgx.CollectRows(rows, pgx.RowTo[string])
					w.Must(err)
					if len(wrong) > 0 {
						t.Fatalf("after step %d:\n%s", i, strings.Join(wrong, "\n"))
					}
				}
				reached := w.Count(`SELECT count(DISTINCT (direction, status, deleted_at IS NULL, edited_at IS NULL)) FROM messages`)
				if reached < 6 {
					t.Errorf("messages were in %d states only", reached)
				}
			})
		}
	}
}
