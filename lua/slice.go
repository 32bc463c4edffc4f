package lua

import "time"

const (
	// longestSlice is how long a slice takes at most, by the clock: a single
	// instruction can take as long as thousands of others ("#t" looks at every nil
	// at the end of a table).
	longestSlice = 5 * time.Millisecond

	// firstLook is after how many instructions of a slice the clock is looked at
	// first; then after twice as many each time, up to longestStep. It costs less
	// than a hundredth.
	firstLook   = 256
	longestStep = 1024
)

// slice is the turn of a process.
type slice struct {
	end   int64         // the instruction at which it is over
	look  int64         // and the one at which to look at the clock
	step  int64         // from there to the look after it
	since time.Duration // the time of the first look, since epoch; 0 before it
}

var epoch = time.Now().Add(-time.Nanosecond)

// begin starts a slice of n instructions at instruction at.
func (s *slice) begin(at, n int64) {
	*s = slice{end: at + n, look: at + firstLook, step: firstLook}
}

// over reports whether the slice is used up.
func (s *slice) over(at int64) bool {
	if at >= s.end {
		return true
	}
	if at < s.look {
		return false
	}
	now := time.Since(epoch)
	if s.since == 0 {
		s.since = now
	} else if now-s.since > longestSlice {
		return true
	}
	s.look = at + s.step
	s.step = min(2*s.step, longestStep)
	return false
}

// again starts the next slice of the same work. One that was slow is likely to go
// on like that, so the clock is looked at sooner.
func (s *slice) again(at, n int64) {
	step := int64(firstLook)
	if at < s.end {
		step = max(4, min(s.step, firstLook)/8)
	}
	*s = slice{end: at + n, look: at + step, step: step, since: time.Since(epoch)}
}
