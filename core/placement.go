package core

import (
	"context"
)

// place takes room for size bytes by the settings' rule: in memory if that is asked for and it fits, otherwise on disk
// if that is allowed and it fits. In memory it makes the pages, so that the machine's memory is part of what "fits"
// means; the ledger has them when the allocation holds them. On disk, refusal is why it is not in memory, if that was
// tried.
func (c *Cache) place(ctx context.Context, s Settings, l layout, size int64) (m Medium, pages pageTable, refusal, err error) {
	pages.book = c.book
	if !c.machine.Spare() {
		return 0, pages, nil, c.full(Memory, size, s.MaxMemoryForCache, ByMemory)
	}
	if s.CacheType != CacheOnDiskOnly {
		take, err := c.stockUp(ctx, size, c.fitsInMemory(s, size), func() (n need, err error) {
			pages, err = c.newPages(s, l, size)
			return need{Memory: size}, err
		})
		if err != nil {
			return 0, pages, nil, err
		}
		refusal = c.makeRoom(ctx, s, size, WhyAllocate, nil, take)
		if refusal == nil {
			return Memory, pages, nil, nil
		}
		if s.CacheType == CacheInMemoryOnly || !isFull(refusal) {
			return 0, pages, nil, refusal
		}
	}
	return Disk, pages, refusal, withCause(c.takeDisk(s, size), refusal)
}

// newPages makes pages for size bytes in memory, if they fit. The ledger does not have them yet.
func (c *Cache) newPages(s Settings, l layout, size int64) (pages pageTable, err error) {
	pages.book = c.book
	if err := c.fitsInMemory(s, size); err != nil {
		return pages, err
	}
	if !c.addMemoryPages(&pages, l, 0, size) {
		return pages, c.full(Memory, size, s.MaxMemoryForCache, ByMemory)
	}
	return pages, nil
}

// takeDisk takes room for size bytes on disk.
func (c *Cache) takeDisk(s Settings, size int64) error {
	err := c.fitsOnDisk(s, size)
	if err == nil {
		c.ledger.take(Disk, size)
	}
	return err
}

// addMemoryPages adds to a table for from bytes the pages in memory that it lacks for size bytes, and reports whether
// the machine had memory for all of them. If not, the table is as before.
func (c *Cache) addMemoryPages(t *pageTable, l layout, from, size int64) bool {
	first, n := pagesOf(from), pageCount(l, size) // a surface does not grow in this way
	if !c.machine.Fits(size - from - c.heap.freeBytes()) {
		return false
	}
	for i := first; i < n; i++ {
		b := c.heap.alloc(lengthOf(l, size, i))
		if b == nil {
			for _, p := range t.truncate(first) {
				c.unref(p)
			}
			return false
		}
		p := newPage(nil, i, lengthOf(l, size, i)) // its owner is set when it is held
		p.block = b
		t.set(i, p)
	}
	return true
}
