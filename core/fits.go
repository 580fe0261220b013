package core

// A need is how many bytes a call needs, by medium.
type need [2]int64

// full returns the error of who finds no room for size bytes.
//
//go:noinline
func (c *Cache) full(m Medium, size, limit int64, why Reason) error {
	if limit == 0 && why == ByLimit {
		limit = MaxBytes
	}
	return &FullError{Medium: m, Requested: size, Allocated: c.ledger.held[m], Limit: limit, Reason: why, ours: true}
}

// fitsInMemory returns why n bytes do not fit in memory. The room that is being made for others is theirs.
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

// fitsOnDisk returns why n bytes do not fit on disk.
func (c *Cache) fitsOnDisk(s Settings, n int64) error {
	if limit := s.MaxDiskSpaceForCache; !c.ledger.fits(Disk, n, limit) {
		return c.full(Disk, n, limit, ByLimit)
	}
	return nil
}

// fitsOn returns why n bytes do not fit on a medium.
func (c *Cache) fitsOn(m Medium, s Settings, n int64) error {
	if m == Memory {
		return c.fitsInMemory(s, n)
	}
	return c.fitsOnDisk(s, n)
}

// fits returns why what a growing allocation needs does not fit. The limits of the settings count only if the
// settings say so. The disk comes first: what it lacks nobody can make room for.
func (c *Cache) fits(needed need, s Settings) error {
	for _, m := range []Medium{Disk, Memory} {
		switch n := needed[m]; {
		case n <= 0:
		case !s.ExactReallocateOnly:
			if !c.ledger.fits(m, n, 0) {
				return c.full(m, n, s.limit(m), ByLimit)
			}
		default:
			if err := c.fitsOn(m, s, n); err != nil {
				return err
			}
		}
	}
	return nil
}
