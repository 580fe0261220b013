package core

import "context"

// An Allocation is room for bytes, in memory or on disk. Calls on it take effect in the order in which
// they were made; see [Turn].
type Allocation struct {
	cache *Cache
	id    int64

	// All below is guarded by the cache's lock. The pages of an allocation change only in its turns.
	medium   Medium
	size     int64
	pages    pageTable
	held     [2]int64 // its part of the ledger
	disposed bool

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

// Medium is where its bytes are counted.
func (a *Allocation) Medium() Medium {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.medium
}

// Held is how many bytes it holds on a medium, as far as the counters go.
func (a *Allocation) Held(m Medium) int64 {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.held[m]
}

func (a *Allocation) isDisposed() bool {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.disposed
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
	return a.Turn().Read(ctx, off, int64(len(p)), func(int64) (Buffer, error) { return Bytes(p), nil }, nil)
}

// WriteAt replaces the bytes from off on by those of p.
func (a *Allocation) WriteAt(ctx context.Context, p []byte, off int64) error {
	return a.Turn().Write(ctx, Bytes(p), off, nil)
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
	a.disposed = true
	c := a.cache
	c.ledger.allocations[a.medium]--
	for m := range a.held {
		c.ledger.give(Medium(m), a.held[m])
		a.held[m] = 0
	}
	delete(c.live, a)
	if a.first == nil {
		a.free()
	}
	if a.medium == Disk {
		c.disk.kick() // what it frees may be the room that storing failed for
		c.disk.pump()
	}
}

// free gives up the pages, when no call needs them any more.
func (a *Allocation) free() {
	for _, p := range a.pages.truncate(0) {
		a.cache.unref(p)
	}
}

// resize changes what the ledger has of the allocation on a medium. Afterwards the ledger is right
// even if the allocation was disposed of in the meantime.
func (a *Allocation) resize(m Medium, size int64) {
	if a.disposed {
		return
	}
	c := a.cache
	c.ledger.give(m, a.held[m])
	c.ledger.take(m, size)
	a.held[m] = size
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

// Access returns the bytes from off on up to the end of their page, if n bytes from off on can be had at
// once; [Allocation.Chunk] returns those of the pages that follow. The slices are valid, for reading and
// for writing, until the next other call that is made on the cache. For n = 0 it is empty.
//
// Errors: [ErrNotInMemory], [ErrBusy], [RangeError], [ErrDisposed], [ErrClosed].
func (a *Allocation) Access(off, n int64) ([]byte, error) {
	c := a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, ErrClosed
	case a.disposed:
		return nil, ErrDisposed
	case a.medium != Memory:
		return nil, ErrNotInMemory
	case a.first != nil:
		return nil, ErrBusy
	}
	if _, err := a.checkRange(off, n); err != nil || n == 0 {
		return nil, err
	}
	return a.chunk(off), nil
}

// Chunk returns the bytes from off, less than the size, up to the end of their page; see Access.
func (a *Allocation) Chunk(off int64) []byte {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.chunk(off)
}

func (a *Allocation) chunk(off int64) []byte {
	p := a.pages.get(off / PageSize)
	return p.block.bytes(int(p.size))[off%PageSize:]
}
