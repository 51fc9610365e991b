package models_test

import (
	"fmt"
	"testing"
	"time"

	"parley/models"
)

var deliveries = []models.DeliveryStatus{models.Queued, models.Sending, models.Sent, models.Delivered, models.Read, models.Failed}

// TestAdvance walks every pair of statuses: delivery never moves backwards.
func TestAdvance(t *testing.T) {
	t.Parallel()
	forward := map[models.DeliveryStatus]string{ // from → to, in the order of deliveries
		models.Queued:    "-xxxxx",
		models.Sending:   "--xxxx",
		models.Sent:      "---xxx",
		models.Delivered: "----x-",
		models.Read:      "------",
		models.Failed:    "------",
	}
	for _, from := range deliveries {
		for i, to := range deliveries {
			want := forward[from][i] == 'x'
			t.Run(fmt.Sprintf("%s to %s", from, to), func(t *testing.T) {
				t.Parallel()
				m := models.Message{Status: ptr(from)}
				if from == models.Failed {
					m.FailureReason = models.RateLimited
				}
				moved := m.Advance(to, &models.Failure{Reason: models.WindowClosed, Code: "131047"}, noon)
				if moved != want || (*m.Status == to) != (want || from == to) {
					t.Errorf("moved: %t, now %s", moved, *m.Status)
				}
			})
		}
	}

	t.Run("an unconfirmed failure is revived by any receipt", func(t *testing.T) {
		t.Parallel()
		for i, to := range deliveries {
			want := i >= 2 && to != models.Failed
			m := models.Message{Status: ptr(models.Failed), FailureReason: models.Unconfirmed, FailedAt: &noon, FailureCode: "c", FailureMessage: "m"}
			if moved := m.Advance(to, nil, noon); moved != want {
				t.Errorf("%s: moved: %t", to, moved)
			}
			if want && (m.FailedAt != nil || m.FailureReason != "" || m.FailureCode != "" || m.FailureMessage != "") {
				t.Errorf("%s: still says why it failed: %+v", to, m)
			}
		}
	})

	t.Run("an unknown status moves nothing", func(t *testing.T) {
		t.Parallel()
		for _, from := range deliveries {
			for _, to := range []models.DeliveryStatus{"", "LOST"} {
				m := models.Message{Status: ptr(from), FailureReason: models.Unconfirmed}
				if m.Advance(to, nil, noon) {
					t.Errorf("%s to %q", from, to)
				}
			}
		}
	})

	t.Run("an inbound message has no delivery", func(t *testing.T) {
		t.Parallel()
		var m models.Message
		if m.Advance(models.Read, nil, noon) || m.Status != nil {
			t.Errorf("became %v", m.Status)
		}
	})

	t.Run("what was read was sent and delivered, and keeps its first times", func(t *testing.T) {
		t.Parallel()
		later := noon.Add(time.Minute)
		m := models.Message{Status: ptr(models.Sending)}
		m.Advance(models.Sent, nil, noon)
		m.Advance(models.Read, nil, later)
		if !sameTime(m.SentAt, &noon) || !sameTime(m.DeliveredAt, &later) || !sameTime(m.ReadAt, &later) || m.FailedAt != nil {
			t.Errorf("sent %v, delivered %v, read %v, failed %v", m.SentAt, m.DeliveredAt, m.ReadAt, m.FailedAt)
		}
	})

	t.Run("a failure keeps its reason and the platform's words", func(t *testing.T) {
		t.Parallel()
		m := models.Message{Status: ptr(models.Sending)}
		m.Advance(models.Failed, &models.Failure{Reason: models.RateLimited, Code: "130429", Message: "slow down"}, noon)
		if m.FailureReason != models.RateLimited || m.FailureCode != "130429" || m.FailureMessage != "slow down" || !sameTime(m.FailedAt, &noon) {
			t.Errorf("got %+v", m)
		}
		m = models.Message{Status: ptr(models.Sent)}
		m.Advance(models.Failed, nil, noon)
		if m.FailureReason != models.PlatformRefused {
			t.Errorf("without words: %s", m.FailureReason)
		}
	})
}
