package channelstest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/models"
)

func (s Suite) compareFacts(t *testing.T, want []facts, got []models.Inbound) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d inbound, want %d", len(got), len(want))
	}
	for i := range want {
		for _, name := range slices.Sorted(maps.Keys(want[i])) {
			if _, excepted := s.Except[name]; excepted {
				continue
			}
			said, known := sayings[name]
			if !known {
				t.Errorf("nothing compares %q: say it in facts.go, or except it with a reason", name)
				continue
			}
			if difference := said(got[i], want[i][name]); difference != "" {
				t.Errorf("inbound %d: %s: %s", i, name, difference)
			}
		}
	}
}

// saying compares one expected fact with an inbound and describes the difference, if there is one.
type saying func(in models.Inbound, want any) string

var sayings = map[string]saying{
	"kind":       kind,
	"direction":  func(in models.Inbound, want any) string { return equal(lower(in.Direction), want) },
	"visibility": func(in models.Inbound, want any) string { return equal(lower(in.Surface.Visibility()), want) },
	"timestamp":  timestamp,

	"external_id": externalID,
	"dedupe_key":  text(func(in models.Inbound) string { return in.DeliveryID }),
	"thread_key":  threadKey,

	"author_id":     text(func(in models.Inbound) string { return in.Author.ID }),
	"alt_author_id": text(func(in models.Inbound) string { return in.Author.AltID }),
	"author_name":   text(func(in models.Inbound) string { return in.Author.Name }),

	"content":              text(func(in models.Inbound) string { return in.Text }),
	"content_len":          func(in models.Inbound, want any) string { return equal(float64(len([]rune(in.Text))), want) },
	"attachments":          attachments,
	"reply_to_external_id": text(func(in models.Inbound) string { return in.ReplyToExternalID }),
	"parent_external_id":   text(func(in models.Inbound) string { return in.ReplyToExternalID }),
	"quoted_external_id":   text(func(in models.Inbound) string { return in.Details.QuotedID }),
	"metadata":             text(func(in models.Inbound) string { return "msg:" + in.Reference }),
	"needs_fetch":          func(in models.Inbound, _ any) string { return equal(in.Incomplete, true) },
	"echo":                 func(in models.Inbound, want any) string { return equal(in.Echo, want) },
	"ad_context":           adContext,
	"ad_id":                text(func(in models.Inbound) string { return post(in).AdID }),
	"post_id":              text(func(in models.Inbound) string { return post(in).ExternalID }),
	"media_id":             text(func(in models.Inbound) string { return post(in).ExternalID }),
	"video_id":             text(func(in models.Inbound) string { return post(in).ExternalID }),
	"story":                story,

	"forwarded":           func(in models.Inbound, want any) string { return equal(in.Details.Forwarded, want) },
	"unsupported":         func(in models.Inbound, want any) string { return equal(in.Details.Unsupported, want) },
	"encrypted":           func(in models.Inbound, _ any) string { return equal(in.Details.UnsupportedCode, "encrypted") },
	"payload":             text(func(in models.Inbound) string { return in.Details.Payload }),
	"quick_reply_payload": text(func(in models.Inbound) string { return in.Details.Payload }),
	"command":             text(func(in models.Inbound) string { return in.Details.Command }),
	"referral":            referral,
	"product":             product,
	"order_items":         orderItems,

	"target_external_id": text(func(in models.Inbound) string { return in.TargetExternalID }),
	"emoji":              text(func(in models.Inbound) string { return in.Emoji }),
	"action":             action,

	"watermark": func(in models.Inbound, want any) string {
		return timestamp(models.Inbound{At: in.UpTo}, want)
	},
	"up_to": func(in models.Inbound, want any) string { return equal(in.AndEarlier, want) },

	"status":      status,
	"error_code":  func(in models.Inbound, want any) string { return equal(errorCode(in), fmt.Sprintf("%.0f", want)) },
	"error_class": errorClass,

	"event":       event,
	"system_type": systemType,

	// Of no use to the inbox: an edit's number follows from its time, and whose app wrote an echo changes nothing.
	"num_edit":  func(models.Inbound, any) string { return "" },
	"app_id":    func(models.Inbound, any) string { return "" },
	"new_wa_id": text(func(in models.Inbound) string { return in.NewAuthorID }),
	"template":  text(func(in models.Inbound) string { return notice(in).Subject }),
}

func equal(got, want any) string {
	if reflect.DeepEqual(got, want) {
		return ""
	}
	return fmt.Sprintf("got %#v, want %#v", got, want)
}

// text compares a string, where null means empty.
func text(of func(models.Inbound) string) saying {
	return func(in models.Inbound, want any) string {
		if want == nil {
			want = ""
		}
		return equal(of(in), want)
	}
}

func lower[S ~string](s S) string { return strings.ToLower(string(s)) }

// The kinds of the fixtures are finer than ours where the surface says the rest.
var kinds = map[string][]string{
	"message":        {"MESSAGE PRIVATE_MESSAGE"},
	"message_edit":   {"EDIT PRIVATE_MESSAGE"},
	"message_delete": {"DELETION PRIVATE_MESSAGE"},
	"comment":        {"MESSAGE COMMENT", "MESSAGE AD_COMMENT", "MESSAGE POST"},
	"comment_edit":   {"EDIT COMMENT", "EDIT AD_COMMENT"},
	"comment_hide":   {"HIDDEN"},
	"comment_unhide": {"SHOWN"},
	"typing":         {"TYPING"},
	"comment_delete": {"DELETION COMMENT", "DELETION AD_COMMENT"},
	"post":           {"MESSAGE POST", "MESSAGE WALL_POST"},
	"post_delete":    {"DELETION POST", "DELETION WALL_POST", "DELETION MENTION"},
	"mention":        {"MESSAGE MENTION"},
	"reaction":       {"REACTION"},
	"status":         {"RECEIPT"},
	"delivery":       {"RECEIPT"},
	"read":           {"RECEIPT"},
	"postback":       {"POSTBACK"},
	"optin":          {"OPT_IN"},
	"optout":         {"OPT_OUT"},
	"system":         {"NOTICE", "REKEY"},
}

func kind(in models.Inbound, want any) string {
	name, _ := want.(string)
	got := string(in.Kind) + " " + string(in.Surface)
	for _, fitting := range kinds[name] {
		if got == fitting || string(in.Kind) == fitting {
			return ""
		}
	}
	return fmt.Sprintf("got %s, want %s: %v", got, name, kinds[name])
}

func timestamp(in models.Inbound, want any) string {
	at, err := time.Parse(time.RFC3339, fmt.Sprint(want))
	if err == nil && at.Equal(in.At) {
		return ""
	}
	return fmt.Sprintf("got %s, want %v", in.At.Format(time.RFC3339Nano), want)
}

// externalID of a tap is the adapter's own where the platform gives none.
func externalID(in models.Inbound, want any) string {
	if want == nil && in.Kind == models.InboundPostback {
		return ""
	}
	return text(func(in models.Inbound) string { return in.ExternalID })(in, want)
}

func threadKey(in models.Inbound, want any) string {
	if want == nil {
		return equal(in.ThreadKey, "")
	}
	if in.ThreadKey == want {
		return ""
	}
	return equal(in.AccountID+":"+in.ThreadKey, want)
}

var attachmentKinds = map[any]models.AttachmentKind{
	"image":         models.Image,
	"video":         models.Video,
	"audio":         models.Audio,
	"file":          models.File,
	"sticker":       models.Sticker,
	"location":      models.Location,
	"contact":       models.ContactCard,
	"link":          models.Share,
	"share":         models.Share,
	"story_mention": models.Share,
}

func attachments(in models.Inbound, want any) string {
	list, _ := want.([]any)
	if len(in.Attachments) != len(list) {
		return fmt.Sprintf("got %d, want %d", len(in.Attachments), len(list))
	}
	for i, a := range in.Attachments {
		if a.Position != i {
			return fmt.Sprintf("attachment %d stands at position %d", i, a.Position)
		}
		expected, _ := list[i].(map[string]any)
		for name, value := range expected {
			if difference := attachmentFact(a, name, value); difference != "" {
				return fmt.Sprintf("attachment %d: %s: %s", i, name, difference)
			}
		}
	}
	return ""
}

func attachmentFact(a models.Attachment, name string, want any) string {
	switch name {
	case "type":
		return equal(a.Kind, attachmentKinds[want])
	case "url":
		return equal(a.URL, want)
	case "media_id":
		return equal(a.MediaID, want)
	case "mime":
		return equal(a.MIMEType, want)
	case "sha256":
		return equal(a.SHA256, want)
	case "filename":
		return equal(a.Filename, want)
	case "voice":
		return equal(a.Voice, want)
	case "name", "title":
		return equal(a.Name, want)
	case "lat":
		return equal(coordinate(a.Latitude), want)
	case "lon":
		return equal(coordinate(a.Longitude), want)
	case "phones":
		return equal(fmt.Sprint(a.Phones), fmt.Sprint(want))
	default:
		return "nothing compares it: say it in facts.go"
	}
}

func coordinate(c *float64) any {
	if c == nil {
		return nil
	}
	return *c
}

func adContext(in models.Inbound, want any) string {
	if want == "dark" {
		return equal(in.Surface, models.AdComment)
	}
	return equal(in.Surface, models.Comment)
}

func post(in models.Inbound) models.PostFacts {
	if in.Post == nil {
		return models.PostFacts{}
	}
	return *in.Post
}

func story(in models.Inbound, want any) string {
	expected, _ := want.(map[string]any)
	var got models.Story
	if in.Details.Story != nil {
		got = *in.Details.Story
	}
	for name, said := range map[string]string{"id": got.ID, "url": got.URL, "relation": got.Relation} {
		if value, given := expected[name]; given && value != said {
			return fmt.Sprintf("%s: got %q, want %v", name, said, value)
		}
	}
	return ""
}

func referral(in models.Inbound, want any) string {
	if in.Details.Referral == nil {
		return "got none"
	}
	expected, _ := want.(map[string]any)
	id := expected["source_id"]
	if id == nil {
		id = expected["ad_id"]
	}
	source := strings.TrimSuffix(strings.ToLower(fmt.Sprint(expected["source"])), "s") // "ADS" is "ad" too
	return equal(fmt.Sprint(in.Details.Referral.Source, " ", in.Details.Referral.SourceID), fmt.Sprint(source, " ", id))
}

func product(in models.Inbound, want any) string {
	if in.Details.Product == nil {
		return "got none"
	}
	expected, _ := want.(map[string]any)
	if difference := equal(in.Details.Product.CatalogID, expected["catalog_id"]); difference != "" {
		return difference
	}
	return equal(in.Details.Product.RetailerID, expected["product_retailer_id"])
}

func orderItems(in models.Inbound, want any) string {
	if in.Details.Order == nil {
		return "got none"
	}
	return equal(float64(len(in.Details.Order.Items)), want)
}

func action(in models.Inbound, want any) string {
	return equal(in.Emoji != "", want == "react")
}

func status(in models.Inbound, want any) string {
	if in.Kind == models.InboundNotice {
		return equal(notice(in).State, want)
	}
	return equal(lower(in.Status), want)
}

func notice(in models.Inbound) models.Notice {
	if in.Notice == nil {
		return models.Notice{}
	}
	return *in.Notice
}

func errorCode(in models.Inbound) string {
	if in.Failure != nil {
		return in.Failure.Code
	}
	return in.Details.UnsupportedCode
}

var errorClasses = map[any]models.FailureReason{
	"outside_window":        models.WindowClosed,
	"rate_limited":          models.RateLimited,
	"auth_expired":          models.AuthExpired,
	"recipient_blocked":     models.RecipientBlocked,
	"recipient_opted_out":   models.RecipientBlocked,
	"recipient_unreachable": models.RecipientUnreachable,
	"invalid_request":       models.InvalidRequest,
	"permission":            models.PermissionMissing,
	"transient":             models.Transient,
	"channel_restricted":    models.ChannelRestricted,
	"permanent":             models.PlatformRefused,
}

func errorClass(in models.Inbound, want any) string {
	if in.Failure == nil {
		return "got no failure"
	}
	return equal(in.Failure.Reason, errorClasses[want])
}

var events = map[any]models.InboundKind{
	"bot_blocked": models.InboundOptOut,
	"unsubscribe": models.InboundOptOut,
	"subscribe":   models.InboundOptIn,
}

func event(in models.Inbound, want any) string { return equal(in.Kind, events[want]) }

func systemType(in models.Inbound, want any) string {
	if want == "user_changed_number" {
		return equal(in.Kind, models.InboundRekey)
	}
	return equal(notice(in).Type, want)
}
