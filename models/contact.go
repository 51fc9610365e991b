package models

import (
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm/clause"
)

// Contact is a person outside.
type Contact struct {
	OrganizationID string `gorm:"primaryKey"`
	ID             string `gorm:"primaryKey"`
	Name           string
	CreatedAt      time.Time `gorm:"autoCreateTime:false"`
}

// ContactIdentity is a contact on one channel.
type ContactIdentity struct {
	OrganizationID string `gorm:"primaryKey"`
	ID             string `gorm:"primaryKey"`
	ContactID      string
	ChannelID      string
	ExternalID     string  // the id to answer to
	AltExternalID  *string // another id of the same person on the platform
	Name           string
	Handle         string
	Language       string
	OptedOutAt     *time.Time
	OptChangedAt   *time.Time
	CreatedAt      time.Time `gorm:"autoCreateTime:false"`
}

func (i ContactIdentity) goesBy(id string) bool {
	return i.ExternalID == id || i.AltExternalID != nil && *i.AltExternalID == id
}

// TakeIdentity finds or makes the identity of an author on a channel, takes over what the platform newly says of the
// person, and keeps others from doing the same at once. An author known by two ids who turns out to be one person
// becomes one identity.
func (tx *Tx) TakeIdentity(channelID string, a Author) (*ContactIdentity, error) {
	known, err := tx.lockIdentities(channelID, a)
	if err != nil {
		return nil, err
	}
	if len(known) == 0 {
		if err := tx.newIdentity(channelID, a); err != nil {
			return nil, err
		}
		if known, err = tx.lockIdentities(channelID, a); err != nil {
			return nil, err
		}
	}
	if len(known) == 0 {
		return nil, fmt.Errorf("identity vanished on channel %s", channelID)
	}
	identity := &known[0]
	for i := range known[1:] {
		if err := tx.mergeIdentities(identity, &known[1+i]); err != nil {
			return nil, err
		}
	}
	return identity, tx.refreshIdentity(identity, a)
}

func (tx *Tx) lockIdentities(channelID string, a Author) ([]ContactIdentity, error) {
	ids := []string{a.ID}
	if a.AltID != "" {
		ids = append(ids, a.AltID)
	}
	var known []ContactIdentity
	err := tx.db.Raw(`
		SELECT * FROM contact_identities
		WHERE organization_id = @org AND channel_id = @channel AND (external_id IN @ids OR alt_external_id IN @ids)
		ORDER BY id FOR UPDATE`,
		map[string]any{"org": tx.Viewer.OrganizationID, "channel": channelID, "ids": ids}).Scan(&known).Error
	if err != nil {
		return nil, fmt.Errorf("lock identity: %w", err)
	}
	return known, nil
}

func (tx *Tx) newIdentity(channelID string, a Author) error {
	contact := &Contact{OrganizationID: tx.Viewer.OrganizationID, ID: newID(ContactPrefix), Name: a.Name, CreatedAt: tx.Now}
	if err := tx.Create(contact); err != nil {
		return fmt.Errorf("create contact: %w", err)
	}
	identity := &ContactIdentity{
		OrganizationID: contact.OrganizationID, ID: newID(IdentityPrefix), ContactID: contact.ID, ChannelID: channelID,
		ExternalID: a.ID, AltExternalID: optional(a.AltID), Name: a.Name, Handle: a.Handle, Language: a.Language, CreatedAt: tx.Now,
	}
	// Two first messages at once: the second waits here for the first, and then takes its identity.
	made := tx.db.Clauses(clause.OnConflict{DoNothing: true}).Create(identity)
	if made.Error != nil {
		return fmt.Errorf("create identity: %w", made.Error)
	}
	if made.RowsAffected == 0 {
		return tx.db.Delete(contact).Error
	}
	return nil
}

// mergeIdentities makes one of two: the older keeps its id and gets the other's conversations. What the person decided
// last about hearing from us holds for both.
func (tx *Tx) mergeIdentities(kept, other *ContactIdentity) error {
	org := tx.Viewer.OrganizationID
	for _, statement := range []string{
		// What somebody wrote in private is in their conversations; in public it may be in anybody's.
		`UPDATE messages SET author_identity_id = @kept WHERE organization_id = @org AND author_identity_id = @other
			AND conversation_id IN (SELECT id FROM conversations WHERE organization_id = @org AND identity_id = @other)`,
		`UPDATE messages SET author_identity_id = @kept WHERE organization_id = @org AND author_identity_id = @other
			AND visibility = 'PUBLIC'`,
		`UPDATE conversations SET identity_id = @kept, contact_id = @contact WHERE organization_id = @org AND identity_id = @other`,
		`DELETE FROM reactions r WHERE r.organization_id = @org AND r.identity_id = @other AND EXISTS (SELECT FROM reactions k
			WHERE k.organization_id = @org AND k.message_id = r.message_id AND k.identity_id = @kept)`,
		`UPDATE reactions SET identity_id = @kept WHERE organization_id = @org AND identity_id = @other`,
		`DELETE FROM contact_identities WHERE organization_id = @org AND id = @other`,
	} {
		err := tx.db.Exec(statement, map[string]any{
			"org": org, "kept": kept.ID, "contact": kept.ContactID, "other": other.ID,
		}).Error
		if err != nil {
			return fmt.Errorf("merge identity %s into %s: %w", other.ID, kept.ID, err)
		}
	}
	if other.OptChangedAt == nil || kept.OptChangedAt != nil && kept.OptChangedAt.After(*other.OptChangedAt) {
		return nil
	}
	kept.OptedOutAt, kept.OptChangedAt = other.OptedOutAt, other.OptChangedAt
	if err := tx.Update(kept, "opted_out_at", "opt_changed_at"); err != nil {
		return fmt.Errorf("merge opt of %s into %s: %w", other.ID, kept.ID, err)
	}
	return nil
}

// refreshIdentity takes over what the platform says now; what it leaves out stays.
func (tx *Tx) refreshIdentity(i *ContactIdentity, a Author) error {
	before := *i
	i.ExternalID, i.AltExternalID = a.ID, keep(a.AltID, i.AltExternalID)
	if a.AltID == "" && before.AltExternalID != nil && *before.AltExternalID == a.ID {
		i.ExternalID = before.ExternalID // known by its other id this time
	}
	i.Name, i.Handle, i.Language = or(a.Name, i.Name), or(a.Handle, i.Handle), or(a.Language, i.Language)
	if i.ExternalID == before.ExternalID && same(i.AltExternalID, before.AltExternalID) &&
		i.Name == before.Name && i.Handle == before.Handle && i.Language == before.Language {
		return nil
	}
	err := tx.Update(i, "external_id", "alt_external_id", "name", "handle", "language")
	if violates(err, "contact_identities_external_key") || violates(err, "contact_identities_alt_key") {
		return ErrOvertaken // somebody else got this id at this moment: they are to be met, and made one
	}
	if err != nil {
		return fmt.Errorf("refresh identity %s: %w", i.ID, err)
	}
	if i.Name == before.Name {
		return nil
	}
	err = tx.db.Exec(`UPDATE contacts SET name = ? WHERE organization_id = ? AND id = ? AND name = ?`,
		i.Name, i.OrganizationID, i.ContactID, before.Name).Error
	if err != nil {
		return fmt.Errorf("refresh contact %s: %w", i.ContactID, err)
	}
	return nil
}

// Rekey makes the identity known by oldID go by newID from now on, because the person changed numbers; its private
// conversations go along. It returns nil if nobody is known by oldID any more.
func (tx *Tx) Rekey(channelID, oldID, newID string) (*ContactIdentity, error) {
	known, err := tx.lockIdentities(channelID, Author{ID: oldID, AltID: newID})
	if err != nil || !slices.ContainsFunc(known, func(i ContactIdentity) bool { return i.goesBy(oldID) }) {
		return nil, err
	}
	identity := &known[0]
	if len(known) == 1 && identity.ExternalID == newID {
		return nil, nil
	}
	for i := range known[1:] {
		if err := tx.mergeIdentities(identity, &known[1+i]); err != nil {
			return nil, err
		}
	}
	identity.ExternalID = newID
	if err := tx.Update(identity, "external_id"); err != nil {
		return nil, fmt.Errorf("rekey identity %s: %w", identity.ID, err)
	}
	return identity, tx.MoveThread(identity, oldID, newID)
}

// MoveThread gives an identity's private conversations another thread: whoever gets the old number next must not find
// them. A thread that has an open conversation already takes no second one: that goes by a thread nobody uses.
func (tx *Tx) MoveThread(i *ContactIdentity, oldKey, newKey string) error {
	named := map[string]any{"org": tx.Viewer.OrganizationID, "identity": i.ID, "old": oldKey, "new": newKey}
	for _, statement := range []string{
		`UPDATE conversations c SET thread_key = @new, version = version + 1
			WHERE c.organization_id = @org AND c.identity_id = @identity AND c.surface = 'PRIVATE_MESSAGE' AND c.thread_key = @old
			  AND (c.status = 'RESOLVED' OR NOT EXISTS (
				SELECT FROM conversations o
				WHERE o.organization_id = @org AND o.channel_id = c.channel_id AND o.surface = c.surface
				  AND o.thread_key = @new AND o.status <> 'RESOLVED'))`,
		`UPDATE conversations SET thread_key = thread_key || ' ' || id, version = version + 1
			WHERE organization_id = @org AND identity_id = @identity AND surface = 'PRIVATE_MESSAGE' AND thread_key = @old`,
	} {
		if err := tx.db.Exec(statement, named).Error; err != nil {
			return fmt.Errorf("move thread of %s: %w", i.ID, err)
		}
	}
	return nil
}

// Identities reads the identities with these ids.
func (tx *Tx) Identities(ids []string) ([]ContactIdentity, error) {
	var identities []ContactIdentity
	if err := tx.own().Where("id IN ?", ids).Find(&identities).Error; err != nil {
		return nil, fmt.Errorf("read identities: %w", err)
	}
	return identities, nil
}

// IdentitiesOf reads all identities of these contacts.
func (tx *Tx) IdentitiesOf(contactIDs []string) ([]ContactIdentity, error) {
	var identities []ContactIdentity
	if err := tx.own().Where("contact_id IN ?", contactIDs).Order("id").Find(&identities).Error; err != nil {
		return nil, fmt.Errorf("read identities of contacts: %w", err)
	}
	return identities, nil
}

// Contacts reads the contacts with these ids.
func (tx *Tx) Contacts(ids []string) ([]Contact, error) {
	var contacts []Contact
	if err := tx.own().Where("id IN ?", ids).Find(&contacts).Error; err != nil {
		return nil, fmt.Errorf("read contacts: %w", err)
	}
	return contacts, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func keep(s string, before *string) *string {
	if s == "" {
		return before
	}
	return &s
}

func or(s, before string) string {
	if s == "" {
		return before
	}
	return s
}

func same(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
