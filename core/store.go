package core

import (
	"context"
	"errors"
)

// A Key names a record of a [Store]. The cache uses a key for one record only: what a key names never
// changes, it is put once and deleted once.
type Key uint64

// A Record is what a [Store] keeps under a key: all bytes of Data, which is a [Buffer] or [Pieces].
type Record struct {
	Key  Key
	Data Source
}

// A Source is a run of bytes that can be read.
type Source interface {
	// Len is the number of bytes.
	Len() int
	// ReadAt fills p with the bytes from off on.
	ReadAt(p []byte, off int) error
}

// Pieces are pieces of buffers, end to end.
type Pieces []Piece

// A Piece is Size bytes of a buffer, from Off on.
type Piece struct {
	Buffer    Buffer
	Off, Size int
}

// Len is the number of bytes.
func (ps Pieces) Len() (n int) {
	for _, p := range ps {
		n += p.Size
	}
	return n
}

// ReadAt fills b with the bytes from off on.
func (ps Pieces) ReadAt(b []byte, off int) error {
	for _, p := range ps {
		if off < p.Size {
			n := min(len(b), p.Size-off)
			if err := p.Buffer.ReadAt(b[:n], p.Off+off); err != nil {
				return err
			}
			b, off = b[n:], p.Size
		}
		off -= p.Size
	}
	return nil
}

// A Store is the medium behind the disk tier: a set of records under keys. An implementation need
// not be safe against a second process; it is called from several goroutines at once.
//
// Its errors wrap, where they apply, [ErrUnavailable] and [ErrQuota]; every other error counts as a
// fault that may pass and is tried again.
type Store interface {
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

	// Get reads records. In the answer, as long as keys, a nil buffer stands for a record that is
	// not there or cannot be read any more. The buffers belong to the caller until FreeBuffer.
	// An error says that no record could be read, which need not be so the next time.
	Get(ctx context.Context, keys []Key) ([]Buffer, error)

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
