package tiktok

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/models"
)

func TestComplete(t *testing.T) {
	t.Parallel()
	told := models.Inbound{
		Kind: models.InboundUtterance, AccountID: "biz_1", ExternalID: "41", ThreadKey: "7:41", Surface: models.Comment,
		Direction: models.InboundMessage, At: now, Incomplete: true,
	}

	t.Run("asks for what an event left out", func(t *testing.T) {
		t.Parallel()
		a := apiAnswering(t, map[string][]answer{"business/comment/list/": {good(`{"comments":[
			{"comment_id":"40","video_id":"7","text":"another"},
			{"comment_id":"41","video_id":"7","parent_comment_id":"40","unique_identifier":"u1","username":"erika","display_name":"Erika","text":"","image_url":"https://p16.example/a.jpg"}]}`)}})
		whole, err := a.adapter().Complete(t.Context(), account, told)
		if err != nil {
			t.Fatalf("complete: %v", err)
		}
		if whole.Incomplete || whole.ThreadKey != "7:40" || whole.ReplyToExternalID != "40" || whole.Author.ID != "u1" ||
			whole.Author.Name != "Erika" || len(whole.Attachments) != 1 || !whole.At.Equal(now) {
			t.Errorf("got %+v", whole)
		}
		a.called(t, `GET business/comment/list/ business_id=biz_1&comment_ids=["41"]&video_id=7 `+accessToken)
	})

	t.Run("finds out that the account wrote it", func(t *testing.T) {
		t.Parallel()
		a := apiAnswering(t, map[string][]answer{"business/comment/list/": {good(`{"comments":[{"comment_id":"40","video_id":"7","reply_list":[
			{"comment_id":"41","video_id":"7","parent_comment_id":"40","unique_identifier":"u9","text":"ja","owner":true}]}]}`)}})
		whole, err := a.adapter().Complete(t.Context(), account, told)
		if err != nil || !whole.Echo || whole.Direction != models.OutboundMessage || whole.Text != "ja" {
			t.Errorf("got %+v, %v", whole, err)
		}
	})

	for name, c := range map[string]struct {
		answer answer
		want   models.FailureReason
	}{
		"a comment that is gone": {good(`{"comments":[]}`), models.InvalidRequest},
		"too many calls":         {bad(40100, "slow down"), models.RateLimited},
		"half an answer":         {answer{200, `{"code":0`}, models.Transient},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			_, err := apiAnswering(t, map[string][]answer{"business/comment/list/": {c.answer}}).adapter().Complete(t.Context(), account, told)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

func TestReadPost(t *testing.T) {
	t.Parallel()
	const fields = `fields=["item_id","create_time","caption","share_url","comments"]`
	t.Run("tells what a video is", func(t *testing.T) {
		t.Parallel()
		a := apiAnswering(t, map[string][]answer{"business/video/list/": {good(`{"videos":[{"item_id":7239950514210000001,"create_time":"1785000000","caption":"Tee","share_url":"https://tiktok.example/v"}]}`)}})
		post, err := a.adapter().ReadPost(t.Context(), account, "7239950514210000001")
		want := models.PostFacts{
			ExternalID: "7239950514210000001", Permalink: "https://tiktok.example/v", Text: "Tee", AuthorID: "biz_1",
			AuthorName: "Teeladen", PublishedAt: now, MediaKind: models.Video,
		}
		if err != nil || post != want {
			t.Errorf("got %+v, %v", post, err)
		}
		a.called(t, `GET business/video/list/ business_id=biz_1&`+fields+`&filters={"video_ids":["7239950514210000001"]}&max_count=20 `+accessToken)
	})
	t.Run("tells that there is none", func(t *testing.T) {
		t.Parallel()
		a := apiAnswering(t, map[string][]answer{"business/video/list/": {good(`{"videos":[{"item_id":"8"},5]}`)}})
		_, err := a.adapter().ReadPost(t.Context(), account, "7")
		if got := sendError(t, err); got.Reason != models.InvalidRequest {
			t.Errorf("got %+v", got)
		}
	})
}

func commentAt(id string, at time.Time, more string) string {
	return fmt.Sprintf(`{"comment_id":%q,"video_id":"7","unique_identifier":"u1","text":"a","create_time":"%d"%s}`, id, at.Unix(), more)
}

func TestPoll(t *testing.T) {
	t.Parallel()
	list := func(more bool, comments ...string) answer {
		return good(fmt.Sprintf(`{"comments":[%s],"cursor":30,"has_more":%v}`, strings.Join(comments, ","), more))
	}
	const listCall = `GET business/comment/list/ business_id=biz_1&include_replies=true&max_count=30&sort_field=create_time&sort_order=desc&video_id=`

	t.Run("brings the new comments of the new videos", func(t *testing.T) {
		t.Parallel()
		a := apiAnswering(t, map[string][]answer{
			"business/video/list/": {
				good(`{"videos":[{"item_id":"7","comments":3},{"item_id":"8","comments":0}],"cursor":99,"has_more":true}`),
				good(`{"videos":[{"item_id":"9"}],"cursor":100,"has_more":false}`),
			},
			"business/comment/list/": {
				list(true, commentAt("pinned", now.Add(-90*24*time.Hour), `,"pinned":true`), commentAt("3", now.Add(-time.Hour), ``), `{"comment_id":5,"create_time":"soon"}`),
				list(true, commentAt("3", now.Add(-time.Hour), ``), commentAt("1", now.Add(-25*time.Hour), `,"reply_list":[`+commentAt("2", now.Add(-time.Minute), `,"parent_comment_id":"1","owner":true`)+`]`)),
				list(false),
			},
		})

		polled, err := a.adapter().Poll(t.Context(), account, "", now)

		if err != nil {
			t.Fatalf("poll: %v", err)
		}
		var got []string
		for _, in := range polled.Inbound {
			got = append(got, fmt.Sprint(in.Kind, " ", in.ExternalID, " ", in.ThreadKey, " ", in.Echo))
		}
		if want := "MESSAGE 3 7:3 false|MESSAGE 2 7:1 true"; strings.Join(got, "|") != want {
			t.Errorf("got %q, want %q", strings.Join(got, "|"), want)
		}
		if len(polled.Unreadable) != 1 || polled.Wait != 0 || !readMark(polled.Mark, time.Time{}).Equal(now.Add(-overlap)) {
			t.Errorf("unreadable %v, wait %s, mark %s", polled.Unreadable, polled.Wait, polled.Mark)
		}
		videoCall := `GET business/video/list/ business_id=biz_1%s&fields=["item_id","create_time","caption","share_url","comments"]&max_count=20 ` + accessToken
		a.called(t, fmt.Sprintf(videoCall, ""), fmt.Sprintf(videoCall, "&cursor=99"), listCall+"7 "+accessToken,
			strings.Replace(listCall, "&include", "&cursor=30&include", 1)+"7 "+accessToken, listCall+"9 "+accessToken)
	})

	t.Run("makes no more than thirty calls for comments", func(t *testing.T) {
		t.Parallel()
		var all []string
		for i := range 20 {
			all = append(all, fmt.Sprintf(`{"item_id":"%d"}`, i+1))
		}
		a := apiAnswering(t, map[string][]answer{
			"business/video/list/":   {good(`{"videos":[` + strings.Join(all, ",") + `]}`)},
			"business/comment/list/": {list(true, commentAt("3", now, ``))},
		})
		if _, err := a.adapter().Poll(t.Context(), account, "", now); err != nil || len(a.calls) != 1+maxCalls {
			t.Errorf("%d calls, %v", len(a.calls), err)
		}
	})

	t.Run("keeps what it has when TikTok has enough, and begins there again", func(t *testing.T) {
		t.Parallel()
		a := apiAnswering(t, map[string][]answer{
			"business/video/list/":   {good(`{"videos":[{"item_id":"7"},{"item_id":"9"}]}`)},
			"business/comment/list/": {list(false, commentAt("3", now, ``)), bad(40100, "slow down")},
		})
		before := writeMark(now.Add(-time.Hour))
		polled, err := a.adapter().Poll(t.Context(), account, before, now)
		if err != nil || len(polled.Inbound) != 1 || polled.Mark != before || polled.Wait != patience {
			t.Errorf("got %+v, %v", polled, err)
		}
	})

	for name, c := range map[string]struct {
		videos, comments answer
		want             models.FailureReason
	}{
		"an ended token":    {bad(40105, "token"), answer{}, models.AuthExpired},
		"half the videos":   {answer{200, `{"co`}, answer{}, models.Transient},
		"half the comments": {good(`{"videos":[{"item_id":"7"}]}`), answer{200, `{"co`}, models.Transient},
		"too many calls":    {good(`{"videos":[{"item_id":"7"}]}`), bad(40100, "slow down"), models.RateLimited},
	} {
		t.Run("tells "+name, func(t *testing.T) {
			t.Parallel()
			a := apiAnswering(t, map[string][]answer{"business/video/list/": {c.videos}, "business/comment/list/": {c.comments}})
			_, err := a.adapter().Poll(t.Context(), account, "", now)
			if got := sendError(t, err); got.Reason != c.want || got.Ambiguous {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}
