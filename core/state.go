package core

import (
	"container/list"
	"sync"

	"asposecache/core/disk"
)

// This file is what a cache has. What is done with it is in the others.

// A Cache allocates room for bytes in memory and on disk. Its methods may be called from several
// goroutines at once.
//
// One lock guards all of its state. It is never held across a wait, so a caller that must not wait,
// such as an exported function of a WebAssembly program, can call whatever does not say it waits.
type Cache struct {
	mu        lock
	settings  Settings
	ledger    ledger
	machine   Machine
	heap      heap
	book      *pageBook
	disk      *disk.Disk
	arrived   [2]int64 // how many pages have come to a medium from the other one
	homes     [2]int   // how many live allocations have their home on a medium
	located   [2]int64 // arrived, when it was last found out where all homes are
	live      map[*Allocation]struct{}
	states    list.List // those of history, oldest first
	lastID    int64
	yielding  []*History // those whose entries give way; see drop.go
	lastEntry int64      // numbers the entries of all histories
	queued    int64      // bytes of copies kept for writes that wait
	closed    bool
	calls     sync.WaitGroup // calls under way
	ended     chan struct{}  // closed when Close is through
	endErr    error

	spilling

	reallocations, spills int64

	pause func()
}

// An Allocation is room for bytes, in memory or on disk, or, while its pages move one by one, on both. Calls
// on it take effect in the order in which they were made; see [Turn].
type Allocation struct {
	cache *Cache
	id    int64

	// All below is guarded by the cache's lock. The pages of an allocation change only in its turns.
	layout   layout
	home     Medium // see where, which is what to ask
	found    int64  // where anyInMemory has found a page
	back     int64  // how many pages of the cache had come back to memory when none of its own were there
	size     int64
	pages    pageTable
	reserved int64         // in the ledger, on disk, for bytes that have no page yet
	room     [2]int64      // in the ledger, for the call under way
	lastUse  int           // see touch
	listed   *list.Element // in the cache's list of allocations of its role
	disposed bool
	role     Role

	first, last *Turn // the calls that are made and have not taken effect

	// readEnd is where the last read on disk has ended, readRun how many bytes were read in order by
	// then.
	readEnd, readRun int64

	// storeErr is a failure to store its pages that nobody has been told of yet.
	storeErr error
	// told is the disk's number of successes when somebody was last told of one.
	told int64
}

// A page is one version of PageSize bytes, or fewer at the end of an allocation. It lies in memory, in a block, or on
// disk, as an image. While it moves from memory to disk it has a block, and, once storing has begun, an image as
// well; see movetodisk.go. Who has it in a table sees it move.
//
// A page whose bytes somebody else may still need is not changed; a write puts another in its place; see newPage.
type page struct {
	// refs counts who needs the page: the allocations whose tables have it, and who moves it.
	refs int32
	// holders counts the tables that have the page, of allocations that are not disposed of; working counts those of
	// them that are of working allocations. See holders.go.
	holders, working int32
	// going counts, while entries to drop are looked for, the holders that would go; see drop.go.
	going int32
	// size is how many of its bytes count; what follows up to the end of the page is zero.
	size int32
	// short: an allocation that has the page has grown beyond it, and reads zeros there. The page stays on disk; see
	// movetomemory.go.
	short bool

	block *block      // in memory
	image *disk.Image // on disk
	move  *move       // on its way from memory to disk

	owner  *Allocation   // the allocation it was made for
	number int64         // its place in the owner's table
	slot   uint32        // its place in the cache's pageBook; 0: it has none
	cold   *list.Element // in the cache's list of history in memory
	pinned bool          // in memory, and may not leave it: it is being written to
}

// A move is what pages are moving for.
type move struct {
	why Why
	// whole: the blocks stay until whoever moves the pages says so, because all are to go or none.
	whole bool
	// err is why a page could not be stored.
	err error
}

// A History keeps versions of an allocation, a surface or not, so that what was done to it can be undone. Each entry is
// a snapshot, which takes only what has changed since, and under [SpillColdest] the oldest go to disk first.
//
// Calls take effect in the order in which they are made, among themselves and with calls on the allocation.
type History struct {
	a       *Allocation
	options HistoryOptions

	// All below is guarded by the cache's lock.
	entries  []*historyEntry // oldest first; the first one is what there was at the beginning, or before what was dropped
	current  int
	bytes    int64 // of all entries
	revision int64
	arrived  [2]int64 // the cache's, when it was last found out where the entries lie
	disposed bool
}

type historyEntry struct {
	number int64 // a later one's is greater, in all histories of the cache
	label  string
	state  *Allocation
	bytes  int64  // of the pages that it has and the next one has not, as long as both are there
	medium Medium // where they lay when that was last found out
	found  *page  // one of them that was in memory
}

// A spilling is who waits for room in memory, and what is coldest there.
type spilling struct {
	// requests wait for room in memory, in the order of their calls. Only the first one looks for it; while there is
	// one, nobody else takes memory, or the room made for it would be gone; but for who has just made memory for itself,
	// see stockUp. granting: one of these takes memory now.
	requests []*request
	granting bool
	// leaving are the bytes on their way to disk to make room.
	leaving int64
	// engaged are the calls under way that keep pages in memory, or room there.
	engaged engagements

	history list.List // pages in memory that no working allocation has; see relist
	// uses numbers the uses of working allocations. When room has to be made for the first time they are put in order:
	// ordered is true, and used has them, least recently used first. It can lack those that have nothing in memory.
	uses    int
	ordered bool
	used    list.List
}

// A request is a call that waits for room in memory.
type request struct {
	settings Settings
	keep     *Allocation // its pages stay
	move     *move
	pages    []*page // that leave memory for it, in order
	begun    int     // storing has begun, as far as it is needed, for so many of the first of them
	// lackedAt is the latest engagement when the pages became too few; 0: they are enough.
	lackedAt engagement
}

// Role says what an allocation is for.
type Role int8

const (
	// RoleWorking is the role of what was allocated.
	RoleWorking Role = iota
	// RoleHistory is the role of snapshots: what moves to disk first.
	RoleHistory
)

func (r Role) String() string {
	if r == RoleHistory {
		return "history"
	}
	return "working"
}
