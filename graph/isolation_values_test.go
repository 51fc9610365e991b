package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"parley/models"
)

// kinds say, by the end of its name, what an id is of.
var kinds = []struct{ ending, kind string }{
	{"conversationid", models.ConversationPrefix},
	{"messageid", models.MessagePrefix},
	{"channelid", models.ChannelPrefix},
	{"contactid", models.ContactPrefix},
	{"postid", models.PostPrefix},
	{"userid", models.UserPrefix},
	{"teamid", models.TeamPrefix},
	{"tokenid", models.TokenPrefix},
	{"organizationid", models.OrganizationPrefix},
	{"uploadid", models.MediaPrefix},
	{"quarantineddeliveryid", models.QuarantinePrefix},
}

// anything are the places that take an id of any Node.
var anything = []string{"node.id", "nodes.ids"}

// theirs are the places for ids that platforms give: the same one may be known in many organizations, and means nothing here.
var theirs = []string{
	"FacebookAccountInput.pageId", "InstagramAccountInput.accountId", "LinkedInAccountInput.organizationUrn",
	"TikTokAccountInput.businessId", "WeChatAccountInput.accountId", "SmsAccountInput.number",
	"WhatsAppAccountInput.phoneNumberId", "MessengerAccountInput.widgetKey",
	"StreamPostInput.externalId", "StreamPostInput.authorExternalId",
}

// kindOf is what an id in a place is of: by the place's name, or where that is only "id" by what the field answers with.
// Empty: nobody said.
func (s *schema) kindOf(f schemaField, p place) string {
	name := strings.TrimSuffix(strings.ToLower(p.name()), "s")
	if name == "id" {
		name = strings.ToLower(s.answered(f)) + "id"
	}
	for _, k := range kinds {
		if strings.HasSuffix(name, k.ending) {
			return k.kind
		}
	}
	return ""
}

// answered is the type of object a field answers with, in a payload or without.
func (s *schema) answered(f schemaField) string {
	t := s.types[f.Type.bare()]
	for _, below := range t.Fields {
		if strings.HasSuffix(t.Name, "Payload") && s.types[below.Type.bare()].Kind == "OBJECT" {
			return below.Type.bare()
		}
	}
	return t.Name
}

// known are values that get further than "x", by the input they belong to.
var known = map[string]func(*tenant) any{
	"ChangeMemberAccessInput.everyChannel": func(*tenant) any { return false },
	"ChangeMemberAccessInput.userId":       func(o *tenant) any { return o.Onlooker.UserID }, // an owner cannot be limited
	"CompleteSignInInput.code":             (*tenant).signInCode,
	"CompleteSignInInput.verifier":         func(*tenant) any { return verifier },
	"AllowOriginsInput.origins":            func(*tenant) any { return []string{"https://shop.example"} },
	"AssignFromStreamInput.surface":        func(*tenant) any { return "POST" },
	"AttachmentInput.mime":                 func(*tenant) any { return "image/png" },
	"AttachmentInput.url":                  func(*tenant) any { return "https://shop.example/x.png" },
	"CreateUploadInput.mime":               func(*tenant) any { return "image/png" },
	"ReplyPrivatelyInput.messageId":        func(o *tenant) any { return o.comment },
	"SignInInput.email":                    func(o *tenant) any { return "olga@" + o.name + ".example" },
	"SignInInput.password":                 func(*tenant) any { return password },
	"UpdateChannelInput.version":           func(*tenant) any { return 1 },
}

var keys atomic.Int64

// call makes the variables of one call of a field.
type call struct {
	*schema
	field schemaField
	own   *tenant // whose ids stand in the other places
	place place   // that of id; none: id stands nowhere
	id    string
	whole bool // give what may be left out as well

	unknown []string // places nothing is known to stand in
}

func (c *call) variables() object {
	variables := make(object)
	for _, arg := range c.field.Args {
		on := len(c.place.path) > 0 && c.place.path[0] == arg.Name
		if on || arg.isRequired() {
			variables[arg.Name] = c.value(arg, place{owner: c.field.Name}, on)
		}
	}
	return variables
}

// value is one for an input; on says that it leads to the place of the id.
func (c *call) value(in schemaInput, above place, on bool) any {
	here := place{append(slices.Clip(above.path), in.Name), above.owner}
	key := above.owner + "." + in.Name
	var v any
	switch t := c.types[in.Type.bare()]; {
	case on && len(here.path) == len(c.place.path):
		v = c.id
	case known[key] != nil:
		return known[key](c.own)
	case t.Name == "ID":
		v = c.ownID(here, key)
	case t.Kind == "ENUM":
		v = t.EnumValues[0].Name
	case t.Kind == "INPUT_OBJECT":
		here.owner = t.Name
		v = c.object(t, here, on)
	default:
		v = c.scalar(t.Name, in.Name)
	}
	if strings.Contains(in.Type.String(), "[") {
		return []any{v}
	}
	return v
}

func (c *call) scalar(name, of string) any {
	switch name {
	case "String":
		if of == "idempotencyKey" {
			return fmt.Sprintf("key %d", keys.Add(1))
		}
		return "x"
	case "Int":
		return 1
	case "Float":
		return 1.5
	case "Boolean":
		return true
	case "Time":
		return c.own.Clock.Now()
	}
	c.unknown = append(c.unknown, "scalar "+name)
	return nil
}

func (c *call) ownID(here place, key string) any {
	kind := c.kindOf(c.field, here)
	switch {
	case slices.Contains(theirs, key):
		return "x"
	case slices.Contains(anything, key):
		return c.own.Org.ID
	case kind != "" && len(c.own.things[kind]) > 0:
		return c.own.things[kind][0]
	default:
		c.unknown = append(c.unknown, key)
		return nil
	}
}

func (c *call) object(t *schemaType, here place, on bool) object {
	o := make(object)
	for i, f := range t.InputFields {
		leads := on && c.place.path[len(here.path)] == f.Name
		chosen := leads || t.IsOneOf && !on && i == 0
		if chosen || !t.IsOneOf && (f.isRequired() || c.whole && c.isPlain(f, t.Name)) {
			o[f.Name] = c.value(f, here, leads)
		}
	}
	return o
}

// isPlain reports whether there is a value for an input without going deeper.
func (c *call) isPlain(f schemaInput, owner string) bool {
	t := c.types[f.Type.bare()]
	if t.Name == "ID" {
		return c.kindOf(c.field, place{path: []string{f.Name}}) != ""
	}
	return t.isLeaf()
}
