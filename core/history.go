package core

import (
	"context"
	"slices"

	"asposecache/core/disk"
)

// HistoryOptions bound a [History]; 0, the default, is no bound.
type HistoryOptions struct {
	// MaxBytes is how many bytes it may hold that the allocation itself does not have.
	MaxBytes int64
	// MaxEntries is how many entries it may have beside the oldest state, which is how often one can undo.
	MaxEntries int
	// WhenFull is what becomes of its entries when a write to the allocation finds no room; see drop.go.
	WhenFull WhenFull
}

// A HistoryEntry is what [History.Entries] tells.
type HistoryEntry struct {
	Label string // as it was committed
	// Bytes is how many bytes of the entry's pages the next entry no longer has. The latest has none.
	Bytes int64
	// Current: the last commit, undo, redo or GoTo has made or chosen this entry.
	Current bool
	// Medium is where these bytes lie: memory while any of them are there. For an entry without any it is where the
	// pages of its state lie, memory while any of them are there.
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
		t.GiveUp()
		return nil, outOfRange("maxBytes", options.MaxBytes, 0, MaxBytes)
	}
	if options.MaxEntries < 0 {
		t.GiveUp()
		return nil, outOfRange("maxEntries", int64(options.MaxEntries), 0, MaxBytes)
	}
	s, err := t.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	h := &History{a: t.a, options: options, revision: 1}
	c := t.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	h.entries = []*historyEntry{h.newEntry("", s)}
	h.locate(0)
	if options.WhenFull == DropOldest {
		c.yielding = append(c.yielding, h)
	}
	return h, nil
}

// Commit makes an entry of the allocation as it is now, all writes called before included. The entries that were undone
// are gone, and so are the oldest, if there are too many. It asks for no room: what is written next does.
//
// Errors: those of [Turn.Snapshot]; [ErrDisposed].
func (h *History) Commit(ctx context.Context, label string) error { return h.BeginCommit(label)(ctx) }

// BeginCommit takes the turn of a Commit, and returns the function that does it, which must be called.
func (h *History) BeginCommit(label string) func(ctx context.Context) error {
	t := h.a.Turn()
	return func(ctx context.Context) error {
		h.a.cache.mu.Lock()
		defer h.a.cache.mu.Unlock()
		defer t.end()
		if err := t.begin(ctx); err != nil {
			return err
		}
		return h.commit(t.settings, label)
	}
}

func (h *History) commit(settings Settings, label string) error {
	c := h.a.cache
	if h.disposed {
		return ErrDisposed
	}
	s, err := h.a.snapshot()
	if err != nil {
		return err
	}
	// Writes, also those that must not wait, have left old pages in memory: some may move now.
	defer c.spillAhead(settings, WhyCopy, stretch{})
	undone := h.entries[h.current+1:]
	for _, e := range undone {
		h.free(e)
	}
	clear(undone) // or the array would keep them
	e := h.entries[h.current]
	h.bytes -= e.bytes
	e.bytes, e.found = e.state.bytesWithout(s), nil
	h.bytes += e.bytes
	h.entries = append(h.entries[:h.current+1], h.newEntry(label, s))
	h.current++
	h.locate(h.current - 1)
	h.locate(h.current)
	for h.current > 0 && (h.options.MaxBytes > 0 && h.bytes > h.options.MaxBytes ||
		h.options.MaxEntries > 0 && h.current > h.options.MaxEntries) {
		h.dropOldest()
	}
	h.revision++
	return nil
}

func (h *History) newEntry(label string, state *Allocation) *historyEntry {
	c := h.a.cache
	c.lastEntry++
	return &historyEntry{number: c.lastEntry, label: label, state: state}
}

// dropLatest frees the latest entry, which is not the current one.
func (h *History) dropLatest() {
	n := len(h.entries) - 1
	h.free(h.entries[n])
	h.entries[n] = nil // or the array would keep it
	h.entries = h.entries[:n]
	last := h.entries[n-1] // nothing has replaced what it has any more
	h.bytes -= last.bytes
	last.bytes, last.found = 0, nil
	h.locate(n - 1)
	h.revision++
}

// dropOldest frees the oldest entry, which is not the current one.
func (h *History) dropOldest() {
	h.free(h.entries[0])
	h.entries[0] = nil // or the array would keep it
	h.entries = h.entries[1:]
	h.current--
	h.revision++
}

func (h *History) free(e *historyEntry) {
	h.bytes -= e.bytes
	e.state.dispose()
}

// Undo gives the allocation the content of the entry before the current one, and Redo that of the one after it. What
// was written since the last commit is lost. They report whether there was one.
//
// Errors: [ErrLost] when the store no longer has all of that content; [ErrDisposed], [ErrClosed], the cause of ctx's end.
// After an error nothing has changed.
func (h *History) Undo(ctx context.Context) (bool, error) { return h.BeginStep(-1)(ctx) }

// Redo is the opposite of Undo; see there.
func (h *History) Redo(ctx context.Context) (bool, error) { return h.BeginStep(1)(ctx) }

// BeginStep takes the turn of an Undo, -1, or of a Redo, 1, and returns the function that does it, which must be
// called.
func (h *History) BeginStep(by int) func(ctx context.Context) (bool, error) {
	h.a.cache.mu.Lock()
	defer h.a.cache.mu.Unlock()
	there := false
	step := h.beginGoTo(func() (int, error) {
		there = h.has(h.current + by)
		return h.current + by, nil
	})
	return func(ctx context.Context) (bool, error) {
		_, err := step(ctx)
		return there && err == nil, err
	}
}

// GoTo gives the allocation the content of the entry at an index, as [History.Entries] has them when the call's turn
// comes: the oldest is 0. However far that is, it takes the pages of that one entry and reads none of them: it only asks
// whether they are there. What was written since the last commit is lost, also when that entry is the current one. It
// reports whether anything has changed.
//
// Errors: [RangeError]; those of Undo.
func (h *History) GoTo(ctx context.Context, index int64) (bool, error) {
	return h.BeginGoTo(index)(ctx)
}

// BeginGoTo takes the turn of a GoTo, and returns the function that does it, which must be called.
func (h *History) BeginGoTo(index int64) func(ctx context.Context) (bool, error) {
	h.a.cache.mu.Lock()
	defer h.a.cache.mu.Unlock()
	var entry *historyEntry // the one that is meant, also when others have gone since
	return h.beginGoTo(func() (int, error) {
		n := int64(len(h.entries))
		if entry == nil && index >= 0 && index < n {
			entry = h.entries[index]
		}
		if i := slices.Index(h.entries, entry); i >= 0 {
			return i, nil
		}
		return 0, outOfRange("index", index, 0, n-1)
	})
}

// beginGoTo takes the turn of a call that makes another entry the current one, with the lock held, and returns the
// function that does it, which takes the lock itself. find returns the entry's index. It is called when the turn has
// come, and again when others had the lock since. If there is no such entry the call does nothing.
func (h *History) beginGoTo(find func() (int, error)) func(ctx context.Context) (changed bool, err error) {
	h.a.touch()
	t := h.a.turn()
	return func(ctx context.Context) (bool, error) {
		h.a.cache.mu.Lock()
		defer h.a.cache.mu.Unlock()
		defer t.end()
		if err := t.begin(ctx); err != nil {
			return false, err
		}
		return h.goTo(ctx, find)
	}
}

// goTo makes another entry the current one, in the allocation's turn, and reports whether that has changed anything.
func (h *History) goTo(ctx context.Context, find func() (int, error)) (changed bool, err error) {
	a := h.a
	var to int
	asked := make(map[*disk.Record]bool)
	for again := true; again; {
		if h.disposed {
			return false, ErrDisposed
		}
		if to, err = find(); err != nil || !h.has(to) {
			return false, err
		}
		if err := a.ended(); err != nil {
			return false, err
		}
		if again, err = a.missing(ctx, h.entries[to].state, h.entries[to].state, asked); err != nil {
			return false, err
		}
	}
	changed = a.become(h.entries[to].state)
	by := 1
	if to < h.current {
		by = -1
	}
	if to != h.current {
		changed = true
		h.current = to
		h.revision++
	}
	for _, i := range []int{to + by, to - by} { // more of the same is likelier
		if h.has(i) {
			h.entries[i].state.fetchWithout(a)
		}
	}
	return changed, nil
}

// Entries returns all that there is, oldest first.
func (h *History) Entries() []HistoryEntry {
	c := h.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	h.locateAll()
	all := make([]HistoryEntry, len(h.entries))
	for i, e := range h.entries {
		all[i] = HistoryEntry{e.label, e.bytes, i == h.current, e.medium}
	}
	return all
}

// Revision returns another number whenever Entries has something else to tell. To ask for it costs next to nothing
// while no page of the cache moves.
func (h *History) Revision() int64 {
	c := h.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	h.locateAll()
	return h.revision
}

// Can reports whether there is an entry by places after the current one, or, for by < 0, before it.
func (h *History) Can(by int) bool {
	c := h.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	return h.has(h.current + by)
}

func (h *History) has(i int) bool { return i >= 0 && i < len(h.entries) }

// locateAll finds out where the entries lie, as far as pages have moved since. What is on disk is not looked at
// while nothing comes back from there.
func (h *History) locateAll() {
	arrived := h.a.cache.arrived
	if h.arrived == arrived {
		return
	}
	back := h.arrived[Memory] != arrived[Memory]
	h.arrived = arrived
	for i, e := range h.entries {
		if back || e.medium == Memory {
			h.locate(i)
		}
	}
}

// locate finds out the medium of an entry: that of the bytes which it counts, or, if there are none, that of all its
// pages. A page that was found in memory is looked for again only when it has left.
func (h *History) locate(i int) {
	e := h.entries[i]
	was := e.medium
	switch {
	case e.bytes == 0:
		e.medium = e.state.where()
	case e.found == nil || e.found.block == nil:
		e.found, e.medium = nil, Disk
		e.state.without(h.entries[i+1].state, func(p *page) {
			if e.found == nil && p.block != nil {
				e.found, e.medium = p, Memory
			}
		})
	}
	if e.medium != was {
		h.revision++
	}
}

// Dispose frees the entries; the allocation stays as it is. Later calls fail with [ErrDisposed].
func (h *History) Dispose() {
	c := h.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	h.disposed = true
	if i := slices.Index(c.yielding, h); i >= 0 {
		c.yielding = slices.Delete(c.yielding, i, i+1)
	}
	for _, e := range h.entries {
		e.state.dispose()
	}
	h.entries = nil
	h.revision++
}

// bytesWithout returns how many bytes the pages of a have that another allocation has not.
func (a *Allocation) bytesWithout(b *Allocation) (n int64) {
	a.without(b, func(p *page) { n += int64(p.size) })
	return n
}

// without calls f for the pages of a that b has not.
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

// fetchWithout begins to fetch those of a's pages on disk that b has not: as many as [disk.Disk.FetchSoon] takes.
func (a *Allocation) fetchWithout(b *Allocation) {
	var images []*disk.Image
	a.without(b, func(p *page) {
		if p.block == nil {
			images = append(images, p.image)
		}
	})
	a.cache.disk.FetchSoon(slices.Values(images))
}
