package core_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/mapstore"

	"pgregory.net/rapid"
)

// model is what the cache should be: every allocation a plain slice of bytes, and the rules of
// placement in their shortest form.
type model struct {
	cache    *core.Cache
	store    *mapstore.Store
	settings core.Settings
	held     [2]int64
	live     []*twin
	done     *int
}

// A twin is an allocation and what it should hold.
type twin struct {
	a      *core.Allocation
	want   []byte
	medium core.Medium
}

// TestModel does random operations on the cache and on the model and compares them after each: the
// contents of what was touched, both counters, and every so often all contents.
func TestModel(t *testing.T) {
	checkModel(t, 250, extent{1250, 200_000}, extent{150, 10_000}, func(t *rapid.T, store *mapstore.Store, done *int) {
		cache, err := core.New(core.Config{Store: store})
		if err != nil {
			t.Fatal(err)
		}
		m := &model{cache: cache, store: store, done: done}
		t.Repeat(map[string]func(*rapid.T){
			"allocate":   m.allocate,
			"configure":  m.configure,
			"write":      m.write,
			"write more": m.write,
			"read":       m.read,
			"reallocate": m.reallocate,
			"dispose":    m.dispose,
			"flush":      m.flush,
			"":           m.check,
		})
		m.end(t)
	})
}

var sizes = rapid.Custom(func(t *rapid.T) int64 {
	return rapid.OneOf(
		rapid.Int64Range(0, 5000),
		rapid.Int64Range(0, 5000),
		rapid.Int64Range(0, 80_000),
		rapid.SampledFrom([]int64{0, 1, core.PageSize - 1, core.PageSize, core.PageSize + 1}),
		rapid.Int64Range(0, 3*core.PageSize),
	).Draw(t, "size")
})

func (m *model) pick(t *rapid.T) *twin {
	if len(m.live) == 0 {
		t.Skip("nothing is allocated")
	}
	return rapid.SampledFrom(m.live).Draw(t, "allocation")
}

func (m *model) fits(medium core.Medium, n int64) bool {
	limit := m.settings.MaxMemoryForCache
	if medium == core.Disk {
		limit = m.settings.MaxDiskSpaceForCache
	}
	return limit == 0 || m.held[medium]+n <= limit
}

func (m *model) configure(t *rapid.T) {
	limits := rapid.SampledFrom([]int64{0, 0, 100_000, 500_000, 1_000_000})
	m.settings = core.Settings{
		CacheType:            rapid.SampledFrom([]core.CacheType{core.Auto, core.Auto, core.CacheInMemoryOnly, core.CacheOnDiskOnly}).Draw(t, "type"),
		MaxMemoryForCache:    limits.Draw(t, "memory"),
		MaxDiskSpaceForCache: limits.Draw(t, "disk"),
		ExactReallocateOnly:  rapid.Bool().Draw(t, "exact"),
	}
	if err := m.cache.Configure(m.settings); err != nil {
		t.Fatal(err)
	}
}

func (m *model) allocate(t *rapid.T) {
	if len(m.live) >= 12 {
		t.Skip("enough is allocated")
	}
	size := sizes.Draw(t, "size")
	var want core.Medium
	ok := true
	switch {
	case m.settings.CacheType != core.CacheOnDiskOnly && m.fits(core.Memory, size):
		want = core.Memory
	case m.settings.CacheType != core.CacheInMemoryOnly && m.fits(core.Disk, size):
		want = core.Disk
	default:
		ok = false
	}
	a, err := m.cache.Allocate(context.Background(), size)
	if !ok {
		mustBeFull(t, err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if a.Medium() != want {
		t.Fatalf("%d bytes are in %v, want %v", size, a.Medium(), want)
	}
	m.held[want] += size
	m.live = append(m.live, &twin{a, make([]byte, size), want})
	m.compare(t, m.live[len(m.live)-1])
}

func (m *model) write(t *rapid.T) {
	w := m.pick(t)
	off := rapid.Int64Range(0, int64(len(w.want))).Draw(t, "offset")
	n := min(sizes.Draw(t, "length"), int64(len(w.want))-off)
	seed := rapid.Byte().Draw(t, "seed")
	data := make([]byte, n)
	for i := range data {
		data[i] = seed + byte(i*7) + byte(i>>8)
	}
	if !rapid.Bool().Draw(t, "now") || !w.a.WriteNow(driver.Bytes(data), off) {
		if err := w.a.WriteAt(context.Background(), data, off); err != nil {
			t.Fatal(err)
		}
	}
	copy(w.want[off:], data)
	m.compare(t, w)
}

func (m *model) read(t *rapid.T) {
	w := m.pick(t)
	off := rapid.Int64Range(0, int64(len(w.want))).Draw(t, "offset")
	n := rapid.Int64Range(0, int64(len(w.want))-off).Draw(t, "length")
	got := make([]byte, n)
	if !rapid.Bool().Draw(t, "now") || !w.a.ReadNow(driver.Bytes(got), off) {
		if err := w.a.ReadAt(context.Background(), got, off); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got, w.want[off:off+n]) {
		t.Fatalf("%d bytes from %d on differ", n, off)
	}
	*m.done++
}

func (m *model) reallocate(t *rapid.T) {
	w := m.pick(t)
	size := sizes.Draw(t, "size")
	old := int64(len(w.want))
	to, ok := w.medium, true
	if size > old && m.settings.ExactReallocateOnly && !m.fits(w.medium, size-old) {
		ok = w.medium == core.Memory && m.settings.CacheType != core.CacheInMemoryOnly && m.fits(core.Disk, size)
		to = core.Disk
	}
	err := w.a.Reallocate(context.Background(), size)
	if ok != (err == nil) {
		t.Fatalf("from %d to %d: %v", old, size, err)
	}
	if ok {
		m.held[w.medium] -= old
		m.held[to] += size
		w.medium = to
		grown := make([]byte, size)
		copy(grown, w.want)
		w.want = grown
	} else {
		mustBeFull(t, err)
	}
	m.compare(t, w)
}

func (m *model) dispose(t *rapid.T) {
	w := m.pick(t)
	m.remove(w)
	if err := w.a.WriteAt(context.Background(), nil, 0); !errors.Is(err, core.ErrDisposed) {
		t.Fatalf("after disposing: %v", err)
	}
	*m.done++
}

func (m *model) remove(w *twin) {
	w.a.Dispose()
	m.held[w.medium] -= int64(len(w.want))
	for i := range m.live {
		if m.live[i] == w {
			m.live = append(m.live[:i], m.live[i+1:]...)
			return
		}
	}
}

func (m *model) flush(t *rapid.T) {
	if err := m.pick(t).a.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	*m.done++
}

func (m *model) compare(t *rapid.T, w *twin) {
	*m.done++
	m.contents(t, w)
}

func (m *model) contents(t *rapid.T, w *twin) {
	if w.a.Size() != int64(len(w.want)) || w.a.Medium() != w.medium {
		t.Fatalf("%d bytes in %v, want %d in %v", w.a.Size(), w.a.Medium(), len(w.want), w.medium)
	}
	got := make([]byte, len(w.want))
	for i := range got {
		got[i] = 0xA5
	}
	if err := w.a.ReadAt(context.Background(), got, 0); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, w.want) {
		i := 0
		for got[i] == w.want[i] {
			i++
		}
		t.Fatalf("the contents differ from byte %d of %d on, in %v", i, len(got), w.medium)
	}
}

// check compares the counters, and now and then everything.
func (m *model) check(t *rapid.T) {
	for _, medium := range []core.Medium{core.Memory, core.Disk} {
		if got := m.cache.Allocated(medium); got != m.held[medium] {
			t.Fatalf("%d bytes in %v, want %d", got, medium, m.held[medium])
		}
	}
	if *m.done%32 == 0 {
		for _, w := range m.live {
			m.contents(t, w)
		}
	}
}

// end disposes of everything and looks at what is left.
func (m *model) end(t *rapid.T) {
	for _, w := range m.live {
		m.contents(t, w)
	}
	for len(m.live) > 0 {
		m.remove(m.live[0])
	}
	m.check(t)
	s := m.cache.Statistics()
	if s.Memory.OccupiedBytes != 0 || s.QueuedBytes != 0 || s.Memory.Allocations+s.Disk.Allocations != 0 {
		t.Fatalf("after disposing of everything: %+v", s)
	}
	if err := m.cache.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := m.store.Records(); n != 0 {
		t.Fatalf("%d records are left", n)
	}
}

func mustBeFull(t *rapid.T, err error) {
	t.Helper()
	var full *core.FullError
	if !errors.As(err, &full) || full.Reason != core.ByLimit {
		t.Fatalf("want a FullError, got %v", err)
	}
}
