//go:build js && wasm

package idbstore

import (
	"time"

	"asposecache/core/driver"
)

// traits say how IndexedDB is used best.
//
// Pages of 256 KiB that follow each other and wait together share a record, two at a time. Measured with raw
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
// Written by the cache, records of 1 MiB were no faster than those of 512 KiB, and those of 2 MiB a tenth faster.
// The price of two pages in a record is that it stays while a part of either is needed: the store can hold a
// small multiple of what is allocated.
//
// In the worker it is the same call that takes the time. Of 1.2 seconds in which 192 MiB were written, the worker was in
// put for 0.8, 2.0 milliseconds for each record, waited for 0.2, and the page had nothing to do for 0.7. Three and four
// transactions under way, batches of 4 MiB, all records put in one task, and records of 1 MiB made no difference that
// could be told from that between two runs (160 to 220 MB/s). So what a record weighs is what counts, not who puts it.
// Raw IndexedDB beside the cache, 256 MiB, two transactions under way, medians of three turns (MB/s written):
//
//	on the page, 4 MiB x 4                       278
//	on the page, 512 KiB x 16                    153
//	in a worker, 4 MiB x 2                       231
//	in a worker, 512 KiB x 16                    153
//	in two workers, 512 KiB x 16                 158; two transactions in each 182
//	in three workers, 512 KiB x 16               172
//	the cache, with its worker                   142
//	the cache, on the page                       134
//
// A transaction is of 8 MiB because its end costs a few milliseconds however much is in it, and because
// what it holds can't be freed before; two are under way so that one is filled while the other ends. With 16
// MiB, with three under way, or with two object stores that take turns, raw IndexedDB gains less than a tenth
// at this record size. What may wait is four of them: enough that a writer that comes and goes never waits,
// and little beside what an editor has. Records are put in steps of 1 MiB, two outstanding, since put copies
// them on the calling thread, and the page needs that thread for itself; for the same reason others get a turn
// whenever 4 MiB were taken in, although there is room for more, or 2 MiB if those took 2 ms, as they do while memory is new.
//
// A read asks for 4 MiB in a transaction, two of which are under way. Reads in order fetch up to 8 MiB ahead, in
// transactions of four records.
var traits = driver.Traits{
	RecordBytes:  512 << 10,
	Ranges:       false,
	BatchBytes:   8 << 20,
	BatchRecords: 2048,
	Transactions: 2,
	Gather:       20 * time.Millisecond,
	WaitingBytes: 32 << 20,
	YieldBytes:   4 << 20,
	WindowBytes:  4 << 20,
	AheadRecords: 16,
	AheadBatch:   4,
	CacheBytes:   16 << 20,
}

// Traits say how IndexedDB is used best.
func (s *Store) Traits() driver.Traits { return traits }
