package sms

import (
	"strings"

	"parley/models"
)

// The words by which a contact leaves and comes back. Twilio acts on them by itself; they count only as the whole text.
// https://help.twilio.com/articles/223134027
var optWords = map[string]models.InboundKind{
	"STOP": models.InboundOptOut, "STOPALL": models.InboundOptOut, "UNSUBSCRIBE": models.InboundOptOut,
	"CANCEL": models.InboundOptOut, "END": models.InboundOptOut, "QUIT": models.InboundOptOut,
	"REVOKE": models.InboundOptOut, "OPTOUT": models.InboundOptOut,

	"START": models.InboundOptIn, "YES": models.InboundOptIn, "UNSTOP": models.InboundOptIn,
}

// kind goes by what Twilio took the message for, where it says so: its words can be changed there.
func (m message) kind() models.InboundKind {
	switch strings.ToUpper(m.optOut) {
	case "STOP":
		return models.InboundOptOut
	case "START":
		return models.InboundOptIn
	case "":
		if kind, isWord := optWords[strings.ToUpper(strings.TrimSpace(m.body))]; isWord {
			return kind
		}
	}
	return models.InboundUtterance
}
