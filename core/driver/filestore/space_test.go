package filestore

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// seed is that of the random operations, unless -rapid.seed names another: they are the same each time.
const seed = "20251122"

// setRapid sets flags of rapid for a test, in pairs of a name and a value.
func setRapid(t *testing.T, flags ...string) {
	t.Helper()
	for i := 0; i < len(flags); i += 2 {
		f := flag.Lookup("rapid." + flags[i])
		old := f.Value.String()
		if flags[i] == "seed" && old != "0" {
			continue
		}
		if err := f.Value.Set(flags[i+1]); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Value.Set(old) })
	}
}

// A plainSpace is a space that keeps what is taken, in the order of the offsets, and looks at all of it each time.
type plainSpace []span

func (p plainSpace) size() int64 {
	if len(p) == 0 {
		return 0
	}
	return p[len(p)-1].end()
}

func (p plainSpace) holes() (holes []span) {
	at := int64(0)
	for _, x := range p {
		if x.off > at {
			holes = append(holes, span{at, x.off - at})
		}
		at = x.end()
	}
	return holes
}

func (p *plainSpace) take(n int) span {
	need := int64(n)
	for need%align > 0 {
		need++
	}
	taken := span{p.size(), need}
	best := int64(math.MaxInt64)
	for _, h := range p.holes() {
		if h.size >= need && h.size < best {
			best = h.size
			taken.off = h.off
		}
	}
	*p = append(*p, taken)
	slices.SortFunc(*p, func(a, b span) int { return cmp.Compare(a.off, b.off) })
	return taken
}

func (p *plainSpace) give(i int) span {
	given := (*p)[i]
	*p = slices.Delete(*p, i, i+1)
	return given
}

// all returns all numbers of a set.
func (s *set) all(t interface{ Fatalf(string, ...any) }) []uint64 {
	for i, run := range s.runs {
		if len(run) > runLength || len(s.runs) > 1 && len(run) == 0 || i > 0 && len(s.runs[i-1])+len(run) <= runLength/2 {
			t.Fatalf("run %d of %d has %d numbers", i, len(s.runs), len(run))
		}
	}
	return slices.Concat(s.runs...)
}

// A space does what a plain one does.
func TestSpace(t *testing.T) {
	setRapid(t, "seed", seed, "checks", "40", "steps", "100", "nofailfile", "true")
	most := 0 // holes at once
	rapid.Check(t, func(t *rapid.T) {
		s, plain := new(space), plainSpace(nil)
		sizes := []*rapid.Generator[int]{ // few ones, of which many are equal, or many
			rapid.SampledFrom([]int{1, 64 * align}), rapid.IntRange(1, 4*align), rapid.IntRange(1, 512<<10),
		}[rapid.IntRange(0, 2).Draw(t, "sizes")]
		count := rapid.IntRange(1, 20)
		check := func(t *rapid.T) {
			holes := plain.holes()
			most = max(most, len(holes))
			if s.size != plain.size() {
				t.Fatalf("the file ends at %d, not at %d", s.size, plain.size())
			}
			var byOffset, bySize []uint64
			for _, h := range holes {
				byOffset, bySize = append(byOffset, pair(h.off, h.size)), append(bySize, pair(h.size, h.off))
			}
			slices.Sort(bySize)
			if !slices.Equal(s.byOffset.all(t), byOffset) || !slices.Equal(s.bySize.all(t), bySize) {
				t.Fatalf("the holes are %#x and %#x, not %v", s.byOffset.runs, s.bySize.runs, holes)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				for range count.Draw(t, "count") {
					n := sizes.Draw(t, "size")
					if got, want := s.take(n), plain.take(n); got != want {
						t.Fatalf("%d bytes are at %v, not at %v", n, got, want)
					}
					check(t)
				}
			},
			"give": func(t *rapid.T) {
				for range min(count.Draw(t, "count"), len(plain)) {
					s.give(plain.give(rapid.IntRange(0, len(plain)-1).Draw(t, "which")))
					check(t)
				}
			},
		})
		for len(plain) > 0 {
			s.give(plain.give(0))
		}
		check(t)
	})
	t.Logf("up to %d holes", most)
}

// A set has what was put in and not taken out, in order, whatever the pattern in which that is done.
func TestSet(t *testing.T) {
	setRapid(t, "seed", seed, "checks", "20", "steps", "30", "nofailfile", "true")
	most := 0 // runs at once
	rapid.Check(t, func(t *rapid.T) {
		s, sorted := new(set), []uint64(nil)
		check := func(t *rapid.T) {
			most = max(most, len(s.runs))
			if !slices.Equal(s.all(t), sorted) {
				t.Fatalf("there is %v, not %v", s.runs, sorted)
			}
		}
		around := func(t *rapid.T, x uint64) {
			var before, after uint64
			for _, y := range sorted {
				if y < x {
					before = y
				} else if after == 0 {
					after = y
				}
			}
			if b, a := s.around(x); b != before || a != after {
				t.Fatalf("around %d are %d and %d, not %d and %d", x, b, a, before, after)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"insert": func(t *rapid.T) {
				x, by := rapid.IntRange(1, 10_000).Draw(t, "first"), rapid.IntRange(-20, 20).Draw(t, "by")
				for range rapid.IntRange(1, 600).Draw(t, "count") {
					if i, found := slices.BinarySearch(sorted, uint64(x)); !found {
						around(t, uint64(x))
						s.insert(uint64(x))
						sorted = slices.Insert(sorted, i, uint64(x))
						check(t)
					}
					if x += by; x < 1 {
						return
					}
				}
			},
			"remove": func(t *rapid.T) {
				i, by := rapid.IntRange(0, 10_000).Draw(t, "first"), rapid.IntRange(-20, 20).Draw(t, "by")
				for range rapid.IntRange(1, 600).Draw(t, "count") {
					if i < 0 || i >= len(sorted) {
						return
					}
					around(t, sorted[i])
					s.remove(sorted[i])
					sorted = slices.Delete(sorted, i, i+1)
					check(t)
					i += by
				}
			},
		})
	})
	t.Logf("up to %d runs", most)
}

// The orders in which every other span of a file becomes free.
const (
	ascending  = "ascending"
	descending = "descending"
	shuffled   = "random"
)

// everyOther takes 2n spans and returns every other one, in an order. They are of so many blocks, the others of one.
func everyOther(s *space, order string, n int, blocks func(r *rand.Rand) int) []span {
	r := rand.New(rand.NewPCG(1, 2))
	spans := make([]span, 0, n)
	for range n {
		spans = append(spans, s.take(blocks(r)*align))
		s.take(1)
	}
	switch order {
	case descending:
		slices.Reverse(spans)
	case shuffled:
		r.Shuffle(n, func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
	}
	return spans
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
	t.Logf("at most %.1f %% of the file were free, in %d holes at the end", 100*most, len(s.byOffset.all(t)))
	if most > 0.2 {
		t.Errorf("%.0f %% of the file were free", 100*most)
	}
}

// BenchmarkSpace gives every other span of a file back, in an order, and takes as much again. All are of the size of a tile,
// or of up to 128 MiB each, so that few are the same.
func BenchmarkSpace(b *testing.B) {
	for _, kind := range []struct {
		name   string
		blocks func(r *rand.Rand) int
	}{
		{"tiles", func(*rand.Rand) int { return 64 }},
		{"sizes", func(r *rand.Rand) int { return 1 + r.IntN(1<<15) }},
	} {
		for _, order := range []string{ascending, descending, shuffled} {
			for _, n := range []int{50_000, 100_000, 200_000} {
				b.Run(fmt.Sprintf("%s/%s/%d", kind.name, order, n), func(b *testing.B) {
					var give, take float64
					rounds := 0.0
					for b.Loop() {
						b.StopTimer()
						s := new(space)
						spans := everyOther(s, order, n, kind.blocks)
						b.StartTimer()
						start := b.Elapsed()
						for _, x := range spans {
							s.give(x)
						}
						given := b.Elapsed()
						for _, x := range spans {
							s.take(int(x.size))
						}
						give += (given - start).Seconds()
						take += (b.Elapsed() - given).Seconds()
						rounds++
					}
					b.ReportMetric(1e3*give/rounds, "give-ms")
					b.ReportMetric(1e3*take/rounds, "take-ms")
				})
			}
		}
	}
}
