package core

// Statistics are a snapshot of a cache's numbers.
type Statistics struct {
	Memory MemoryStatistics
	Disk   DiskStatistics
	// QueuedBytes are held in copies for writes that wait for calls made before them.
	QueuedBytes int64
	// Spills is how often data moved from memory to disk, Reallocations how many were done.
	Spills, Reallocations int64
}

// MemoryStatistics are the numbers of the memory tier.
type MemoryStatistics struct {
	Allocations int
	// AllocatedBytes is the sum of the sizes, PeakBytes the most it ever was.
	AllocatedBytes, PeakBytes int64
	// OccupiedBytes is what the allocations really take, FreeBytes what is kept for reuse.
	OccupiedBytes, FreeBytes int64
}

// DiskStatistics are the numbers of the disk tier.
type DiskStatistics struct {
	Allocations               int
	AllocatedBytes, PeakBytes int64
	// WaitingBytes are written and readable, but not stored yet.
	WaitingBytes int64
	// ReadBytes and WrittenBytes went through the store in that many transactions. Retries counts
	// those tried again, Failures those that failed.
	ReadBytes, WrittenBytes         int64
	Transactions, Retries, Failures int64
}

// Allocated is the sum of the sizes held on a medium, reservations included.
func (c *Cache) Allocated(m Medium) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ledger.held[m]
}

// Statistics returns the numbers of this moment.
func (c *Cache) Statistics() Statistics {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Statistics{
		Memory: MemoryStatistics{
			AllocatedBytes: c.ledger.held[Memory],
			PeakBytes:      c.ledger.peak[Memory],
			OccupiedBytes:  c.heap.occupied,
			FreeBytes:      c.heap.freeBytes(),
		},
		Disk:          c.disk.numbers,
		QueuedBytes:   c.queued,
		Spills:        c.spills,
		Reallocations: c.reallocations,
	}
	for a := range c.live {
		if a.where() == Memory {
			s.Memory.Allocations++
		} else {
			s.Disk.Allocations++
		}
	}
	s.Disk.WaitingBytes = c.disk.waiting
	s.Disk.AllocatedBytes = c.ledger.held[Disk]
	s.Disk.PeakBytes = c.ledger.peak[Disk]
	return s
}
