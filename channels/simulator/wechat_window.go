package simulator

import "time"

// What a customer's deed allows us, since 12 June 2023.
const (
	weChatMessageWindow = 48 * time.Hour
	weChatMessageCount  = 5
	weChatEventWindow   = time.Minute
	weChatEventCount    = 3
)

// weChatWindow is how much may still be sent to one customer: for what they wrote, and for what they pressed.
type weChatWindow struct {
	message, event weChatQuota
}

type weChatQuota struct {
	until time.Time
	left  int
}

// window finds the customer's window. Somebody whose last message we know only by its time has an untouched one.
func (w *weChatAccount) window(c *customer) *weChatWindow {
	open, known := w.windows[c.ID]
	if !known {
		open = &weChatWindow{}
		if !c.WroteAt.IsZero() {
			open.message = weChatQuota{c.WroteAt.Add(weChatMessageWindow), weChatMessageCount}
		}
		w.windows[c.ID] = open
	}
	return open
}

func (w *weChatWindow) wrote(now time.Time) {
	w.message = weChatQuota{now.Add(weChatMessageWindow), weChatMessageCount}
}

func (w *weChatWindow) pressed(now time.Time) {
	w.event = weChatQuota{now.Add(weChatEventWindow), weChatEventCount}
}

// spend takes one message out of what is allowed, the short-lived first.
func (w *weChatWindow) spend(now time.Time) error {
	quotas := []*weChatQuota{&w.event, &w.message}
	for _, q := range quotas {
		if now.Before(q.until) && q.left > 0 {
			q.left--
			return nil
		}
	}
	for _, q := range quotas {
		if now.Before(q.until) {
			return errWeChatCount
		}
	}
	return Failure{Class: OutsideWindow}
}
