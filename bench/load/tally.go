package load

// tally is what one socket has seen of its topic since the base: the last sequence number before the measurement.
type tally struct {
	next    uint32 // the number that would be in order
	missing map[uint32]struct{}
	cursor  int64
}

// verdict says what a number means for the socket that got it.
type verdict int

// A late number was overtaken by a higher one; a repeated one had been here.
const (
	inOrder verdict = iota
	late
	repeated
)

// see takes a number into account.
func (t *tally) see(sequence uint32) verdict {
	switch {
	case sequence >= t.next:
		for skipped := t.next; skipped < sequence; skipped++ {
			if t.missing == nil {
				t.missing = make(map[uint32]struct{})
			}
			t.missing[skipped] = struct{}{}
		}
		t.next = sequence + 1
		return inOrder
	default:
		if _, awaited := t.missing[sequence]; !awaited {
			return repeated
		}
		delete(t.missing, sequence)
		return late
	}
}

// moves reports whether a cursor lies behind the one before it, as it must. No cursor is no move backwards.
func (t *tally) moves(cursor int64) bool {
	ok := cursor == 0 || cursor > t.cursor
	t.cursor = max(t.cursor, cursor)
	return ok
}

// lost is how many numbers were skipped and never came.
func (t *tally) lost() int { return len(t.missing) }

// awaited is how many of the numbers up to the last have yet to come.
func (t *tally) awaited(last uint32) int { return max(int(last)-int(t.next)+1, 0) }
