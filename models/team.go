package models

import (
	"fmt"
	"time"
)

// Team is a group of users work is routed to.
type Team struct {
	OrganizationID string `gorm:"primaryKey"`
	ID             string `gorm:"primaryKey"`
	Name           string
	CreatedAt      time.Time `gorm:"autoCreateTime:false"`
}

// TeamMember says that a user belongs to a team.
type TeamMember struct {
	OrganizationID string `gorm:"primaryKey"`
	TeamID         string `gorm:"primaryKey"`
	UserID         string `gorm:"primaryKey"`
}

// Teams reads the teams with these ids; nil asks for all, by name.
func (tx *Tx) Teams(ids []string) ([]Team, error) {
	query := tx.own().Order("name, id")
	if ids != nil {
		query = query.Where("id IN ?", ids)
	}
	var teams []Team
	if err := query.Find(&teams).Error; err != nil {
		return nil, fmt.Errorf("read teams: %w", err)
	}
	return teams, nil
}

// TeamMembers reads who belongs to these teams.
func (tx *Tx) TeamMembers(teamIDs []string) ([]TeamMember, error) {
	var members []TeamMember
	if err := tx.own().Where("team_id IN ?", teamIDs).Order("team_id, user_id").Find(&members).Error; err != nil {
		return nil, fmt.Errorf("read team members: %w", err)
	}
	return members, nil
}

// NewTeam makes a team in the organization of the transaction.
func (tx *Tx) NewTeam(name string) *Team {
	return &Team{OrganizationID: tx.Viewer.OrganizationID, ID: newID(TeamPrefix), Name: name, CreatedAt: tx.Now}
}
