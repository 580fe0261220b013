package core

import (
	"context"
	"errors"
	"fmt"
	"time"

	"asposecache/core/driver"
)

// How long the store may take to open, and how often in a row it may fail before nobody asks again.
const (
	openLimit    = 5 * time.Second
	mostFailures = 3
)

var errNoAnswer = errors.New("the store did not open in time")

// The disk is the tier over a [driver.Store]: it opens the store when it is first needed, and holds what waits
// to be stored. All of it is guarded by the cache's lock; see writeback.go for how pages are stored.
type disk struct {
	c      *Cache
	store  driver.Store
	traits driver.Traits

	// opening is the attempt to open the store that is under way or was the last.
	opening *opening
	fails   int

	writeback
	readCache
	numbers DiskStatistics
}

// An opening is one attempt to open the store.
type opening struct {
	done chan struct{} // closed when it is over
	err  error
}

func newDisk(c *Cache, store driver.Store) (*disk, error) {
	d := &disk{c: c, store: store}
	if store != nil {
		d.traits = store.Traits()
		if err := d.traits.Check(); err != nil {
			return nil, err
		}
	}
	d.changed = make(chan struct{})
	d.successes = 1
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d, nil
}

// isOpen tells whether the store is ready. The cache is locked.
func (d *disk) isOpen() bool {
	if d.opening == nil {
		return false
	}
	select {
	case <-d.opening.done:
		return d.opening.err == nil
	default:
		return false
	}
}

// openDisk waits until the disk is ready. The cache is locked, but not while it waits.
func (c *Cache) openDisk(ctx context.Context) error {
	if c.disk.isOpen() {
		return nil
	}
	var err error
	c.unlocked(func() { err = c.disk.open(ctx) })
	if c.closed {
		return ErrClosed
	}
	return err
}

// open waits until the store is ready. Callers share one attempt; after a failure the next caller
// begins another, a few times. The cache is not locked.
func (d *disk) open(ctx context.Context) error {
	if d.store == nil {
		return fmt.Errorf("no store: %w", driver.ErrUnavailable)
	}
	d.c.mu.Lock()
	o := d.beginOpening()
	d.c.mu.Unlock()
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// beginOpening answers the attempt that counts, which it begins if there is none. The cache is locked.
func (d *disk) beginOpening() *opening {
	o := d.opening
	if o != nil && (!o.failed() || d.fails >= mostFailures) {
		return o
	}
	o = &opening{done: make(chan struct{})}
	d.opening = o
	go func() {
		ctx, cancel := Within(d.ctx, openLimit, errNoAnswer)
		defer cancel()
		err := d.store.Open(ctx)
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		d.c.mu.Lock()
		defer d.c.mu.Unlock()
		if err != nil {
			d.fails++
			o.err = unavailable(err)
		}
		close(o.done)
	}()
	return o
}

func (o *opening) failed() bool {
	select {
	case <-o.done:
		return o.err != nil
	default:
		return false
	}
}

// get reads ranges of records, and counts it. A buffer is nil when the store does not have all of the range any
// more. The cache is not locked.
func (d *disk) get(ctx context.Context, ranges []driver.Range) ([]driver.Buffer, error) {
	buffers, err := d.store.Get(ctx, ranges)
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	d.numbers.Transactions++
	if err != nil {
		d.numbers.Failures++
		return nil, unavailable(err)
	}
	for i, b := range buffers {
		if b == nil {
			continue
		}
		d.numbers.ReadBytes += int64(b.Len())
		if b.Len() < ranges[i].Size {
			d.store.FreeBuffer(b)
			buffers[i] = nil
		}
	}
	return buffers, nil
}

// newBuffer is a buffer, of any content, for a page on its way to the store.
func (d *disk) newBuffer(n int) (driver.Buffer, error) {
	b, err := d.store.NewBuffer(n)
	if err != nil {
		return nil, &FullError{Medium: Disk, Requested: int64(n), Allocated: d.c.ledger.held[Disk],
			Reason: ByMemory, Cause: err}
	}
	return b, nil
}

// close waits until no transaction is under way and removes the store.
func (d *disk) close(ctx context.Context) error {
	if d.store == nil {
		return nil
	}
	d.c.mu.Lock()
	for d.underWay > 0 {
		changed := d.changed
		d.c.mu.Unlock()
		<-changed
		d.c.mu.Lock()
	}
	for len(d.recent) > 0 {
		d.forget(d.recent[0])
	}
	o := d.opening
	d.c.mu.Unlock()
	if o != nil {
		<-o.done
	}
	return d.store.Close(ctx)
}

// unavailable makes sure that a failure of the store can be recognised as one.
func unavailable(err error) error {
	if errors.Is(err, driver.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
}
