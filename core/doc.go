// Package core is a two-tier scratch cache for large temporary data such as the layers, tiles and undo
// states of an image editor: it allocates room in memory and, when there is no more, on disk. It knows
// nothing of JavaScript; the disk is a [Store].
//
// # Memory
//
// Bytes lie in pages of 256 KiB, the RGBA pixels of a tile of 256 x 256; the last page of an allocation
// takes only what it needs. Pages are blocks of a heap of its own, recycled without the help of the garbage
// collector, and zeroed before they are used again unless they are filled at once; see heap.go.
//
// # Disk
//
// A page on disk is first held in a buffer, from which it can be read and in which small writes are
// gathered, and then stored behind the writer's back: in transactions of 8 MiB, two at a time, begun
// when there is as much or somebody waits, else after 20 milliseconds. At most 32 MiB wait; past that
// writes wait too. When storing fails nothing is lost: what waits stays where it is, and every call on
// an allocation on disk makes another try.
//
// What is stored does not change: a write makes new pages, and what nobody needs any more of the old ones
// is deleted. So a write of any size takes effect wholly or not at all, a read goes on with the bytes of
// its own moment, and what was read ahead can't be out of date.
//
// A page lies in parts: a write to a part of a stored page stores that part alone, and nothing has to be
// read for it. When there would be more than eight parts the page is read and stored as a whole; so it
// never takes more than eight records to read one, and a random read of what was written in one call
// takes one.
//
// A call that finds its bytes in memory, or room among what may wait, is done at once; see
// [Allocation.WriteNow].
//
// Pages that follow each other and wait together share a record, two at a time. Measured with raw
// IndexedDB in Chromium 156 on a 2-core machine, image-like bytes, relaxed durability, transactions of 8 to
// 16 MiB, two under way, medians of rounds that took turns (MB/s written / read in order, and milliseconds
// for one random record):
//
//	 65,488 bytes    95 / 219          the largest value that LevelDB keeps inside
//	 64 KiB          61 /  90    1.4   larger ones are files
//	256 KiB          92 / 192    2.4
//	512 KiB         137 / 295    2.6
//	  1 MiB         180 / 299    5.3
//	  2 MiB         213 / 260   10.3
//	  4 MiB         235 / 304
//
// A put of 64 KiB and more waits for the browser's process to take notice of the value: some 1.3 milliseconds
// for each, and 4 for each MiB. So writing gets faster with the size of the record, up to 4 MiB. Reading is as
// fast as it gets from 512 KiB on, and up to there a random read takes hardly longer than one of 256 KiB:
// that much arrives at once, and what is larger in pieces. Since nobody waits for what is stored behind the
// writer's back, but everybody for what is read, records are of 512 KiB: writing has six tenths of the speed
// that it could have with 4 MiB, and a random read half of the time that it takes with 1 MiB.
// Written by this package, records of 1 MiB were no faster than those of 512 KiB, and those of 2 MiB a tenth.
// The price of two pages in a record is that it stays while a part of either is needed: the store can hold a
// small multiple of what is allocated.
//
// A transaction is of 8 MiB because its end costs a few milliseconds however much is in it, and because
// what it holds can't be freed before; two are under way so that one is filled while the other ends. With 16
// MiB, with three under way, or with two object stores that take turns, raw IndexedDB gains less than a tenth
// at this record size. What may wait is four of them: enough that a writer that comes and goes never waits,
// and little beside what an editor has. Records are put in steps of 1 MiB, two outstanding, since put copies
// them on the calling thread, and the page needs that thread for itself; for the same reason others get a turn
// whenever 4 MiB were taken in, although there is room for more.
//
// Reading in order fetches ahead, more the longer it goes on: up to sixteen records, four to a
// transaction. A random read fetches no more than one. Records that are likely to be wanted again are
// kept, 16 MiB of them.
//
// # Snapshots
//
// A snapshot shares the pages of its original; see [Turn.Snapshot]. Who writes to a page that others have
// gets a page of its own. The counters have each page once; holders.go is where that is seen to. Pages move
// from memory to disk one by one and stay the same pages, so all who have one see it move; see move.go.
// Where there is no room for a copy, the shared page goes to disk and its block is taken over; where the
// settings say so, what is coldest makes room before, and history begins to when memory is nearly full; see
// copyonwrite.go and spill.go.
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
package core
