package filestore

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// check fails unless the free spans and the taken ones make up the file, in order, without overlap.
func check(t *testing.T, s *space, taken []span) {
	t.Helper()
	all := slices.Concat(s.free, taken)
	slices.SortFunc(all, func(a, b span) int { return int(a.off - b.off) })
	at := int64(0)
	for _, x := range all {
		if x.off != at || x.size <= 0 || x.off%align != 0 || x.size%align != 0 {
			t.Fatalf("%v at %d", x, at)
		}
		at = x.end()
	}
	if at != s.size {
		t.Fatalf("the spans end at %d, the file at %d", at, s.size)
	}
	for i, f := range s.free {
		if i > 0 && s.free[i-1].end() >= f.off {
			t.Fatalf("%v and %v are not one", s.free[i-1], f)
		}
		if f.end() == s.size {
			t.Fatalf("%v at the end is part of the file", f)
		}
	}
}

func TestSpace(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := new(space)
		var taken []span
		for range 2000 {
			if len(taken) > 0 && r.IntN(100) < 48 {
				i := r.IntN(len(taken))
				s.give(taken[i])
				taken = slices.Delete(taken, i, i+1)
			} else {
				taken = append(taken, s.take(1+r.IntN(512<<10)))
			}
			check(t, s, taken)
		}
		for _, x := range taken {
			s.give(x)
		}
		if s.size != 0 || len(s.free) != 0 {
			t.Fatalf("with nothing in it there are %d bytes in %d spans", s.size, len(s.free))
		}
	}
}

func TestSpaceTakesTheBestFit(t *testing.T) {
	s := new(space)
	var spans []span
	for _, n := range []int{8, 1, 3, 1, 2, 1, 3, 1} {
		spans = append(spans, s.take(n*align))
	}
	for _, i := range []int{0, 2, 4, 6} {
		s.give(spans[i])
	}
	for _, c := range []struct {
		blocks int
		in     int
	}{{3, 2}, {2, 4}, {1, 6}, {2, 6}, {4, 0}} {
		if got := s.take(c.blocks * align); got.off < spans[c.in].off || got.end() > spans[c.in].end() {
			t.Errorf("%d blocks are at %v, not in %v", c.blocks, got, spans[c.in])
		}
	}
	if got := s.take(1); got.off != spans[0].off+4*align || got.size != align {
		t.Error(got)
	}
}

// A day of strokes: each stores some tiles of 256 KiB or parts of them, undo states come and go in order, and the
// oldest are dropped. What is free in the midst of the file stays below a fifth of it.
func TestSpaceAfterADayOfStrokes(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	s := new(space)
	var states [][]span
	used, most := int64(0), 0.0
	for stroke := range 20_000 {
		var state []span
		for range 1 + r.IntN(12) {
			n := 256 << 10
			if r.IntN(3) == 0 {
				n = 1 + r.IntN(n) // the part of a tile that was written
			}
			x := s.take(n)
			used += x.size
			state = append(state, x)
		}
		states = append(states, state)
		drop := func(i int) {
			for _, x := range states[i] {
				used -= x.size
				s.give(x)
			}
			states = slices.Delete(states, i, i+1)
		}
		for len(states) > 300 || len(states) > 0 && r.IntN(20) == 0 && len(states) > 150 {
			drop(0)
		}
		if r.IntN(4) == 0 { // undone, and something else is painted
			drop(len(states) - 1)
		}
		if stroke > 1000 {
			most = max(most, 1-float64(used)/float64(s.size))
		}
	}
	t.Logf("at most %.1f %% of the file were free, in %d spans at the end", 100*most, len(s.free))
	if most > 0.2 {
		t.Errorf("%.0f %% of the file were free", 100*most)
	}
}
