package core

// EventKind says what an [Event] is about.
type EventKind string

// The kinds of events.
const (
	// Spill: Bytes of Allocation moved from memory to disk; Why tells what for. Of what several
	// allocations share, one of them is named.
	Spill EventKind = "spill"
	// Lost: the store no longer has Bytes from Offset on of Allocation.
	Lost EventKind = "lost"
	// StoreFailed: storing failed, Err says why. The bytes wait in memory for the next try.
	StoreFailed EventKind = "storeerror"
	// HistoryDropped: a write found no room, and entries of History, which keeps versions of Allocation, were freed for
	// it. Labels are theirs, in the order in which they went, Bytes what that has freed.
	HistoryDropped EventKind = "historydropped"
)

// An Event is something that happened in a cache.
type Event struct {
	Kind          EventKind
	Allocation    *Allocation
	Offset, Bytes int64
	Err           error
	Why           Why
	History       *History
	Labels        []string
}

// Why says what a [Spill] was for.
type Why string

// The reasons to move bytes from memory to disk.
const (
	// WhyAllocate and WhyReallocate: room for an allocation, new or growing, under [SpillColdest]; or
	// growing itself, when it no longer fits in memory.
	WhyAllocate   Why = "allocate"
	WhyReallocate Why = "reallocate"
	// WhyCopy: room for the copy of a page that is written to and that snapshots share.
	WhyCopy Why = "copy"
	// WhyMoveToDisk: somebody asked for it.
	WhyMoveToDisk Why = "moveToDisk"
	// WhyMoveToMemory: room for what somebody asked to move to memory, under [SpillColdest].
	WhyMoveToMemory Why = "moveToMemory"
)
