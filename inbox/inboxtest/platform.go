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
	answers []func(context.Context, channels.Outbound) (channels.Sent, error)
}

var _ channels.Adapter = (*Platform)(nil)

// NewPlatform makes a stand-in for a platform.
func NewPlatform(p models.Platform) *Platform { return &Platform{platform: p} }

// Platform is the one it stands in for.
func (p *Platform) Platform() models.Platform { return p.platform }

// Verify trusts everyone.
func (p *Platform) Verify(channels.Delivery, *channels.Account) error { return nil }

// Parse reads nothing: tests hand their elements to the inbox themselves.
func (p *Platform) Parse(channels.Delivery) channels.Parsed {
	return channels.Parsed{Unreadable: []error{errors.New("the stand-in reads nothing")}}
}

// Send keeps the message and gives the next answer; without one it accepts.
func (p *Platform) Send(ctx context.Context, _ channels.Account, m channels.Outbound) (channels.Sent, error) {
	p.mu.Lock()
	p.sent = append(p.sent, m)
	n := len(p.sent)
	var answer func(context.Context, channels.Outbound) (channels.Sent, error)
	if len(p.answers) > 0 {
		answer, p.answers = p.answers[0], p.answers[1:]
	}
	p.mu.Unlock()
	if answer != nil {
		return answer(ctx, m)
	}
	return channels.Sent{ExternalID: fmt.Sprintf("wamid.OUT%d", n), RequestID: fmt.Sprintf("request-%d", n), HTTPStatus: 200}, nil
}

// Answer makes the next sends answer in turn.
func (p *Platform) Answer(answers ...func(context.Context, channels.Outbound) (channels.Sent, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers = append(p.answers, answers...)
}

// Refuse is an answer that refuses.
func Refuse(refusal channels.SendError) func(context.Context, channels.Outbound) (channels.Sent, error) {
	return func(context.Context, channels.Outbound) (channels.Sent, error) { return channels.Sent{}, &refusal }
}

// Sent is everything it was sent, in order.
func (p *Platform) Sent() []channels.Outbound {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]channels.Outbound(nil), p.sent...)
}
