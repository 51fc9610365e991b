package models

import (
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Arrival is what has to be known of something a contact said in private, to find its place.
type Arrival struct {
	ChannelID  string
	ExternalID string
	Author     Author
	ThreadKey  string
}

// Scene is what an organization knows of arrivals and the people they are from. The people and their conversations are
// locked, in the order every writer keeps.
type Scene struct {
	IsActive   bool               // the organization
	Channels   []*Channel         // of those asked for, the ones deliveries come to: what they are and do, no more
	Identities []*ContactIdentity // of the authors, by any of their ids
	Newest     []*Conversation    // the private conversation of each identity that a message would go on with
	known      map[saidOn]bool
	EarlyNews  bool // something is known already about one of them
}

type saidOn struct{ channelID, externalID string }

// IsKnown reports whether a channel has the message with this external id already.
func (s *Scene) IsKnown(channelID, externalID string) bool {
	return s.known[saidOn{channelID, externalID}]
}

// People are who an author may be: nobody, somebody, or two who turn out to be one.
func (s *Scene) People(channelID string, a Author) (known []*ContactIdentity) {
	for _, i := range s.Identities {
		if i.ChannelID == channelID && (i.goesBy(a.ID) || a.AltID != "" && i.goesBy(a.AltID)) {
			known = append(known, i)
		}
	}
	return known
}

// Meets reports whether two authors have an id in common.
func (a Author) Meets(o Author) bool {
	return a.ID == o.ID || a.ID == o.AltID || a.AltID != "" && (a.AltID == o.ID || a.AltID == o.AltID)
}

// Rekeys reports whether TakeIdentity of an author would change by which ids the identity is known.
func (i *ContactIdentity) Rekeys(a Author) bool {
	if a.AltID == "" {
		return !i.goesBy(a.ID)
	}
	return i.ExternalID != a.ID || i.AltExternalID == nil || *i.AltExternalID != a.AltID
}

// RefreshIdentity takes over what the platform says now of a person; what it leaves out stays.
func (in *Intake) RefreshIdentity(i *ContactIdentity, a Author) error {
	return in.refreshIdentity(i, a)
}

var (
	readIdentities = wholeRows[ContactIdentity]()
)

var (
	lockIdentities = `
		SELECT ` + readIdentities.of("i") + ` FROM contact_identities i
		WHERE i.organization_id = $1 AND i.id = ANY(ARRAY(` + identitiesOf("i.id", "") + `))
		ORDER BY i.id FOR UPDATE`

	// Where deliveries come to, which of them are known, and whether there is news of one.
	selectGround = `
		SELECT o.inbox_status, c.organization_id, c.id, c.platform, c.status, c.when_resolved,
			ARRAY(
				SELECT said.place FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS said (channel_id, external_id, place)
				JOIN messages m ON m.organization_id = $1 AND m.channel_id = said.channel_id AND m.external_id = said.external_id),
			EXISTS (
				SELECT FROM unnest($3::text[], $4::text[]) AS said (channel_id, external_id)
				JOIN early_news n ON n.organization_id = $1 AND n.channel_id = said.channel_id AND n.external_id = said.external_id)
		FROM organizations o JOIN channels c ON c.organization_id = o.id
		WHERE o.id = $1 AND c.id = ANY($2::text[]) AND EXISTS (
			SELECT FROM channel_routes r WHERE r.organization_id = $1 AND r.channel_id = c.id
			  AND r.platform = c.platform AND r.account_id = c.account_id)`

	// The same choice as LockThread's.
	lockNewest = `
		SELECT ` + names(conversationColumns) + ` FROM conversations c
		WHERE c.organization_id = $1 AND c.id = ANY(ARRAY(` + identitiesOf("newest.id", `
			CROSS JOIN LATERAL (
				SELECT o.id FROM conversations o
				WHERE o.organization_id = $1 AND o.identity_id = i.id AND o.surface = 'PRIVATE_MESSAGE'
				ORDER BY (o.status <> 'RESOLVED') DESC, (o.thread_key = who.thread_key) DESC, o.id DESC
				LIMIT 1) newest`) + `))
		ORDER BY c.id FOR NO KEY UPDATE`
)

// identitiesOf selects what of the identities that authors go by, each way by its index.
func identitiesOf(what, join string) string {
	by := func(column string) string {
		return `
			SELECT ` + what + ` FROM unnest($2::text[], $3::text[], $4::text[]) AS who (channel_id, id, thread_key)
			JOIN contact_identities i ON i.organization_id = $1 AND i.channel_id = who.channel_id AND i.` + column + ` = who.id` + join
	}
	return by("external_id") + ` UNION ALL ` + by("alt_external_id")
}

// Read reads and locks what there is to know for arrivals, after writing what is to be written.
func (in *Intake) Read(arrivals []Arrival) (*Scene, error) {
	if len(in.written.attached) > 0 {
		if err := in.Flush(); err != nil {
			return nil, err
		}
	}
	if err := in.queueWritten(); err != nil {
		return nil, err
	}
	scene := &Scene{known: make(map[saidOn]bool)}
	in.queueRead(scene, arrivals)
	if err := in.send(); err != nil {
		return nil, fmt.Errorf("read for what was said: %w", err)
	}
	return scene, nil
}

func (in *Intake) queueRead(scene *Scene, arrivals []Arrival) {
	org, asked := in.Viewer.OrganizationID, questionsOf(arrivals)
	in.waiting.Queue(lockIdentities, org, asked.authorOn, asked.author, asked.thread).Query(func(rows pgx.Rows) (err error) {
		scene.Identities, err = readIdentities.read(rows)
		return err
	})
	in.waiting.Queue(selectGround, org, asked.channels, asked.saidOn, asked.said).Query(func(rows pgx.Rows) error {
		return scene.readGround(rows, arrivals)
	})
	in.waiting.Queue(lockNewest, org, asked.authorOn, asked.author, asked.thread).Query(func(rows pgx.Rows) error {
		newest, err := collect(rows, conversationColumns, len(asked.author))
		for i := range newest {
			scene.Newest = append(scene.Newest, &newest[i])
		}
		return err
	})
}

func (s *Scene) readGround(rows pgx.Rows, arrivals []Arrival) error {
	for rows.Next() {
		var inbox InboxStatus
		var c Channel
		var known []int
		if err := rows.Scan(&inbox, &c.OrganizationID, &c.ID, &c.Platform, &c.Status, &c.WhenResolved, &known, &s.EarlyNews); err != nil {
			return fmt.Errorf("read channels: %w", err)
		}
		s.IsActive, s.Channels = inbox == InboxIsActive, append(s.Channels, &c)
		for _, place := range known {
			s.known[saidOn{arrivals[place-1].ChannelID, arrivals[place-1].ExternalID}] = true
		}
	}
	return rows.Err()
}

// questions are arrivals column by column.
type questions struct {
	channels                 []string
	authorOn, author, thread []string // each id of each author
	saidOn, said             []string
}

func questionsOf(arrivals []Arrival) (q questions) {
	channels, authors := make(map[string]bool), make(map[[3]string]bool)
	for _, a := range arrivals {
		if !channels[a.ChannelID] {
			channels[a.ChannelID] = true
			q.channels = append(q.channels, a.ChannelID)
		}
		for _, id := range []string{a.Author.ID, a.Author.AltID} {
			who := [3]string{a.ChannelID, id, a.ThreadKey}
			if id == "" || authors[who] {
				continue
			}
			authors[who] = true
			q.authorOn, q.author, q.thread = append(q.authorOn, a.ChannelID), append(q.author, id), append(q.thread, a.ThreadKey)
		}
		q.saidOn, q.said = append(q.saidOn, a.ChannelID), append(q.said, a.ExternalID)
	}
	return q
}

// IsRouted reports whether deliveries for the channel's account come to it now.
func (tx *Tx) IsRouted(channelID string) (routed bool, err error) {
	err = tx.db.Raw(`SELECT EXISTS (SELECT FROM channel_routes WHERE organization_id = ? AND channel_id = ?)`,
		tx.Viewer.OrganizationID, channelID).Scan(&routed).Error
	if err != nil {
		return false, fmt.Errorf("look for the route to %s: %w", channelID, err)
	}
	return routed, nil
}
