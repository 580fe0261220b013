package core

import "context"

// Reallocate changes the size. The bytes up to the smaller size stay, new ones are zero. Shrinking
// always succeeds, in place. Growing keeps to the medium, whatever its limit, unless the settings say
// ExactReallocateOnly: then what no longer fits in memory moves to disk, and what fits nowhere fails.
// An end of ctx is honoured until the allocation has its new size.
//
// Errors: [RangeError], [FullError], [ErrDisposed], [ErrClosed], why storing failed, the cause of ctx's
// end. After an error the allocation is as it was.
func (t *Turn) Reallocate(ctx context.Context, size int64, o *CallOptions) error {
	if err := checkBytes("newSize", size); err != nil {
		t.giveUp()
		return err
	}
	if err := t.begin(ctx); err != nil {
		return err
	}
	defer t.end()
	a, c := t.a, t.a.cache
	c.mu.Lock()
	if err := a.ended(); err != nil {
		c.mu.Unlock()
		return err
	}
	refusal := a.resizeInPlace(size, t.settings)
	if refusal == nil {
		c.reallocations++
		c.disk.pump()
		c.mu.Unlock()
		return nil
	}
	c.mu.Unlock()
	exact := t.settings.ExactReallocateOnly && t.settings.CacheType != CacheInMemoryOnly
	if a.Medium() == Disk || !exact {
		return c.refused(refusal)
	}
	moved := a.Size()
	if err := a.moveToDisk(ctx, size, t.settings, refusal, o); err != nil {
		return c.refused(err)
	}
	c.onEvent(Event{Kind: Spill, Allocation: a, Bytes: moved})
	return nil
}

// Grow is Reallocate within the limits, whatever the settings say: for what is still being allocated,
// because its size was not known before.
func (t *Turn) Grow(ctx context.Context, size int64, o *CallOptions) error {
	t.settings.ExactReallocateOnly = true
	return t.Reallocate(ctx, size, o)
}

// ended tells why there is nothing to do for a call any more.
func (a *Allocation) ended() error {
	switch {
	case a.cache.closed:
		return ErrClosed
	case a.disposed:
		return ErrDisposed
	}
	return nil
}

// resizeInPlace changes the size on the medium where the allocation is, or answers why that can't be.
func (a *Allocation) resizeInPlace(size int64, s Settings) error {
	c, m := a.cache, a.medium
	if size <= a.size {
		a.shrink(size)
		return nil
	}
	grow, limit := size-a.size, int64(0)
	if s.ExactReallocateOnly {
		limit = s.limit(m)
	}
	if !c.ledger.fits(m, grow, limit) {
		return c.full(m, grow, s.limit(m), ByLimit)
	}
	if m == Memory && !a.growMemory(size) {
		return c.full(m, grow, s.limit(m), ByMemory)
	}
	a.size = size
	a.resize(m, size)
	return nil
}

// growMemory makes the pages for a larger size. If the machine has no memory nothing has changed.
func (a *Allocation) growMemory(size int64) bool {
	c := a.cache
	last := pagesOf(a.size) - 1
	var tail *page
	var block *block
	if last >= 0 {
		tail = a.pages.get(last)
		if n := pageLen(size, last); n > tail.block.size {
			if block = c.heap.alloc(n); block == nil {
				return false
			}
		}
	}
	if !c.addMemoryPages(&a.pages, a.size, size) {
		if block != nil {
			c.heap.release(block)
		}
		return false
	}
	if tail != nil {
		old, n := int(tail.size), pageLen(size, last)
		if block != nil {
			copy(block.bytes(n), tail.block.bytes(old))
			c.heap.release(tail.block)
			tail.block = block
		} else {
			clear(tail.block.bytes(n)[old:])
		}
		tail.size = int32(n)
	}
	return true
}

// shrink cuts the allocation down to size.
func (a *Allocation) shrink(size int64) {
	c := a.cache
	for _, p := range a.pages.truncate(pagesOf(size)) {
		c.unref(p)
	}
	if last := pagesOf(size) - 1; last >= 0 {
		n := pageLen(size, last)
		if p := a.pages.get(last); p != nil && n < int(p.size) {
			p.size = int32(n)
			p.lost = within(p.lost, 0, n)
			c.disk.setParts(p, inside(p.parts, 0, n))
			if p.block != nil {
				c.heap.shrink(p.block, n)
			}
		}
	}
	a.size = size
	a.resize(a.medium, size)
}
