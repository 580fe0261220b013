package core

// Medium is what holds bytes.
type Medium int

// The two media.
const (
	Memory Medium = iota
	Disk
)

func (m Medium) String() string {
	if m == Disk {
		return "disk"
	}
	return "memory"
}

// A ledger counts what is allocated on each medium: sizes, not blocks or buffers. Nothing else in the cache adds these
// numbers up, and whatever was placed is in the ledger before the lock is given up. What is in it: every page that
// somebody holds, once (see holders.go), what allocations have reserved beside their pages, and the room that calls
// under way have taken.
//
// held is always the sum of what was taken and not given back, and peak the largest value that it ever had.
type ledger struct {
	held, peak [2]int64
}

// fits reports whether n more bytes stay within limit; 0 = no limit. MaxBytes is always one, so that the
// sum stays a number that JavaScript holds exactly.
func (l *ledger) fits(m Medium, n, limit int64) bool {
	if limit == 0 {
		limit = MaxBytes
	}
	return n <= limit-l.held[m]
}

func (l *ledger) take(m Medium, n int64) {
	l.held[m] += n
	l.peak[m] = max(l.peak[m], l.held[m])
}

func (l *ledger) give(m Medium, n int64) { l.held[m] -= n }

// MaxBytes is the largest size, limit or sum of sizes: the largest integer that JavaScript's numbers
// hold exactly.
const MaxBytes = 1<<53 - 1
