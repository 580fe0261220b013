package filestore

// A space knows what of a file is free. What is free before something that is taken is a hole. The holes are in two ordered
// sets: by their sizes, to find where something fits best, and by their offsets, to find the neighbours of what becomes
// free. What is free behind the last span that is taken is no hole: shrink may cut it off.
type space struct {
	// bySize has size and offset of each hole, byOffset has offset and size: see pair.
	bySize, byOffset set
	// size is where the last span that is taken ends.
	size int64
}

// A span is size bytes of a file from off on.
type span struct{ off, size int64 }

func (s span) end() int64 { return s.off + s.size }

// The offsets and sizes of spans are multiples of align. There may be a hundred thousand small allocations, for each of
// which the 4 KiB that file systems give out at a time would be much.
const align = 512

// pair makes one number of two multiples of align, so that pairs are in the order of the first, and then of the second. It
// can for files of up to 2 TiB; the memory for the records of such a one ends before.
func pair(first, second int64) uint64 { return uint64(first/align)<<32 | uint64(second/align) }

// parts returns the two numbers of a pair.
func parts(p uint64) (first, second int64) { return int64(p>>32) * align, int64(p&(1<<32-1)) * align }

// take returns a span of n bytes, n > 0, or somewhat more: the beginning of the smallest hole that is large enough (best
// fit), of equal ones the first in the file, and else at the end.
func (s *space) take(n int) span {
	need := (int64(n) + align - 1) / align * align
	_, best := s.bySize.around(pair(need, 0))
	if best == 0 {
		taken := span{s.size, need}
		s.size += need
		return taken
	}
	size, off := parts(best)
	s.remove(span{off, size})
	if size > need {
		s.insert(span{off + need, size - need})
	}
	return span{off, need}
}

// give makes a span free that take has returned. It joins its neighbours.
func (s *space) give(g span) {
	before, after := s.byOffset.around(pair(g.off, 0))
	if off, size := parts(before); before != 0 && off+size == g.off {
		s.remove(span{off, size})
		g = span{off, size + g.size}
	}
	if off, size := parts(after); after != 0 && off == g.end() {
		s.remove(span{off, size})
		g.size += size
	}
	if g.end() == s.size {
		s.size = g.off
		return
	}
	s.insert(g)
}

func (s *space) insert(hole span) {
	s.bySize.insert(pair(hole.size, hole.off))
	s.byOffset.insert(pair(hole.off, hole.size))
}

func (s *space) remove(hole span) {
	s.bySize.remove(pair(hole.size, hole.off))
	s.byOffset.remove(pair(hole.off, hole.size))
}

// A set is one of numbers, none of which is 0. They lie in order, in runs of up to runLength: to insert or to remove one
// searches the runs and one of them, and moves a part of that one. Only when a run is cut in two, or two are joined, those
// behind it move, and they are few. So it costs little whatever the order in which hundreds of thousands come and go; they
// take little memory, too, and nothing in it that the garbage collector has to follow.
type set struct {
	// Two neighbours have more than runLength/2 numbers together, and each has some. A run that is alone may be empty.
	runs [][]uint64
}

const runLength = 256

// find returns where x is or would be: in which run, and where in it. There is a run then.
func (s *set) find(x uint64) (r, i int) {
	if len(s.runs) == 0 {
		s.runs = [][]uint64{nil}
	}
	for end := len(s.runs) - 1; r < end; { // the last run that begins with x or less, or the first
		if mid := (r + end) / 2; s.runs[mid+1][0] <= x {
			r = mid + 1
		} else {
			end = mid
		}
	}
	run := s.runs[r]
	for end := len(run); i < end; {
		if mid := (i + end) / 2; run[mid] < x {
			i = mid + 1
		} else {
			end = mid
		}
	}
	return r, i
}

// around returns the last number that is below x, and the first that is not. 0 stands for none.
func (s *set) around(x uint64) (before, after uint64) {
	r, i := s.find(x)
	run := s.runs[r]
	if i > 0 {
		before = run[i-1]
	} else if r > 0 {
		before = s.runs[r-1][len(s.runs[r-1])-1]
	}
	if i < len(run) {
		after = run[i]
	} else if r+1 < len(s.runs) {
		after = s.runs[r+1][0]
	}
	return before, after
}

// insert puts in x, which is not in the set.
func (s *set) insert(x uint64) {
	r, i := s.find(x)
	run := append(s.runs[r], 0)
	copy(run[i+1:], run[i:])
	run[i] = x
	if len(run) > runLength {
		s.runs = append(s.runs, nil)
		copy(s.runs[r+1:], s.runs[r:])
		s.runs[r+1] = append([]uint64(nil), run[runLength/2:]...)
		run = run[:runLength/2]
	}
	s.runs[r] = run
}

// remove takes out x, which is in the set.
func (s *set) remove(x uint64) {
	r, i := s.find(x)
	s.runs[r] = append(s.runs[r][:i], s.runs[r][i+1:]...)
	s.join(r)
	s.join(r - 1)
}

// join makes one run of two, unless they are too long.
func (s *set) join(r int) {
	last := len(s.runs) - 1
	if r < 0 || r >= last {
		return
	}
	a, b := s.runs[r], s.runs[r+1]
	if len(a) > 0 && len(b) > 0 && len(a)+len(b) > runLength/2 {
		return
	}
	s.runs[r] = append(a, b...)
	copy(s.runs[r+1:], s.runs[r+2:])
	s.runs[last] = nil
	s.runs = s.runs[:last]
}
