package disk

import (
	"slices"
	"testing"
)

func TestExtents(t *testing.T) {
	r := &Record{key: 1, size: 30}
	stored := func(from, to, at int) extent { return extent{from, to, r, at} }
	buffered := func(from, to int) extent { return extent{from: from, to: to} }
	before := []extent{stored(10, 20, 5), buffered(20, 25), stored(30, 40, 20)}
	for _, test := range []struct {
		name     string
		from, to int
		inside   []extent
		overlaid []extent
	}{
		{"before all", 0, 10, nil, []extent{buffered(0, 10), stored(10, 20, 5), buffered(20, 25), stored(30, 40, 20)}},
		{"where nothing is", 26, 29, nil, []extent{stored(10, 20, 5), buffered(20, 25), buffered(26, 29), stored(30, 40, 20)}},
		{"next to what is in the buffer", 25, 28, nil, []extent{stored(10, 20, 5), buffered(20, 28), stored(30, 40, 20)}},
		{"one", 10, 20, []extent{stored(10, 20, 5)}, []extent{buffered(10, 25), stored(30, 40, 20)}},
		{"the middle of one", 12, 15, []extent{stored(12, 15, 7)},
			[]extent{stored(10, 12, 5), buffered(12, 15), stored(15, 20, 10), buffered(20, 25), stored(30, 40, 20)}},
		{"across", 15, 35, []extent{stored(15, 20, 10), buffered(20, 25), stored(30, 35, 20)},
			[]extent{stored(10, 15, 5), buffered(15, 35), stored(35, 40, 25)}},
		{"all", 0, 50, before, []extent{buffered(0, 50)}},
	} {
		if got := inside(before, test.from, test.to); !slices.Equal(got, test.inside) {
			t.Errorf("%s: inside are %v", test.name, got)
		}
		if got := overlay(before, test.from, test.to); !slices.Equal(got, test.overlaid) {
			t.Errorf("%s: overlaid they are %v", test.name, got)
		}
	}
}
