package core

import (
	"context"
	"sync"
)

// HistoryOptions bound a [History]; 0, the default, is no bound.
type HistoryOptions struct {
	// MaxBytes is how many bytes it may hold that the surface itself does not have.
	MaxBytes int64
	// MaxEntries is how many entries it may have beside the oldest state, which is how often one can undo.
	MaxEntries int
}

// A History keeps versions of an allocation, a surface or not, so that what was done to it can be undone. Each entry is
// a snapshot, which takes only what has changed since, and under [SpillColdest] the oldest go to disk first.
//
// Calls take effect in the order in which they are made, among themselves and with calls on the allocation.
type History struct {
	a       *Allocation
	options HistoryOptions

	mu       sync.Mutex
	entries  []*historyEntry // oldest first; the first one is what there was at the beginning, or before what was dropped
	current  int
	bytes    int64
	disposed bool
	last     chan struct{} // closed when the call made last is over
}

type historyEntry struct {
	label string
	state *Allocation
	only  []*page // what it has and the next one has not, as long as both are there
	bytes int64   // of these
}

// A HistoryEntry is what [History.Entries] tells.
type HistoryEntry struct {
	Label string
	// Bytes is what the entry alone holds: what the next one replaced. The latest has none.
	Bytes int64
	// Current: it is the state that the allocation had last by a commit, an undo or a redo.
	Current bool
	// Medium is where these bytes lie, memory while any of them are there. An entry without any tells it of all that
	// it shares with the others.
	Medium Medium
}

// NewHistory begins a history with the allocation as it is now.
//
// Errors: those of [Turn.Snapshot]; [RangeError] for the options.
func NewHistory(ctx context.Context, a *Allocation, options HistoryOptions) (*History, error) {
	return a.Turn().NewHistory(ctx, options)
}

// NewHistory begins a history with the allocation as it is in this turn; see [NewHistory].
func (t *Turn) NewHistory(ctx context.Context, options HistoryOptions) (*History, error) {
	if options.MaxBytes < 0 {
		t.end()
		return nil, outOfRange("maxBytes", options.MaxBytes, 0, MaxBytes)
	}
	if options.MaxEntries < 0 {
		t.end()
		return nil, outOfRange("maxEntries", int64(options.MaxEntries), 0, MaxBytes)
	}
	s, err := t.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	last := make(chan struct{})
	close(last)
	return &History{a: t.a, options: options, entries: []*historyEntry{{state: s}}, last: last}, nil
}

// begin takes the next place, among the calls on the history and among those on the allocation. wait waits until it has
// come; end must be called.
func (h *History) begin() (t *Turn, wait, end func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before, done := h.last, make(chan struct{})
	h.last = done
	return h.a.Turn(), func() { <-before }, func() { close(done) }
}

// Commit makes an entry of the allocation as it is now, all writes called before included. The entries that were undone
// are gone, and so are the oldest, if there are too many.
//
// Errors: those of [Turn.Snapshot]; [ErrDisposed].
func (h *History) Commit(ctx context.Context, label string) error { return h.BeginCommit(label)(ctx) }

// BeginCommit takes the turn of a Commit, and answers what does it, which must be called.
func (h *History) BeginCommit(label string) func(ctx context.Context) error {
	t, wait, end := h.begin()
	return func(ctx context.Context) error {
		defer end()
		return h.commit(ctx, t, wait, label)
	}
}

func (h *History) commit(ctx context.Context, t *Turn, wait func(), label string) error {
	s, err := t.Snapshot(ctx)
	wait()
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.disposed {
		s.Dispose()
		return ErrDisposed
	}
	for _, e := range h.entries[h.current+1:] {
		e.state.Dispose()
	}
	h.entries = append(h.entries[:h.current+1:h.current+1], &historyEntry{label: label, state: s})
	h.current++
	h.bytes = 0
	for i, e := range h.entries[:h.current] {
		if i == h.current-1 {
			e.only, e.bytes = e.state.lacks(s)
		}
		h.bytes += e.bytes
	}
	for len(h.entries) > 1 && (h.options.MaxBytes > 0 && h.bytes > h.options.MaxBytes ||
		h.options.MaxEntries > 0 && len(h.entries)-1 > h.options.MaxEntries) {
		h.bytes -= h.entries[0].bytes
		h.entries[0].state.Dispose()
		h.entries = h.entries[1:]
		h.current--
	}
	return nil
}

// Undo gives the allocation the content of the entry before the current one, and Redo that of the one after it. What was
// written since the last commit is lost. They answer false when there is none.
//
// Errors: [ErrDisposed], [ErrClosed], the cause of ctx's end. After an error nothing has changed.
func (h *History) Undo(ctx context.Context) (bool, error) { return h.BeginStep(-1)(ctx) }

// Redo is the opposite of Undo; see there.
func (h *History) Redo(ctx context.Context) (bool, error) { return h.BeginStep(1)(ctx) }

// BeginStep takes the turn of an Undo, -1, or of a Redo, 1, and answers what does it, which must be called.
func (h *History) BeginStep(by int) func(ctx context.Context) (bool, error) {
	t, wait, end := h.begin()
	return func(ctx context.Context) (bool, error) {
		defer end()
		return h.step(ctx, t, wait, by)
	}
}

func (h *History) step(ctx context.Context, t *Turn, wait func(), by int) (bool, error) {
	wait()
	h.mu.Lock()
	to := h.current + by
	if h.disposed || to < 0 || to >= len(h.entries) {
		disposed := h.disposed
		h.mu.Unlock()
		t.end()
		if disposed {
			return false, ErrDisposed
		}
		return false, t.err
	}
	from := h.entries[to].state.Turn()
	h.mu.Unlock()
	if err := t.restore(ctx, from, true); err != nil {
		return false, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.disposed {
		return true, nil
	}
	h.current = to
	for _, i := range []int{to + by, to - by} { // more of the same is likelier
		if i >= 0 && i < len(h.entries) {
			h.entries[i].state.fetchWhatLacks(h.a)
		}
	}
	return true, nil
}

// Entries are all that there is, oldest first.
func (h *History) Entries() []HistoryEntry {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]HistoryEntry, len(h.entries))
	for i, e := range h.entries {
		all[i] = HistoryEntry{e.label, e.bytes, i == h.current, e.where()}
	}
	return all
}

// where is the medium of what it alone holds. A page stays the same when it moves. The cache is locked.
func (e *historyEntry) where() Medium {
	if len(e.only) == 0 {
		return e.state.where()
	}
	for _, p := range e.only {
		if p.block != nil {
			return Memory
		}
	}
	return Disk
}

// Dispose frees the entries; the allocation stays as it is. Later calls fail with [ErrDisposed].
func (h *History) Dispose() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.disposed = true
	for _, e := range h.entries {
		e.state.Dispose()
	}
	h.entries = nil
}

// lacks are the pages of a that another allocation has not, and how many bytes they have.
func (a *Allocation) lacks(b *Allocation) (only []*page, n int64) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	a.without(b, func(p *page) {
		only = append(only, p)
		n += int64(p.size)
	})
	return only, n
}

// without calls f for the pages of a that b has not. The cache is locked.
func (a *Allocation) without(b *Allocation, f func(*page)) {
	var has map[*page]bool // whatever their numbers
	if a.layout != b.layout {
		has = make(map[*page]bool)
		b.pages.each(func(_ int64, p *page) { has[p] = true })
	}
	a.pages.without(&b.pages, func(p *page) {
		if !has[p] {
			f(p)
		}
	})
}

// fetchWhatLacks begins to fetch those of a's pages on disk that b has not: as many as the read cache has room for.
func (a *Allocation) fetchWhatLacks(b *Allocation) {
	d := a.cache.disk
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	var f fetching
	a.without(b, f.add)
	d.fetchSoon(f)
}
