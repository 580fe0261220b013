package disk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"asposecache/core/driver"
)

// A Host is who has the pages. Its methods are called with the lock held, and do not wait.
type Host interface {
	// NoMemory returns the error of a call that needs a buffer of n bytes, for which there is no memory.
	NoMemory(n int, cause error) error
	// StoringFailed is told that bytes could not be stored, and returns the error of calls that depend on it. cause
	// wraps [driver.ErrQuota], or else [driver.ErrUnavailable].
	StoringFailed(bytes int64, cause error) error
	// NotStored is called after a transaction has failed, when every page that waits was told why. pages are those of
	// the transaction that wait again.
	NotStored(pages []Page, why error)
}

// A Disk is a store and what is on the way to it and back.
type Disk struct {
	lock   sync.Locker
	host   Host
	store  driver.Store
	traits driver.Traits

	opener  opener
	queue   queue
	deletes deletes
	cache   readCache

	underWay int // transactions that write
	// failure is why storing has stopped. successes begins at 1 and grows by one with each transaction that stores
	// something.
	failure   error
	successes int64
	taken     int // bytes taken in since others had a turn
	// takingSince is when the first of them came.
	takingSince time.Time
	lastKey     driver.Key

	changed chan struct{}   // closed, and made anew, by Wake: when a transaction that writes has ended, and by the host
	ahead   sync.WaitGroup  // fetches ahead that are under way
	ctx     context.Context // ends with Stop
	cancel  context.CancelCauseFunc

	statistics Statistics
}

// Statistics are numbers of what went through the store.
type Statistics struct {
	// ReadBytes and WrittenBytes are how many bytes of records the store has read and written.
	ReadBytes, WrittenBytes int64
	// Transactions is how many transactions there were, Failures how many of them failed, and Retries how often
	// storing was tried again.
	Transactions, Retries, Failures int64
	// WaitingBytes are those of the buffers of images that are not stored yet.
	WaitingBytes int64
}

// New returns the disk of a host, over a store that is not open yet; nil: there is none. lock is the host's.
func New(lock sync.Locker, host Host, store driver.Store) (*Disk, error) {
	d := &Disk{lock: lock, host: host, store: store, changed: make(chan struct{}), successes: 1}
	d.ctx, d.cancel = context.WithCancelCause(context.Background())
	if store != nil {
		d.traits = store.Traits()
		if err := d.traits.Check(); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Statistics returns the numbers of this moment.
func (d *Disk) Statistics() Statistics {
	s := d.statistics
	s.WaitingBytes = d.queue.waiting
	return s
}

// UnderWay returns how many transactions that write are under way.
func (d *Disk) UnderWay() int { return d.underWay }

// Stop ends storing: nobody needs what waits any more. why is what is told to those that wait.
func (d *Disk) Stop(why error) {
	d.cancel(why)
	d.Wake()
}

func (d *Disk) stopped() bool { return d.ctx.Err() != nil }

// Close waits until no transaction is under way, and removes the store. Stop was called before.
func (d *Disk) Close(ctx context.Context) error {
	if d.store == nil {
		return nil
	}
	for d.underWay > 0 {
		changed := d.changed
		d.unlocked(func() { <-changed })
	}
	d.unlocked(d.ahead.Wait)
	d.cache.clear(d.store)
	var err error
	d.unlocked(func() {
		d.opener.await()
		err = d.store.Close(ctx)
	})
	if err != nil && ctx.Err() == nil {
		err = unavailable(err)
	}
	return err
}

// unlocked calls f, which may wait, without the lock.
func (d *Disk) unlocked(f func()) {
	defer d.lock.Lock() // also when Unlock panics
	d.lock.Unlock()
	f()
}

// Wake wakes all that wait.
func (d *Disk) Wake() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// Wait has what waits stored at once, and waits until something was stored or has failed, or somebody calls Wake.
func (d *Disk) Wait(ctx context.Context) (err error) {
	d.queue.hurry = true
	d.Pump()
	changed := d.changed
	d.unlocked(func() {
		select {
		case <-changed:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	})
	return err
}

// newBuffer returns a buffer of n bytes of any content.
func (d *Disk) newBuffer(n int) (driver.Buffer, error) {
	b, err := d.store.NewBuffer(n)
	if err != nil {
		return nil, d.host.NoMemory(n, err)
	}
	return b, nil
}

// get reads ranges of records, and counts it. A buffer is nil when the store does not have all of the range any more.
// It waits.
func (d *Disk) get(ctx context.Context, ranges []driver.Range) (buffers []driver.Buffer, err error) {
	d.unlocked(func() { buffers, err = d.store.Get(ctx, ranges) })
	d.statistics.Transactions++
	if err != nil {
		d.statistics.Failures++
		return nil, unavailable(err)
	}
	for i, b := range buffers {
		if b == nil {
			continue
		}
		d.statistics.ReadBytes += int64(b.Len())
		if b.Len() < ranges[i].Size {
			d.store.FreeBuffer(b)
			buffers[i] = nil
		}
	}
	return buffers, nil
}

// unavailable makes sure that a failure of the store can be recognised as one.
func unavailable(err error) error {
	if errors.Is(err, driver.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
}
