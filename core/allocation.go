package core

import (
	"container/list"
	"context"

	"asposecache/core/driver"
)

// Role says what an allocation is for.
type Role int8

const (
	// RoleWorking is the role of what was allocated.
	RoleWorking Role = iota
	// RoleHistory is the role of snapshots: what moves to disk first.
	RoleHistory
)

func (r Role) String() string {
	if r == RoleHistory {
		return "history"
	}
	return "working"
}

// An Allocation is room for bytes, in memory or on disk, or, while its pages move one by one, on both. Calls
// on it take effect in the order in which they were made; see [Turn].
type Allocation struct {
	cache *Cache
	id    int64

	// All below is guarded by the cache's lock. The pages of an allocation change only in its turns.
	layout   layout
	home     Medium // see where, which is what to ask
	found    int64  // where anyInMemory has found a page
	size     int64
	pages    pageTable
	reserved int64         // in the ledger, on disk, for bytes that have no page yet
	room     [2]int64      // in the ledger, for the call under way
	used     int64         // see touch
	lru      *list.Element // in the cache's list of working allocations
	disposed bool
	role     Role

	first, last *Turn // the calls that are made and have not taken effect

	// readEnd is where the last read on disk has ended, readRun how many bytes were read in order by
	// then.
	readEnd, readRun int64

	// storeErr is a failure to store its pages that nobody has been told of yet.
	storeErr error
	// told is the writeback's number of successes when somebody was last told of one.
	told int64
}

// ID numbers the allocations of a cache, from 1 on; no number is used again.
func (a *Allocation) ID() int64 { return a.id }

// Size is the number of bytes.
func (a *Allocation) Size() int64 {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.size
}

// Role is what it is for: history if it was made by Snapshot, else working.
func (a *Allocation) Role() Role { return a.role }

// Medium is memory while any of its bytes are there.
func (a *Allocation) Medium() Medium {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.where()
}

// Held is how many bytes it holds on a medium, those that it shares with others included; the counters of
// the cache have those once. It is 0 after Dispose.
func (a *Allocation) Held(m Medium) int64 {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.sum(m)
}

// CallOptions are options of one call; the zero value is the default.
type CallOptions struct {
	// Progress is told from time to time how many of the call's bytes are done.
	Progress func(done, total int64)
}

func (o *CallOptions) progress(done, total int64) {
	if o != nil && o.Progress != nil {
		o.Progress(done, total)
	}
}

// ReadAt fills p with the bytes from off on.
func (a *Allocation) ReadAt(ctx context.Context, p []byte, off int64) error {
	return a.Turn().Read(ctx, off, int64(len(p)), func(int64) (driver.Buffer, error) { return driver.Bytes(p), nil }, nil)
}

// WriteAt replaces the bytes from off on by those of p.
func (a *Allocation) WriteAt(ctx context.Context, p []byte, off int64) error {
	return a.Turn().Write(ctx, driver.Bytes(p), off, nil)
}

// Reallocate changes the size.
func (a *Allocation) Reallocate(ctx context.Context, size int64) error {
	return a.Turn().Reallocate(ctx, size, nil)
}

// Flush waits until all that was written before is stored.
func (a *Allocation) Flush(ctx context.Context) error { return a.Turn().Flush(ctx, nil) }

// Dispose frees the allocation. The counters fall at once. Reads and writes called before it finish,
// the writes without being stored; everything else, and every later call, fails with [ErrDisposed].
func (a *Allocation) Dispose() {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	a.dispose()
}

func (a *Allocation) dispose() {
	if a.disposed {
		return
	}
	c := a.cache
	onDisk := a.touchesDisk()
	a.reserve(0)
	a.giveRoom()
	if a.first == nil {
		a.free()
	} else {
		a.pages.each(func(_ int64, p *page) { c.release(p, a.role) })
	}
	a.disposed = true
	c.forget(a)
	delete(c.live, a)
	if onDisk {
		c.disk.Kick() // what it frees may be the room that storing failed for
		c.disk.Pump()
	}
	if a.first != nil || len(c.requests) > 0 {
		c.disk.Wake() // a call that waits has to end, or may find the room it waits for
	}
}

// free gives up the pages, when no call needs them any more.
func (a *Allocation) free() {
	pages := a.pages
	a.pages = pageTable{book: pages.book}
	pages.each(func(_ int64, p *page) { a.drop(p) })
}

// checkRange answers how many bytes are meant by n from off on; n < 0 means all up to the end.
func (a *Allocation) checkRange(off, n int64) (int64, error) {
	if off < 0 || off > a.size {
		return 0, outOfRange("offset", off, 0, a.size)
	}
	if n < 0 {
		n = a.size - off
	}
	if n > a.size-off {
		return 0, outOfRange("length", n, 0, a.size-off)
	}
	return n, nil
}

// Purpose is what bytes are wanted for at once.
type Purpose int32

const (
	ForReading Purpose = iota
	ForWriting
	// ForReplacing is ForWriting by who gives every byte that was asked for a new value before anything else
	// happens to the cache. Until then they may be anything: of pages that others share they need not be copied.
	ForReplacing
)

// Access returns the bytes from off on up to the end of their page, if n bytes from off on can be had at
// once; [Allocation.Chunk] returns those of the pages that follow. The slices are valid, for reading and,
// if that is the purpose, for writing, until the next other call that is made on the cache. For n = 0 it is
// empty.
//
// Errors: [ErrNotInMemory], [ErrBusy], [RangeError], [ErrDisposed], [ErrClosed]; for writing [FullError] when
// there is no room for copies of the pages that others share: nothing moves to disk for them.
func (a *Allocation) Access(off, n int64, purpose Purpose) ([]byte, error) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	if err := a.mayAccess(); err != nil {
		return nil, err
	}
	if a.layout.tiled() {
		return nil, errTiled
	}
	if _, err := a.checkRange(off, n); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, nil
	}
	first := off / PageSize
	own, err := a.openPages(pageGrid{first, pagesOf(off+n) - first, 1, 0})
	if err == nil && purpose != ForReading && !own {
		err = a.unshare(pieces(off, n), purpose)
	}
	if err != nil {
		return nil, err
	}
	return a.chunk(off), nil
}

// Steady answers how many bytes from off on can be had where Access has said, one after the other, and again
// without asking until the next call on the cache: other than Access for another allocation, Chunk, and those that
// only tell something. That is up to the end of their page, or on through pages of the n bytes, greater than 0, that
// were asked for and follow each other in memory. It is 0 where each use must be known, as what is coldest goes
// to disk; what was used before the settings said so is not known.
func (a *Allocation) Steady(off, n int64) int64 {
	c := a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.settings.SpillPolicy != SpillNever {
		return 0
	}
	i, last := off/PageSize, (off+n-1)/PageSize
	for i < last && a.pages.get(i).block.precedes(a.pages.get(i+1).block) {
		i++
	}
	return min(a.size, (i+1)*PageSize) - off
}

// mayAccess answers why there is no access at once.
func (a *Allocation) mayAccess() error {
	switch {
	case a.cache.closed:
		return ErrClosed
	case a.disposed:
		return ErrDisposed
	case a.home == Disk:
		return ErrNotInMemory
	case a.first != nil:
		return ErrBusy
	}
	return nil
}

// A pageGrid is rows of n pages, of which each begins pitch pages after the one before.
type pageGrid struct{ first, n, rows, pitch int64 }

// openPages looks for pages for who can't wait, and tells whether nobody else needs them as they are.
func (a *Allocation) openPages(g pageGrid) (own bool, err error) {
	own = true
	// Plain loops, for this is the shortest path there is.
	for y := range g.rows {
		for i := g.first + y*g.pitch; i < g.first+y*g.pitch+g.n; i++ {
			p := a.pages.get(i)
			if p == nil || p.block == nil {
				return false, ErrNotInMemory
			}
			own = own && p.sole()
		}
	}
	a.touch()
	return own, nil
}

// Chunk returns the bytes from off, less than the size, up to the end of their page; see Access.
func (a *Allocation) Chunk(off int64) []byte {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.chunk(off)
}

func (a *Allocation) chunk(off int64) []byte {
	p := a.pages.get(off / PageSize)
	return p.block.bytes(pageLen(a.size, off/PageSize))[off%PageSize:]
}
