package core

import "errors"

// place takes room for size bytes by the settings' rule: in memory if that is asked for and it fits,
// otherwise on disk if that is allowed and it fits. In memory it takes the pages as well, so that the
// machine's memory is part of what "fits" means. On disk, refusal is why it is not in memory, if that
// was tried. The cache is locked.
func (c *Cache) place(s Settings, size int64) (m Medium, pages pageTable, refusal, err error) {
	if !c.machine.Spare() {
		return 0, pages, nil, c.full(Memory, size, s.MaxMemoryForCache, ByMemory)
	}
	if s.CacheType != CacheOnDiskOnly {
		pages, refusal = c.takeMemory(s, size)
		if refusal == nil {
			return Memory, pages, nil, nil
		}
		if s.CacheType == CacheInMemoryOnly {
			return 0, pages, nil, refusal
		}
	}
	return Disk, pages, refusal, withCause(c.takeDisk(s, size), refusal)
}

// takeMemory takes room for size bytes in memory, with its pages.
func (c *Cache) takeMemory(s Settings, size int64) (pages pageTable, err error) {
	limit := s.MaxMemoryForCache
	if !c.ledger.fits(Memory, size, limit) {
		return pages, c.full(Memory, size, limit, ByLimit)
	}
	if !c.addMemoryPages(&pages, 0, size) {
		return pages, c.full(Memory, size, limit, ByMemory)
	}
	c.ledger.take(Memory, size)
	return pages, nil
}

// takeDisk takes room for size bytes on disk.
func (c *Cache) takeDisk(s Settings, size int64) error {
	limit := s.MaxDiskSpaceForCache
	if !c.ledger.fits(Disk, size, limit) {
		return c.full(Disk, size, limit, ByLimit)
	}
	c.ledger.take(Disk, size)
	return nil
}

func (c *Cache) full(m Medium, size, limit int64, why Reason) error {
	if limit == 0 && why == ByLimit {
		limit = MaxBytes
	}
	return &FullError{Medium: m, Requested: size, Allocated: c.ledger.held[m], Limit: limit, Reason: why}
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
	if errors.As(refusal, &full) && errors.Is(err, ErrUnavailable) {
		full.Cause = err
		return full
	}
	return err
}

// addMemoryPages makes the pages in memory that a table for from bytes lacks for size bytes. If the
// machine has no memory for all of them the table is as before, and the answer is false.
func (c *Cache) addMemoryPages(t *pageTable, from, size int64) bool {
	first, n := pagesOf(from), pagesOf(size)
	if !c.machine.Fits(size - from - c.heap.freeBytes()) {
		return false
	}
	for i := first; i < n; i++ {
		b := c.heap.alloc(pageLen(size, i))
		if b == nil {
			for _, p := range t.truncate(first) {
				c.unref(p)
			}
			return false
		}
		t.set(i, &page{refs: 1, size: int32(pageLen(size, i)), block: b})
	}
	return true
}
