// Package core is a two-tier scratch cache for large temporary data such as the layers, tiles and undo
// states of an image editor: it allocates room in memory and, when there is no more, on disk. It knows
// nothing of JavaScript; the disk is a [driver.Store].
//
// # Memory
//
// Bytes lie in pages of 256 KiB, or, in a surface, of a tile of 256 x 256 pixels; the last page of an allocation takes
// only what it needs. A page has a block of the cache's own heap, which is reused without the help of the garbage
// collector, and cleared before somebody looks at it unless it is filled at once; see heap.go.
//
// # Disk
//
// A page on disk is first held in a buffer, from which it can be read and in which small writes are gathered, and then
// stored behind the writer's back: in few large transactions, begun when a batch waits, or somebody does, else after
// some milliseconds. How much may wait is bounded; past that writes wait, too. When storing fails nothing is lost: what
// waits stays where it is, and every call on an allocation on disk makes another try.
//
// What is stored does not change: a write makes new pages, and what nobody needs any more of the old ones
// is deleted. So a write of any size takes effect wholly or not at all, a read goes on with the bytes of
// its own moment, and what was read ahead can't be out of date.
//
// What a page has on disk lies in extents, each in a record or in a buffer. A write to a part of a stored page makes
// an extent for that part alone, and nothing has to be read for it. When a page would have more than seven extents
// beyond those of a page that is stored as a whole, it is read and stored as a whole. So with records as large as a
// page it never takes more than eight to read one, and one is enough for a page that was written in one call.
//
// A call that finds its bytes in memory, or room among what may wait, is done at once; see
// [Allocation.WriteNow].
//
// Reading in order fetches ahead, more the longer it goes on. A random read fetches no more than the records that it
// needs. Records that are likely to be wanted again are kept.
//
// How large records and transactions are, how many of these are under way, how much may wait, is read ahead and is
// kept, depends on the store, which tells it by its traits; see [driver.Traits].
//
// # Snapshots
//
// A snapshot shares the pages of its original; see [Turn.Snapshot]. Who writes to a page that others have gets a page
// of its own. The counters have each page once; see holders.go. Pages move from memory to disk one by one and stay the
// same pages, so all who have one see it move; see movetodisk.go. They come back only when somebody asks for it; see
// movetomemory.go. Where there is no room for a copy, the shared page goes to disk and its block is taken over; see
// copyonwrite.go. Under [SpillColdest] what is coldest makes room before it comes to that, and history begins to leave
// when memory is nearly full; see spill.go.
//
// # Surfaces
//
// A surface is an allocation whose pages are tiles of pixels; see [Cache.AllocateSurface] and layout.go. A
// [History] is a row of snapshots with a place in it.
//
// # Concurrency
//
// All methods can be called from several goroutines. Those that take a context may wait; the others do
// not. Calls on one allocation take effect in the order of their turns; see [Turn].
//
// One lock guards all that a cache has, and names tell who holds it. What is exported takes the lock, but for what
// package disk calls; what is not exported is called with it held. And what takes a context may give it up meanwhile:
// to wait, or to run code of others, such as the source of a write; what was known before may be out of date then.
// Package disk shares the lock, and everything in it is called with it held.
package core
