// Package driver says what the disk tier of a cache stands on: a [Store] keeps records, and [Traits] tell the cache
// how it is used best. Who writes one tests it with package drivertest.
//
// A store can wrap another, to encrypt or to compress its records: it reads the [Source] of each record, puts what it
// makes of it as [Bytes], and undoes that in what Get returns. A record may then be longer or shorter below than above.
package driver

import (
	"context"
	"errors"
)

// A Key names a record of a [Store]. The cache uses a key for one record only: what a key names never
// changes, it is put once and deleted once.
type Key uint64

// A Record is what a [Store] keeps under a key: all bytes of Data. Data is only valid during the call that it is
// passed to.
type Record struct {
	Key  Key
	Data Source
}

// A Range is Size bytes of a record, from Off on.
type Range struct {
	Key       Key
	Off, Size int
}

// A Store is the medium behind the disk tier: a set of records under keys. An implementation need
// not be safe against a second process; it is called from several goroutines at once.
//
// Its errors wrap [ErrQuota] or [ErrUnavailable] where they apply; the cache takes every other error for
// [ErrUnavailable]. After any error a later call tries Apply and Get again, and Open a few times.
//
// Traits, NewBuffer and FreeBuffer are called with the cache's lock held: they must not wait, nor call the cache.
type Store interface {
	// Traits returns how the store is used best. It does not change once the store is open.
	Traits() Traits

	// Open makes the store ready for use, empty. It may wait, but must return soon after ctx ends.
	// After an error it can be called again. It is not called again once it has succeeded.
	Open(ctx context.Context) error

	// NewBuffer returns a buffer of n bytes, n > 0, of any content, in the form that Apply takes most
	// easily. It does not wait.
	NewBuffer(n int) (Buffer, error)

	// FreeBuffer takes back a buffer that NewBuffer or Get has returned and nobody uses any more.
	FreeBuffer(Buffer)

	// Apply puts records and deletes others in one transaction: after an error it has changed
	// nothing. When it returns nil the records can be read. It must not keep the buffers. Deleting
	// a key that is not there is no error. Puts and deletes never name the same key.
	Apply(ctx context.Context, puts []Record, deletes []Key) error

	// Get reads ranges of records: whole ones, unless the traits say that others can be read as well. In the
	// answer, as long as ranges, a nil buffer stands for a record that is not there, or of which not all of the
	// range can be read any more; the others have the length of their range. The buffers belong to the caller
	// until FreeBuffer. An error says that nothing could be read, which need not be so the next time.
	Get(ctx context.Context, ranges []Range) ([]Buffer, error)

	// Has reports for each key whether its record is there. It reads no record. Its errors are those of Get.
	Has(ctx context.Context, keys []Key) ([]bool, error)

	// Close ends the store and removes all that it holds. It is called once, also on a store whose
	// Open failed or was never called, and after every other call has returned.
	Close(ctx context.Context) error
}

// Errors that a [Store] wraps to say what kind of failure it met.
var (
	// ErrUnavailable: the medium is not to be had here, or does not answer.
	ErrUnavailable = errors.New("the disk store is unavailable")
	// ErrQuota: the medium has no room for the records.
	ErrQuota = errors.New("the disk store's quota is used up")
)
