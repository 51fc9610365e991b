package meta

// PageFields are what a Page's deliveries are about. An app's list replaces the one before, so whoever subscribes a Page
// subscribes to all of them.
var PageFields = []string{
	"messages", "messaging_postbacks", "message_echoes", "message_reads", "message_deliveries", "message_reactions",
	"message_edits", "messaging_referrals", "messaging_optins", "messaging_handovers", "standby", "feed", "mention",
}

// InstagramFields are what the deliveries of an Instagram account with a login of its own are about.
var InstagramFields = []string{
	"messages", "messaging_postbacks", "message_reactions", "messaging_seen", "messaging_referral", "message_edit",
	"comments", "live_comments", "mentions", "standby",
}
