package models

import "time"

// VisitorSaid is a message of a visitor that was taken in, or is kept until it can be.
type VisitorSaid struct {
	ID        string
	CreatedAt time.Time
}

// VisitorFile is a file a visitor wants to send.
type VisitorFile struct {
	Filename  string
	MIMEType  string
	SizeBytes int64
}

// VisitorSlot is where a visitor's file is to be brought, and until when.
type VisitorSlot struct {
	UploadID  string
	URL       string
	ExpiresAt time.Time
}

// VisitorEventType is what happens on a visitor's stream.
type VisitorEventType string

// The events. A beat only says how far the stream has come; after a reload the client loads its history again.
const (
	VisitorMessageAdded   VisitorEventType = "message"
	VisitorMessageChanged VisitorEventType = "messageChanged"
	VisitorMessagesRead   VisitorEventType = "read"
	VisitorSeesTyping     VisitorEventType = "typing"
	VisitorMustReload     VisitorEventType = "reload"
	VisitorBeat           VisitorEventType = "beat"
)

// VisitorEvent is one event of a visitor's stream. Only the fields of its type are set.
type VisitorEvent struct {
	Type    VisitorEventType
	Cursor  string // the place behind it; empty where there is none
	Message *VisitorMessage
	UpTo    string        // of read: the newest of the visitor's messages that someone has read
	Lasts   time.Duration // of typing
}
