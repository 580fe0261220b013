package filestore

import "slices"

// A span is size bytes of a file from off on.
type span struct{ off, size int64 }

func (s span) end() int64 { return s.off + s.size }

// The offsets and sizes of spans are multiples of align: file systems give out as much at a time.
const align = 4096

// A space is what of a file is free. What lies behind the last span that is taken is in no list: shrink may cut it off.
type space struct {
	// free spans in the order of their offsets. Between two of them, and behind the last, is something that is taken.
	free []span
	// size is where the last that is taken ends.
	size int64
}

// take returns a span of n bytes or somewhat more: a part of the smallest free one that is large enough (best fit), the
// first of those, and else at the end.
func (s *space) take(n int) span {
	need := (int64(n) + align - 1) / align * align
	best := -1
	for i, f := range s.free {
		if f.size == need {
			best = i
			break
		}
		if f.size > need && (best < 0 || f.size < s.free[best].size) {
			best = i
		}
	}
	if best < 0 {
		taken := span{s.size, need}
		s.size += need
		return taken
	}
	f := &s.free[best]
	taken := span{f.off, need}
	f.off += need
	f.size -= need
	if f.size == 0 {
		s.free = slices.Delete(s.free, best, best+1)
	}
	return taken
}

// give makes a span free that take has returned. It joins its neighbours.
func (s *space) give(g span) {
	i, _ := slices.BinarySearchFunc(s.free, g.off, func(f span, off int64) int { return int(min(max(f.off-off, -1), 1)) })
	before, after := i > 0 && s.free[i-1].end() == g.off, i < len(s.free) && s.free[i].off == g.end()
	switch {
	case before && after:
		s.free[i-1].size += g.size + s.free[i].size
		s.free = slices.Delete(s.free, i, i+1)
	case before:
		s.free[i-1].size += g.size
	case after:
		s.free[i].off = g.off
		s.free[i].size += g.size
	default:
		s.free = slices.Insert(s.free, i, g)
	}
	if n := len(s.free); n > 0 && s.free[n-1].end() == s.size {
		s.size = s.free[n-1].off
		s.free = s.free[:n-1]
	}
}
