package linkedin

import (
	"reflect"
	"testing"
	"time"

	"parley/models"
)

func TestComplete(t *testing.T) {
	t.Parallel()
	const line = "GET " + comments + "/7"
	at := time.UnixMilli(1785585600123).UTC()
	told := models.Inbound{
		Kind: models.InboundUtterance, AccountID: page, ExternalID: second, ThreadKey: activity + ":" + second, Surface: models.Comment,
		Direction: models.InboundMessage, Author: models.Author{ID: "urn:li:person:zX"}, Text: "Danke!", At: at, Incomplete: true,
		Post: &models.PostFacts{ExternalID: activity},
	}
	named := told
	named.Text, named.Author.ID, named.At = "", "", time.Time{}
	answered := told
	answered.Incomplete, answered.ThreadKey, answered.ReplyToExternalID = false, activity+":"+first, first
	settled := told
	settled.Incomplete = false
	pictured := settled
	pictured.Text = ""
	pictured.Attachments = []models.Attachment{
		{Kind: models.Image, URL: "https://media.example/a.jpg", MediaID: "urn:li:digitalmediaAsset:C4"}, {Position: 1, Kind: models.Image, MediaID: "urn:li:image:D5"},
	}
	mine := settled
	mine.Author.ID, mine.Direction, mine.Echo = page, models.OutboundMessage, true
	edit := told
	edit.Kind, edit.Text, edit.ThreadKey, edit.Post = models.InboundEdit, "", "", nil
	edited := edit
	edited.Text, edited.Incomplete = "Danke sehr!", false
	const comment = `{"actor":"urn:li:person:zX","commentUrn":"` + second + `","object":"urn:li:activity:5","created":{"time":1785585600123},"message":{"text":"Danke!"}`

	for name, c := range map[string]struct {
		in     models.Inbound
		answer answer
		want   models.Inbound
	}{
		"an answer finds its thread":      {told, answer{status: 200, body: comment + `,"parentComment":"urn:li:comment:(activity:5,6)"}`}, answered},
		"a first comment stays its own":   {told, answer{status: 200, body: comment + `}`}, settled},
		"a bare name gets all it lacks":   {named, answer{status: 200, body: comment + `}`}, settled},
		"an older form is understood":     {named, answer{status: 200, body: `{"$URN":"` + second + `"` + comment[len(`{"actor":"urn:li:person:zX","commentUrn":"`)+len(second)+1:] + `,"actor":"urn:li:person:zX"}`}, settled},
		"our own words are told as such":  {named, answer{status: 200, body: `{"actor":"` + page + `"` + comment[len(`{"actor":"urn:li:person:zX"`):] + `}`}, mine},
		"an edit gets its words":          {edit, answer{status: 200, body: `{"actor":"urn:li:person:zX","commentUrn":"` + second + `","message":{"text":"Danke sehr!"}}`}, edited},
		"a comment nobody shows us stays": {told, answer{status: 403}, settled},
		"a comment that is gone stays":    {told, answer{status: 404}, settled},
		"pictures come along": {named, answer{status: 200, body: `{"actor":"urn:li:person:zX","commentUrn":"` + second + `","created":{"time":1785585600123},"content":[
			{"type":"IMAGE","url":"https://media.example/a.jpg","entity":{"digitalmediaAsset":"urn:li:digitalmediaAsset:C4"}},"x",{},{"entity":{"image":"urn:li:image:D5"}}]}`}, pictured},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := answering(t, map[string]answer{line: c.answer})
			got, err := p.adapter().Complete(t.Context(), account, c.in)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("completed %+v, %v; want %+v", got, err, c.want)
			}
			p.called(t, [2]string{line, ""})
		})
	}

	for name, c := range map[string]struct {
		in     models.Inbound
		answer answer
		want   models.FailureReason
	}{
		"a token that ended":                   {told, answer{status: 401}, models.AuthExpired},
		"a day that is used up":                {told, answer{status: 429}, models.RateLimited},
		"a comment without words that is gone": {named, answer{status: 404}, models.PlatformRefused},
		"half an answer":                       {told, answer{status: 200, body: `{"actor":`}, models.Transient},
		"an answer about nothing":              {told, answer{status: 200, body: `{}`}, models.Transient},
		"something that is no comment":         {models.Inbound{ExternalID: "urn:li:share:4"}, answer{}, models.InvalidRequest},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, map[string]answer{line: c.answer}).adapter().Complete(t.Context(), account, c.in)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}
