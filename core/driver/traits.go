package driver

import (
	"errors"
	"time"
)

// Traits say how a [Store] is used best. The cache goes by them; they belong to the store, and to what was
// measured of it. All but Gather and Ranges must be greater than 0.
type Traits struct {
	// RecordBytes is how many bytes a record has at most. Pages that follow each other and are stored
	// together share a record, and a page that is larger takes several.
	RecordBytes int
	// Ranges reports whether a part of a record can be read for less than all of it. Where it can't, Get is
	// only asked for whole records.
	Ranges bool

	// BatchBytes and BatchRecords are about how many bytes and records are put in one transaction: those of a page more
	// at most. No more than BatchRecords are deleted in one.
	BatchBytes, BatchRecords int
	// Transactions is how many transactions that write are under way at a time.
	Transactions int
	// Gather is how long less than a batch waits for more.
	Gather time.Duration
	// WaitingBytes bounds what waits to be stored. Past it writes wait.
	WaitingBytes int
	// YieldBytes is how many bytes are taken in, by however many writes, before one pauses, so that other tasks of the
	// thread can run: a loop of writes that find room would keep it until WaitingBytes wait. When they come slowly it
	// pauses after half of them.
	YieldBytes int

	// WindowBytes is how many bytes a read asks for in one call of Get. Two such calls are under way.
	WindowBytes int
	// AheadRecords is how many records at most are fetched ahead of reads in order, and AheadBatch how many
	// of them in one call of Get.
	AheadRecords, AheadBatch int
	// CacheBytes bounds what is kept of records after they were read, or fetched before they are.
	CacheBytes int
}

// Check returns an error if the cache can't go by the traits.
func (t Traits) Check() error {
	for _, n := range []int{t.RecordBytes, t.BatchBytes, t.BatchRecords, t.Transactions, t.WaitingBytes, t.YieldBytes,
		t.WindowBytes, t.AheadRecords, t.AheadBatch, t.CacheBytes} {
		if n <= 0 {
			return errTraits
		}
	}
	return nil
}

var errTraits = errors.New("driver: a trait of the store is not greater than 0")
