package load

import (
	"sync"
	"sync/atomic"
	"time"
)

// writers is how many messages enter at once. Those of one topic enter one after the other, or nobody could tell their order.
const writers = 16

// Entrance is where messages enter, and the request that brings them.
type Entrance struct {
	Address string
	Batch   int // so many may enter in one request while others wait; 0: one
	Request func(messages []Message) Request
}

// Message is what enters: a text of a topic.
type Message struct {
	Topic int
	Text  string
}

// press lets messages enter. Each topic belongs to one writer.
type press struct {
	entrance Entrance
	queues   []chan errand
	writing  sync.WaitGroup
	fault    atomic.Pointer[error]
	waiting  atomic.Int64 // handed over and not yet answered
}

type errand struct {
	topic    int
	sequence uint32
}

func newPress(e Entrance) *press {
	p := &press{entrance: e}
	for range writers {
		queue := make(chan errand, 1024)
		p.queues = append(p.queues, queue)
		p.writing.Go(func() { p.write(queue) })
	}
	return p
}

func (p *press) write(queue <-chan errand) {
	caller := NewCaller(p.entrance.Address)
	defer caller.Close()
	for first := range queue {
		messages := []Message{first.message()}
		for len(messages) < p.entrance.Batch && len(queue) > 0 {
			messages = append(messages, (<-queue).message())
		}
		if _, err := caller.Post(p.entrance.Request(messages)); err != nil {
			p.fault.CompareAndSwap(nil, &err)
		}
		p.waiting.Add(-int64(len(messages)))
	}
}

func (e errand) message() Message { return Message{e.topic, Text(e.topic, e.sequence, time.Now())} }

func (p *press) publish(topic int, sequence uint32) {
	p.waiting.Add(1)
	p.queues[topic%writers] <- errand{topic, sequence}
}

// failed is the first error of an entrance.
func (p *press) failed() error {
	if err := p.fault.Load(); err != nil {
		return *err
	}
	return nil
}

func (p *press) close() {
	for _, queue := range p.queues {
		close(queue)
	}
	p.writing.Wait()
}
