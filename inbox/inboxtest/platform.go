package inboxtest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"parley/channels"
	"parley/models"
)

// Platform stands in for a platform: it accepts what it is sent, unless it is told to answer otherwise. It is an
// adapter, as no test of ours speaks to the real world.
type Platform struct {
	platform models.Platform

	mu      sync.Mutex
	sent    []channels.Outbound
	more    chan struct{} // closed and replaced whenever something is sent
	answers []Answer
}

// Answer is what a platform does with one message.
type Answer func(context.Context, channels.Outbound) (channels.Sent, error)

var _ channels.Adapter = (*Platform)(nil)

// NewPlatform makes a stand-in for a platform.
func NewPlatform(p models.Platform) *Platform {
	return &Platform{platform: p, more: make(chan struct{})}
}

// Platform is the one it stands in for.
func (p *Platform) Platform() models.Platform { return p.platform }

// Verify trusts everyone.
func (p *Platform) Verify(channels.Delivery, *channels.Account) error { return nil }

// Parse reads nothing: tests hand their elements to the inbox themselves.
func (p *Platform) Parse(channels.Delivery, *channels.Account) channels.Parsed {
	return channels.Parsed{Unreadable: []error{errors.New("the stand-in reads nothing")}}
}

// Send keeps the message and gives the next answer; without one it accepts.
func (p *Platform) Send(ctx context.Context, _ channels.Account, m channels.Outbound) (channels.Sent, error) {
	p.mu.Lock()
	p.sent = append(p.sent, m)
	n := len(p.sent)
	close(p.more)
	p.more = make(chan struct{})
	var answer Answer
	if len(p.answers) > 0 {
		answer, p.answers = p.answers[0], p.answers[1:]
	}
	p.mu.Unlock()
	if answer != nil {
		return answer(ctx, m)
	}
	return Accepted(n), nil
}

// Accepted is how it accepts the n-th message it is sent.
func Accepted(n int) channels.Sent {
	return channels.Sent{ExternalID: fmt.Sprintf("wamid.OUT%d", n), RequestID: fmt.Sprintf("request-%d", n), HTTPStatus: 200}
}

// Await waits until it was sent n messages, and returns them.
func (p *Platform) Await(ctx context.Context, n int) ([]channels.Outbound, error) {
	for {
		p.mu.Lock()
		sent, more := append([]channels.Outbound(nil), p.sent...), p.more
		p.mu.Unlock()
		if len(sent) >= n {
			return sent, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return sent, fmt.Errorf("wait for %d messages, got %d: %w", n, len(sent), ctx.Err())
		}
	}
}

// Answer makes the next sends answer in turn.
func (p *Platform) Answer(answers ...Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers = append(p.answers, answers...)
}

// Refuse is an answer that refuses.
func Refuse(refusal channels.SendError) Answer {
	return func(context.Context, channels.Outbound) (channels.Sent, error) { return channels.Sent{}, &refusal }
}

// Sent is everything it was sent, in order.
func (p *Platform) Sent() []channels.Outbound {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]channels.Outbound(nil), p.sent...)
}
