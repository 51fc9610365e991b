package models

import (
	"fmt"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Directory is what of an organization rarely changes: itself, and everyone and everything its conversations refer to. It
// is lent: nobody changes it.
type Directory struct {
	Organization *Organization       // its name, plan and status; what changes with every message is not of this snapshot
	Channels     map[string]*Channel // without their credentials; when they are polled next is not of this snapshot
	Users        map[string]*User    // who are, or were, members
	Teams        map[string]*Team

	version int64
}

const (
	rememberedDirectories = 1000
	maxDirectory          = 5000 // of each: who has more of one kind is not remembered
)

// directories remember what organizations looked like. An entry is used only by those who see its very version in their own
// snapshot, so it is never stale, and never another organization's.
type directories struct {
	mu    sync.Mutex
	known *lru.Cache[string, *Directory]
}

func newDirectories() *directories {
	known, err := lru.New[string, *Directory](rememberedDirectories)
	if err != nil {
		panic(err) // only a size below one
	}
	return &directories{known: known}
}

func (d *directories) at(organizationID string, version int64) *Directory {
	found, ok := d.known.Get(organizationID)
	if !ok || found.version != version {
		return nil
	}
	return found
}

// Remembers reports whether a directory of the organization is remembered, of whatever version.
func (s *Store) Remembers(organizationID string) bool {
	return s.directories.known.Contains(organizationID)
}

// keep remembers a directory, unless a newer one is known.
func (d *directories) keep(organizationID string, read *Directory) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.known.Peek(organizationID); ok && known.version > read.version {
		return
	}
	d.known.Add(organizationID, read)
}

// Directory is the organization's directory as of this snapshot. It is nil in a transaction that may change things, for
// organizations that have too much of anything, and after a glance or for the limited if it is not remembered.
func (tx *Tx) Directory() (*Directory, error) {
	if tx.snapshot == nil {
		return nil, nil
	}
	org, version := tx.Viewer.OrganizationID, tx.snapshot.directory
	if known := tx.store.directories.at(org, version); known != nil {
		return known.within(tx.Access), nil
	}
	if tx.snapshot.over || tx.IsLimited() {
		return nil, nil
	}
	read, err := tx.readDirectory(version)
	if err != nil {
		return nil, fmt.Errorf("read directory: %w", err)
	}
	if len(read.Channels) > maxDirectory || len(read.Users) > maxDirectory || len(read.Teams) > maxDirectory {
		return nil, nil
	}
	tx.store.directories.keep(org, read)
	return read, nil
}

// within is the directory as far as an access goes.
func (d *Directory) within(a Access) *Directory {
	if !a.limited {
		return d
	}
	seen := *d
	seen.Channels = make(map[string]*Channel)
	for id := range strings.SplitSeq(a.channels, ",") {
		if c := d.Channels[id]; c != nil {
			seen.Channels[id] = c
		}
	}
	return &seen
}

func (tx *Tx) readDirectory(version int64) (*Directory, error) {
	d := &Directory{version: version}
	var err error
	if d.Organization, err = tx.Organization(); err != nil {
		return nil, err
	}
	var channels []Channel
	if err := tx.own().Omit("credentials").Limit(maxDirectory + 1).Find(&channels).Error; err != nil {
		return nil, err
	}
	var teams []Team
	if err := tx.own().Limit(maxDirectory + 1).Find(&teams).Error; err != nil {
		return nil, err
	}
	var users []User
	err = tx.db.Raw(`SELECT u.* FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.organization_id = ? LIMIT ?`,
		tx.Viewer.OrganizationID, maxDirectory+1).Find(&users).Error
	if err != nil {
		return nil, err
	}
	d.Channels = byID(channels, func(c *Channel) string { return c.ID })
	d.Teams = byID(teams, func(t *Team) string { return t.ID })
	d.Users = byID(users, func(u *User) string { return u.ID })
	return d, nil
}

func byID[T any](rows []T, id func(*T) string) map[string]*T {
	all := make(map[string]*T, len(rows))
	for i := range rows {
		all[id(&rows[i])] = &rows[i]
	}
	return all
}
