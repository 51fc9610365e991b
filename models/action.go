package models

// ActionKind is something an account can do with a message on a platform, beside answering it.
type ActionKind string

// The kinds of actions. Which of them a surface has is in its capabilities.
const (
	HideMessage     ActionKind = "HIDE"      // keep a comment from the public; its author still sees it
	UnhideMessage   ActionKind = "UNHIDE"    //
	LikeMessage     ActionKind = "LIKE"      // as the account
	UnlikeMessage   ActionKind = "UNLIKE"    //
	DeleteMessage   ActionKind = "DELETE"    // from the platform, for everyone
	EditMessage     ActionKind = "EDIT"      // words of our own
	ReactToMessage  ActionKind = "REACT"     // with an emoji, in place of the one before
	UnreactMessage  ActionKind = "UNREACT"   //
	MarkMessageRead ActionKind = "MARK_READ" // tell the contact that we read up to here
	ShowTyping      ActionKind = "TYPING"    // tell the contact that we write, for some seconds
)
