package models

import (
	"encoding/hex"
	"strings"

	"github.com/google/uuid"
)

// Prefixes of ids tell people, and node(id:), what an id is of.
const (
	OrganizationPrefix = "org"
	UserPrefix         = "usr"
	TeamPrefix         = "tea"
	TokenPrefix        = "tok"
	ChannelPrefix      = "chn"
	ContactPrefix      = "con"
	IdentityPrefix     = "idn"
	PostPrefix         = "pst"
	ConversationPrefix = "cnv"
	MessagePrefix      = "msg"
	AssignmentPrefix   = "asg"
	QuarantinePrefix   = "qua"
	NewsPrefix         = "nws"
	DeliveryPrefix     = "dlv"
	ActionPrefix       = "act"
	VisitorPrefix      = "vis"
	MediaPrefix        = "med"
)

// newID returns prefix_ and a UUIDv7 without dashes: ids made later sort later.
func newID(prefix string) string {
	id := uuid.Must(uuid.NewV7())
	return prefix + "_" + hex.EncodeToString(id[:])
}

// isID reports whether s has the shape of an id of the given prefix.
func isID(s, prefix string) bool {
	rest, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || len(rest) != 32 {
		return false
	}
	_, err := hex.DecodeString(rest)
	return err == nil
}

// PrefixOf returns what an id begins with, or "" if it does not look like an id of ours.
func PrefixOf(id string) string {
	prefix, _, _ := strings.Cut(id, "_")
	if !isID(id, prefix) {
		return ""
	}
	return prefix
}
