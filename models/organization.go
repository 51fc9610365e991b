package models

import (
	"fmt"
	"time"
)

// Plan is what an organization pays for.
type Plan string

// The plans. Some platforms need Enterprise.
const (
	Standard   Plan = "STANDARD"
	Enterprise Plan = "ENTERPRISE"
)

// InboxStatus says whether an organization's inbox receives and answers.
type InboxStatus string

// An inbox nobody uses for long is deactivated, and comes back when someone activates it.
const (
	InboxIsActive      InboxStatus = "ACTIVE"
	InboxIsDeactivated InboxStatus = "DEACTIVATED"
)

// Organization is the tenant: a company with one inbox.
type Organization struct {
	ID                   string `gorm:"primaryKey"`
	Name                 string
	Plan                 Plan
	InboxStatus          InboxStatus
	InboxOpenedAt        time.Time
	HumanRepliedAt       *time.Time
	AutoRepliedAt        *time.Time
	DeactivatedAt        *time.Time
	InactivityWarnedDays int        // the smallest warning given since the last activity; 0: none
	InactivityDueAt      *time.Time // when a worker looks at the rule again
	LastEventSeq         int64
	ForgottenEventSeq    int64
	EventsDueAt          *time.Time
	CreatedAt            time.Time `gorm:"autoCreateTime:false"`
}

// LastActivityAt is the newest of the three kinds of activity: someone opened the inbox, a person replied, or an
// automatic reply was sent. An inbox with automatic replies alone stays alive.
func (o Organization) LastActivityAt() time.Time {
	last := o.InboxOpenedAt
	for _, at := range []*time.Time{o.HumanRepliedAt, o.AutoRepliedAt} {
		if at != nil && at.After(last) {
			last = *at
		}
	}
	return last
}

// DeactivatesAt is the last instant at which the inbox may be without activity and stay active.
func (o Organization) DeactivatesAt(r Rules) time.Time {
	return o.LastActivityAt().Add(r.InactiveAfter)
}

// IsInactive reports whether the inbox was without activity for more than the allowed time.
func (o Organization) IsInactive(r Rules, now time.Time) bool { return now.After(o.DeactivatesAt(r)) }

// InactivityWarning is the smallest number of days of the rules that covers what is left, or 0 if no warning is due.
func (o Organization) InactivityWarning(r Rules, now time.Time) int {
	left, warning := o.DeactivatesAt(r).Sub(now), 0
	for _, days := range r.WarnBefore {
		if left <= time.Duration(days)*24*time.Hour {
			warning = days
		}
	}
	return warning
}

// NextInactivityLook is when the rule has to be looked at again: at the next warning, or once the time is over.
func (o Organization) NextInactivityLook(r Rules, now time.Time) time.Time {
	end := o.DeactivatesAt(r)
	for _, days := range r.WarnBefore {
		if at := end.Add(-time.Duration(days) * 24 * time.Hour); at.After(now) {
			return at
		}
	}
	return end.Add(time.Microsecond)
}

// IsActive reports whether the inbox receives and answers.
func (o Organization) IsActive() bool { return o.InboxStatus == InboxIsActive }

// Organization reads the organization of the transaction.
func (tx *Tx) Organization() (*Organization, error) {
	var o Organization
	if err := tx.db.Where("id = ?", tx.Viewer.OrganizationID).Take(&o).Error; err != nil {
		return nil, fmt.Errorf("read organization: %w", err)
	}
	return &o, nil
}

// LockOrganization reads the organization and keeps others from changing it. It is the last row to be locked, after
// any conversation. Those who insert rows that refer to it need not wait.
func (tx *Tx) LockOrganization() (*Organization, error) {
	var o Organization
	err := tx.db.Raw(`SELECT * FROM organizations WHERE id = ? FOR NO KEY UPDATE`, tx.Viewer.OrganizationID).Scan(&o).Error
	if err != nil {
		return nil, fmt.Errorf("lock organization: %w", err)
	}
	return &o, nil
}

// UpdateOrganization writes the named columns of the organization.
func (tx *Tx) UpdateOrganization(o *Organization, columns ...string) error {
	if err := tx.db.Model(o).Select(columns).Updates(o).Error; err != nil {
		return fmt.Errorf("update organization: %w", err)
	}
	return nil
}
