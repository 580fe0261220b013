package core

import (
	"context"
)

// Reallocate changes the size. The bytes up to the smaller size stay, new ones are zero. Shrinking
// always succeeds, in place. Growing keeps to the medium, whatever its limit, unless the settings say
// ExactReallocateOnly: then what no longer fits in memory moves to disk, and what fits nowhere fails.
// An end of ctx is honoured until the allocation has its new size.
//
// Errors: [RangeError]; [ArgumentError] when it is a surface; [FullError]; [ErrDisposed]; [ErrClosed];
// [driver.ErrUnavailable] or why storing failed, when it has to move to disk; the cause of ctx's end. After an error
// the allocation is as it was.
func (t *Turn) Reallocate(ctx context.Context, size int64, o *CallOptions) error {
	a, c, s := t.a, t.a.cache, t.settings
	c.mu.Lock()
	defer c.mu.Unlock()
	defer t.end()
	if err := checkBytes("newSize", size); err != nil {
		return err
	}
	if err := t.begin(ctx); err != nil {
		return err
	}
	if err := a.ended(); err != nil {
		return err
	}
	if a.layout.tiled() {
		return errTiled
	}
	grow := size - a.size
	resize, err := a.stockUp(ctx, grow, s, func() (need, error) { return a.resizeInPlace(size, s) })
	if err != nil {
		return err
	}
	var refusal error
	if s.ExactReallocateOnly && grow > 0 && a.where() == Memory {
		refusal = c.makeRoom(ctx, s, size, WhyReallocate, a, resize)
	} else {
		_, refusal = resize()
	}
	switch {
	case refusal == nil:
	case isFull(refusal) && s.ExactReallocateOnly && s.CacheType != CacheInMemoryOnly && a.where() == Memory:
		if err := a.moveOut(ctx, s, grow, WhyReallocate, refusal, o); err != nil {
			return err
		}
		if err := a.trim(); err != nil {
			a.giveRoom()
			return err
		}
		reserved := a.reserved + grow
		a.giveRoom()
		a.reserve(reserved)
		a.grown(size)
	default:
		return refusal
	}
	c.reallocations++
	c.disk.Pump()
	return nil
}

// Grow is Reallocate within the limits, whatever the settings say: for what is still being allocated,
// because its size was not known before.
func (t *Turn) Grow(ctx context.Context, size int64, o *CallOptions) error {
	t.settings.ExactReallocateOnly = true
	return t.Reallocate(ctx, size, o)
}

// resizeInPlace changes the size on the medium where the allocation is, or returns what it needs for that and why
// there is no room.
func (a *Allocation) resizeInPlace(size int64, s Settings) (needed need, err error) {
	if size <= a.size {
		a.shrink(size)
		return needed, nil
	}
	c, m := a.cache, a.where()
	needed[m] = size - a.size
	if err := a.trim(); err != nil {
		return needed, err
	}
	last := pagesOf(a.size) - 1
	if m == Memory && last >= 0 {
		switch tail, grow := a.pages.get(last), int64(linearLen(size, last)-linearLen(a.size, last)); {
		case tail == nil || tail.block == nil: // its last page is on disk, and stays there
			needed[Memory] -= grow
			needed[Disk] += grow
		case tail.holders > 1: // it gets one of its own
			needed[Memory] += int64(tail.size)
		}
	}
	if err := c.fits(needed, s); err != nil {
		return needed, err
	}
	if m == Memory && !a.growMemory(size) {
		return needed, c.full(m, needed[m], s.limit(m), ByMemory)
	}
	a.grown(size)
	a.reserve(a.reserved + needed[Disk])
	return needed, nil
}

// grown notes a larger size. A last page that is on disk stays as it is, and is short.
func (a *Allocation) grown(size int64) {
	if last := pagesOf(a.size) - 1; last >= 0 {
		if p := a.pages.get(last); p != nil && int(p.size) < linearLen(size, last) {
			p.short = true
		}
	}
	a.size = size
}

// growMemory makes the pages for a larger size, and reports whether the machine had memory for them. If not, nothing
// has changed.
func (a *Allocation) growMemory(size int64) bool {
	c := a.cache
	last := pagesOf(a.size) - 1
	var tail *page
	var block *block
	n := 0
	if last >= 0 {
		tail, n = a.pages.get(last), linearLen(size, last)
		if tail != nil && tail.block == nil {
			tail = nil
		}
		if tail != nil && (tail.refs > 1 || n > tail.block.size) {
			if block = c.heap.alloc(n); block == nil {
				return false
			}
		}
	}
	if !c.addMemoryPages(&a.pages, a.layout, a.size, size) {
		if block != nil {
			c.heap.release(block)
		}
		return false
	}
	for i := pagesOf(a.size); i < pagesOf(size); i++ {
		p := a.pages.get(i)
		p.owner = a
		c.hold(p, a.role)
	}
	if tail == nil {
		return true
	}
	old := linearLen(a.size, last)
	if block != nil {
		copy(block.bytes(n), tail.block.bytes(old))
	}
	switch {
	case tail.refs > 1:
		own := newPage(a, last, n)
		own.block = block
		a.put(last, own)
	case block != nil:
		c.stay(tail)
		c.heap.release(tail.block)
		tail.block = block
		c.resizePage(tail, n)
	default:
		c.stay(tail)
		clear(tail.block.bytes(n)[old:])
		c.resizePage(tail, n)
	}
	return true
}

// shrink cuts the allocation down to size.
func (a *Allocation) shrink(size int64) {
	a.where() // as long as there are pages to tell
	last := pagesOf(size) - 1
	bare := a.size - size         // what is cut off without having been in a page
	within := func(p *page) int { // its bytes in the allocation: the last page may be longer, see cut
		return min(int(p.size), linearLen(a.size, p.number))
	}
	for _, p := range a.pages.truncate(last + 1) {
		bare -= int64(within(p))
		a.drop(p)
	}
	if last >= 0 {
		n := linearLen(size, last)
		if p := a.pages.get(last); p != nil && n < int(p.size) {
			bare -= int64(max(0, within(p)-n))
			a.cut(last, n)
		}
		if p := a.pages.get(last); p != nil && p.refs == 1 {
			p.short = int(p.size) < n
		}
	}
	a.size = size
	a.reserve(a.reserved - max(0, min(a.reserved, bare)))
	a.where() // what is left may be on disk
}

// trim shortens the last page to the end of the allocation, which is about to grow, if the page is on disk and could not be
// cut before for want of memory: the bytes beyond would come back. It returns a FullError if there still is no memory.
//
//go:noinline
func (a *Allocation) trim() error {
	last := pagesOf(a.size) - 1
	if last < 0 {
		return nil
	}
	n := linearLen(a.size, last)
	longer := func() bool {
		p := a.pages.get(last)
		return p != nil && p.block == nil && int(p.size) > n
	}
	if longer() {
		a.cut(last, n)
	}
	if longer() {
		return a.cache.full(Disk, int64(n), 0, ByMemory)
	}
	return nil
}

// cut shortens a page to n bytes. If somebody else needs it whole the allocation gets one of its own, for
// which there need be no room: shrinking always succeeds. Without any memory for that it goes on sharing
// the whole page.
func (a *Allocation) cut(i int64, n int) {
	c, p := a.cache, a.pages.get(i)
	if p.refs == 1 {
		c.stay(p)
		c.resizePage(p, n)
		if p.block != nil {
			c.heap.shrink(p.block, n)
		} else {
			c.disk.Cut(p.image, n)
		}
		return
	}
	q := newPage(a, i, n)
	if p.block != nil {
		if q.block = c.heap.alloc(n); q.block == nil {
			return
		}
		copy(q.block.overwrite(n), p.block.bytes(n))
	} else {
		var err error
		if q.image, err = c.disk.Shortened(q, p.image, n); err != nil {
			return
		}
		c.disk.Enqueue(q.image)
	}
	a.put(i, q)
}

// Reallocate changes the size.
func (a *Allocation) Reallocate(ctx context.Context, size int64) error {
	return a.Turn().Reallocate(ctx, size, nil)
}
