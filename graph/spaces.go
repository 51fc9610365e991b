package graph

import "sync"

// spaces are where answers are written.
var spaces spacePool

// longestSpace bounds what is kept for the next answer.
const longestSpace = 256 << 10

type spacePool struct{ pool sync.Pool }

func (p *spacePool) take() []byte {
	if space, ok := p.pool.Get().(*[]byte); ok {
		return (*space)[:0]
	}
	return make([]byte, 0, 4<<10)
}

// put gives a space back, which nobody has a part of any more.
func (p *spacePool) put(space []byte) {
	if cap(space) <= longestSpace {
		p.pool.Put(&space)
	}
}
