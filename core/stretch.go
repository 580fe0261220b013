package core

import "time"

// The bounds of what a long copy does before it lets others go on are pauseAfter and, for a clock that stands still,
// pauseEvery, in bytes. The time is what counts: memory that is touched for the first time, or a picture that is reduced,
// takes many times as long as a copy of as many bytes.
const pauseEvery = 8 << 20

// pauseAfter is a variable so that tests can change it.
var pauseAfter = 8 * time.Millisecond

// A stretch is what a call does between two pauses. The zero value is one that has not begun.
type stretch struct {
	bytes int
	since time.Time
}

// over reports whether it is time to pause. It is asked before each piece: the first time, the stretch begins.
func (s *stretch) over() bool {
	if s.since.IsZero() {
		s.since = time.Now()
		return false
	}
	return s.bytes >= pauseEvery || time.Since(s.since) >= pauseAfter
}

// done reports whether it is time to pause and something was done since the last pause. Where only refusals take so long, a
// pause would begin them all again, for ever.
func (s *stretch) done() bool { return s.over() && s.bytes > 0 }
