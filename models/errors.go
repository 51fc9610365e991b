package models

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrorCode is what programs branch on when something expected went wrong.
type ErrorCode string

// The codes people and clients meet. Their descriptions are in the schema.
const (
	NotFound             ErrorCode = "NOT_FOUND" // also for what belongs to another organization
	Forbidden            ErrorCode = "FORBIDDEN"
	Unauthenticated      ErrorCode = "UNAUTHENTICATED"
	InvalidInput         ErrorCode = "INVALID_INPUT"
	InvalidCursor        ErrorCode = "INVALID_CURSOR"
	CursorExpired        ErrorCode = "CURSOR_EXPIRED"
	VersionConflict      ErrorCode = "VERSION_CONFLICT"
	IdempotencyConflict  ErrorCode = "IDEMPOTENCY_CONFLICT"
	ReplyWindowClosed    ErrorCode = "REPLY_WINDOW_CLOSED"
	InboxDeactivated     ErrorCode = "INBOX_DEACTIVATED"
	InboxActive          ErrorCode = "INBOX_ACTIVE"
	ChannelNotConnected  ErrorCode = "CHANNEL_NOT_CONNECTED"
	ChannelTaken         ErrorCode = "CHANNEL_TAKEN"
	PlatformUnavailable  ErrorCode = "PLATFORM_UNAVAILABLE"
	PlatformRejected     ErrorCode = "PLATFORM_REJECTED"
	UnsupportedByChannel ErrorCode = "UNSUPPORTED_BY_CHANNEL"
	ContactOptedOut      ErrorCode = "CONTACT_OPTED_OUT"
	NotRetryable         ErrorCode = "NOT_RETRYABLE"
	AnsweredPrivately    ErrorCode = "ANSWERED_PRIVATELY"
	Settled              ErrorCode = "SETTLED"
	Superseded           ErrorCode = "CONVERSATION_SUPERSEDED"
	ChooseOrganization   ErrorCode = "CHOOSE_ORGANIZATION"
	PlanRequired         ErrorCode = "PLAN_REQUIRED"
	LastOwner            ErrorCode = "LAST_OWNER"
	AskedTooOften        ErrorCode = "RATE_LIMITED"
	AccessRevoked        ErrorCode = "ACCESS_REVOKED"
)

// Error is the one kind of error people get to read.
type Error struct {
	Code    ErrorCode
	Field   string // of the input, dotted; empty when no single field is at fault
	Message string // a full sentence for an agent
}

func (e *Error) Error() string { return e.Message }

// Refuse makes an error for people.
func Refuse(code ErrorCode, field, message string) *Error {
	return &Error{Code: code, Field: field, Message: message}
}

// CodeOf returns the code of an error meant for people, or "" if err is none.
func CodeOf(err error) ErrorCode {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

var errNotFound = Refuse(NotFound, "", "There is no such thing here.")

// violates reports whether err is the violation of the named constraint or unique index.
func violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.ConstraintName == constraint
}

// ErrOvertaken says that another transaction was first, and that this one is to be run again.
var ErrOvertaken = errors.New("another transaction was first")

// isContention reports whether the same transaction may succeed if simply run again.
func isContention(err error) bool {
	if errors.Is(err, ErrOvertaken) {
		return true
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// IsContent reports whether the database refused the content itself (a value out of range, an invalid character), or was
// overtaken every time: running it again cannot help.
func (tx *Tx) IsContent(err error) bool {
	if errors.Is(err, ErrOvertaken) {
		return tx.lastTry
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	class := pg.Code[:2]
	return class == "22" || class == "23" || pg.Code == "54000" // data exception, integrity, too large
}

// IsUnkeepableText reports whether the database refused a text for a character in it.
func IsUnkeepableText(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "22021" || pg.Code == "22P05")
}
