package models

import (
	"fmt"
	"strings"
)

// Role is what a member is to an organization.
type Role string

// Roles of people, and those of our own making: for what happens by itself, and for the visitor of a widget.
const (
	Owner        Role = "OWNER"
	Admin        Role = "ADMIN"
	Supervisor   Role = "SUPERVISOR"
	Agent        Role = "AGENT"
	ViewerRole   Role = "VIEWER"
	systemRole   Role = "SYSTEM"
	platformRole Role = "PLATFORM"
	visitorRole  Role = "VISITOR"
)

// Action is something one can ask the door to do.
type Action string

// The actions. Every use of the door names one.
const (
	ViewInbox           Action = "VIEW_INBOX"
	OpenInbox           Action = "OPEN_INBOX"
	MarkRead            Action = "MARK_READ"
	Reply               Action = "REPLY"
	RetryMessage        Action = "RETRY_MESSAGE"
	ActOnMessage        Action = "ACT_ON_MESSAGE"
	Assign              Action = "ASSIGN"
	AssignFromStream    Action = "ASSIGN_FROM_STREAM"
	ChangeStatus        Action = "CHANGE_STATUS"
	ActivateInbox       Action = "ACTIVATE_INBOX"
	ManageChannels      Action = "MANAGE_CHANNELS"
	ManageMembers       Action = "MANAGE_MEMBERS"
	ManageQuarantine    Action = "MANAGE_QUARANTINE"
	ChangePlan          Action = "CHANGE_PLAN"
	ManageOwnTokens     Action = "MANAGE_OWN_TOKENS"
	ReceiveFromPlatform Action = "RECEIVE_FROM_PLATFORM"
	DeliverMessages     Action = "DELIVER_MESSAGES"
	KeepTheClock        Action = "KEEP_THE_CLOCK"
	AdmitVisitors       Action = "ADMIT_VISITORS"
	ReadAsVisitor       Action = "READ_AS_VISITOR"
	WriteAsVisitor      Action = "WRITE_AS_VISITOR"
	IdentifyAsVisitor   Action = "IDENTIFY_AS_VISITOR"
)

// people in the order of the table's columns.
var people = []Role{Owner, Admin, Supervisor, Agent, ViewerRole}

type rule struct {
	action Action
	scope  TokenScope // empty: it is not for members
	roles  []Role
}

var policy = []rule{
	{ViewInbox, ScopeRead, []Role{Owner, Admin, Supervisor, Agent, ViewerRole, systemRole}},
	{OpenInbox, ScopeRead, []Role{Owner, Admin, Supervisor, Agent, ViewerRole}},
	{MarkRead, ScopeOrganize, []Role{Owner, Admin, Supervisor, Agent}},
	{Reply, ScopeReply, []Role{Owner, Admin, Supervisor, Agent}},
	{RetryMessage, ScopeReply, []Role{Owner, Admin, Supervisor, Agent}},
	{ActOnMessage, ScopeReply, []Role{Owner, Admin, Supervisor, Agent}},
	{Assign, ScopeOrganize, []Role{Owner, Admin, Supervisor, Agent}},
	{AssignFromStream, ScopeOrganize, []Role{Owner, Admin, Supervisor, Agent}},
	{ChangeStatus, ScopeOrganize, []Role{Owner, Admin, Supervisor, Agent}},
	{ActivateInbox, ScopeManage, []Role{Owner, Admin}},
	{ManageChannels, ScopeManage, []Role{Owner, Admin}},
	{ManageMembers, ScopeManage, []Role{Owner, Admin}},
	{ManageQuarantine, ScopeManage, []Role{Owner, Admin}},
	{ChangePlan, "", []Role{systemRole}},
	{ManageOwnTokens, ScopeManage, []Role{Owner, Admin, Supervisor, Agent, ViewerRole}},
	{ReceiveFromPlatform, "", []Role{platformRole, systemRole}},
	{DeliverMessages, "", []Role{systemRole}},
	{KeepTheClock, "", []Role{systemRole}},
	{AdmitVisitors, "", []Role{platformRole}},
	{ReadAsVisitor, "", []Role{visitorRole}},
	{WriteAsVisitor, "", []Role{visitorRole}},
	{IdentifyAsVisitor, "", []Role{visitorRole}},
}

// May reports whether the role may do the action. What the table does not say is not allowed.
func (r Role) May(a Action) bool {
	for _, rule := range policy {
		if rule.action == a {
			return rule.allows(r)
		}
	}
	return false
}

// scope is what a token needs for the action.
func (a Action) scope() TokenScope {
	for _, rule := range policy {
		if rule.action == a {
			return rule.scope
		}
	}
	return ""
}

func (r rule) allows(role Role) bool {
	for _, allowed := range r.roles {
		if allowed == role {
			return true
		}
	}
	return false
}

// PolicyTable prints who may do what, and the scope a token needs for it, one action a line. A golden file holds it, so that a
// change shows in review.
func PolicyTable() string {
	columns := append(append([]Role{}, people...), visitorRole, platformRole, systemRole)
	var b strings.Builder
	line := func(title, scope string, cell func(Role) string) {
		text := fmt.Sprintf("%-22s", title)
		for _, role := range columns {
			text += fmt.Sprintf(" %-10s", cell(role))
		}
		b.WriteString(text + " " + scope + "\n")
	}
	line("", "SCOPE", func(r Role) string { return string(r) })
	for _, rule := range policy {
		line(string(rule.action), or(string(rule.scope), "-"), func(r Role) string {
			if rule.allows(r) {
				return "yes"
			}
			return "-"
		})
	}
	return b.String()
}
