package core

import (
	"context"
	"errors"

	"asposecache/core/driver"
)

// place takes room for size bytes by the settings' rule: in memory if that is asked for and it fits,
// otherwise on disk if that is allowed and it fits. In memory it makes the pages, so that the machine's
// memory is part of what "fits" means; they are in the ledger when somebody holds them. On disk, refusal
// is why it is not in memory, if that was tried. The cache is locked, but not while it waits for room in
// memory.
func (c *Cache) place(ctx context.Context, s Settings, l layout, size int64) (m Medium, pages pageTable, refusal, err error) {
	pages.book = c.book
	if !c.machine.Spare() {
		return 0, pages, nil, c.full(Memory, size, s.MaxMemoryForCache, ByMemory)
	}
	if s.CacheType != CacheOnDiskOnly {
		refusal = c.makeRoom(ctx, s, size, WhyAllocate, nil, func() (n need, err error) {
			pages, err = c.newPages(s, l, size)
			return need{Memory: size}, err
		})
		if refusal == nil {
			return Memory, pages, nil, nil
		}
		if s.CacheType == CacheInMemoryOnly || !isFull(refusal) {
			return 0, pages, nil, refusal
		}
	}
	return Disk, pages, refusal, withCause(c.takeDisk(s, size), refusal)
}

// fitsInMemory answers why n bytes do not fit in memory. The room that is being made for others is theirs.
func (c *Cache) fitsInMemory(s Settings, n int64) error {
	limit := s.MaxMemoryForCache
	if !c.ledger.fits(Memory, n, limit) {
		return c.full(Memory, n, limit, ByLimit)
	}
	if len(c.requests) > 0 && !c.granting {
		why := ByLimit
		if limit == 0 {
			why = ByMemory
		}
		return c.full(Memory, n, limit, why)
	}
	return nil
}

// newPages makes pages for size bytes in memory, if they fit.
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

// fitsOnDisk answers why n bytes do not fit on disk.
func (c *Cache) fitsOnDisk(s Settings, n int64) error {
	if limit := s.MaxDiskSpaceForCache; !c.ledger.fits(Disk, n, limit) {
		return c.full(Disk, n, limit, ByLimit)
	}
	return nil
}

// fitsOn answers why n bytes do not fit on a medium.
func (c *Cache) fitsOn(m Medium, s Settings, n int64) error {
	if m == Memory {
		return c.fitsInMemory(s, n)
	}
	return c.fitsOnDisk(s, n)
}

// takeDisk takes room for size bytes on disk.
func (c *Cache) takeDisk(s Settings, size int64) error {
	err := c.fitsOnDisk(s, size)
	if err == nil {
		c.ledger.take(Disk, size)
	}
	return err
}

// isFull tells whether an error is for want of room.
func isFull(err error) bool {
	var full *FullError
	return errors.As(err, &full)
}

func (c *Cache) full(m Medium, size, limit int64, why Reason) error {
	if limit == 0 && why == ByLimit {
		limit = MaxBytes
	}
	return &FullError{Medium: m, Requested: size, Allocated: c.ledger.held[m], Limit: limit, Reason: why, ours: true}
}

// withCause gives a refusal by the disk the refusal in memory as its cause.
func withCause(err, cause error) error {
	var full *FullError
	if cause != nil && errors.As(err, &full) && full.Cause == nil {
		full.Cause = cause
	}
	return err
}

// becauseUnavailable gives a refusal in memory the reason why the disk was no way out as its cause. If
// memory was not asked, or the disk is not the problem, that reason is the error.
func becauseUnavailable(refusal, err error) error {
	var full *FullError
	if errors.As(refusal, &full) && errors.Is(err, driver.ErrUnavailable) {
		full.Cause = err
		return full
	}
	return err
}

// addMemoryPages makes the pages in memory that a table for from bytes lacks for size bytes. If the
// machine has no memory for all of them the table is as before, and the answer is false.
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
		p := newPage(nil, i, lengthOf(l, size, i)) // whose it is, is told when it is held
		p.block = b
		t.set(i, p)
	}
	return true
}
