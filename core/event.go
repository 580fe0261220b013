package core

// EventKind says what an [Event] is about.
type EventKind string

// The kinds of events.
const (
	// Spill: Bytes of Allocation moved from memory to disk.
	Spill EventKind = "spill"
	// Full: a call was refused for want of room; Err is a [FullError].
	Full EventKind = "full"
	// Lost: the store no longer has Bytes from Offset on of Allocation.
	Lost EventKind = "lost"
	// StoreFailed: storing failed, Err says why. The bytes wait in memory for the next try.
	StoreFailed EventKind = "storeerror"
)

// An Event is something that happened in a cache.
type Event struct {
	Kind          EventKind
	Allocation    *Allocation
	Offset, Bytes int64
	Err           error
}
