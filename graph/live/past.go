package live

import (
	"slices"
	"sort"

	"parley/models"
)

// How much of its past a group remembers.
const (
	rememberedAnswers = 256
	rememberedBytes   = 256 << 10
)

// past is the newest answers of a group: all of those to events behind from.
type past struct {
	from    int64
	answers []remembered
	bytes   int
}

type remembered struct {
	seq     int64
	payload []byte
}

func (p *past) add(seq int64, payload []byte) {
	p.answers = append(p.answers, remembered{seq, payload})
	p.bytes += len(payload)
	drop := 0
	for drop < len(p.answers) && (len(p.answers)-drop > rememberedAnswers || p.bytes > rememberedBytes) {
		p.from = p.answers[drop].seq
		p.bytes -= len(p.answers[drop].payload)
		drop++
	}
	p.answers = slices.Delete(p.answers, 0, drop)
}

func (p *past) after(seq int64) []remembered {
	at := sort.Search(len(p.answers), func(i int) bool { return p.answers[i].seq > seq })
	return p.answers[at:]
}

// extend remembers what a replay of the events behind from, up to upTo, has found, if that meets what is remembered and
// there is room.
func (p *past) extend(from, upTo int64, events []models.Event, answers []answer) {
	if upTo < p.from || from >= p.from {
		return
	}
	var older []remembered
	bytes := 0
	for i, a := range answers {
		if a.end != nil {
			return
		}
		if a.payload != nil && events[i].Seq <= p.from {
			older = append(older, remembered{events[i].Seq, a.payload})
			bytes += len(a.payload)
		}
	}
	if len(older)+len(p.answers) > rememberedAnswers || bytes+p.bytes > rememberedBytes {
		return
	}
	p.answers = append(older, p.answers...)
	p.bytes += bytes
	p.from = from
}
