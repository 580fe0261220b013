package disk

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

// An opener opens the store when it is first needed. Callers share one attempt; after a failure the next caller begins
// another, a few times.
type opener struct {
	attempt *attempt // under way, or the last
	fails   int
}

// An attempt is one attempt to open the store.
type attempt struct {
	done chan struct{} // closed when it is over
	err  error
}

// over reports whether the attempt is over.
func (a *attempt) over() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// await waits until no attempt is under way. The lock is not held.
func (o *opener) await() {
	if o.attempt != nil {
		<-o.attempt.done
	}
}

// IsOpen reports whether the store is ready.
func (d *Disk) IsOpen() bool {
	a := d.opener.attempt
	return a != nil && a.over() && a.err == nil
}

// Opening reports whether the store is being opened.
func (d *Disk) Opening() bool {
	a := d.opener.attempt
	return a != nil && !a.over()
}

// Open waits until the store is ready.
func (d *Disk) Open(ctx context.Context) (err error) {
	if d.IsOpen() {
		return nil
	}
	if d.store == nil {
		return fmt.Errorf("no store: %w", driver.ErrUnavailable)
	}
	a := d.open()
	d.unlocked(func() {
		select {
		case <-a.done:
			err = a.err
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	})
	return err
}

// OpenSoon begins to open the store, if nobody has tried before.
func (d *Disk) OpenSoon() {
	if d.store != nil && d.opener.attempt == nil {
		d.open()
	}
}

// open returns the attempt that counts, which it begins if there is none.
func (d *Disk) open() *attempt {
	o := &d.opener
	if a := o.attempt; a != nil && (!a.over() || a.err == nil || o.fails >= mostFailures) {
		return a
	}
	a := &attempt{done: make(chan struct{})}
	o.attempt = a
	go func() {
		ctx, cancel := driver.Within(d.ctx, openLimit, errNoAnswer)
		defer cancel()
		err := d.store.Open(ctx)
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		d.lock.Lock()
		defer d.lock.Unlock()
		if err != nil {
			o.fails++
			a.err = unavailable(err)
		} else {
			d.traits = d.store.Traits()
		}
		close(a.done)
	}()
	return a
}
