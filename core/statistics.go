package core

import "asposecache/core/disk"

// Statistics are the numbers of a cache at one moment.
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
	// AllocatedBytes is what is allocated, pages that are shared once, PeakBytes the most it ever was.
	AllocatedBytes, PeakBytes int64
	// OccupiedBytes is what the allocations really take, FreeBytes what is kept for reuse.
	OccupiedBytes, FreeBytes int64
}

// DiskStatistics are the numbers of the disk tier.
type DiskStatistics struct {
	Allocations               int
	AllocatedBytes, PeakBytes int64
	// Statistics are what went through the store.
	disk.Statistics
}

// Allocated returns how many bytes are allocated on a medium: pages that are shared once, reservations included.
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
		QueuedBytes:   c.queued,
		Spills:        c.spills,
		Reallocations: c.reallocations,
	}
	s.Disk = DiskStatistics{
		AllocatedBytes: c.ledger.held[Disk],
		PeakBytes:      c.ledger.peak[Disk],
		Statistics:     c.disk.Statistics(),
	}
	n := c.byMedium()
	s.Memory.Allocations, s.Disk.Allocations = n[Memory], n[Disk]
	return s
}
