package core

import (
	"context"
	"errors"

	"asposecache/core/disk"
)

// Flush waits until all that was written before is stored. An end of ctx is honoured all the time.
//
// Errors: why storing failed, once; [ErrDisposed] when there is nothing left to store; [ErrClosed];
// the cause of ctx's end.
func (t *Turn) Flush(ctx context.Context, o *CallOptions) error {
	c := t.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	defer t.end()
	if err := t.begin(ctx); err != nil {
		return err
	}
	c.calls.Add(1)
	defer c.calls.Done()
	left, err := t.a.notStored()
	t.end() // later calls need not wait for the store
	if err != nil {
		return err
	}
	return t.a.awaitStored(ctx, left, o)
}

// A pending is an image that is to be stored, of the page that has a place in an allocation.
type pending struct {
	place int64
	image *disk.Image
}

// pending returns the image of a page, if it is to be stored.
func (a *Allocation) pending(place int64) (p pending, is bool) {
	q := a.pages.get(place)
	if q == nil || q.block != nil || q.image.Stored() {
		return p, false
	}
	return pending{place, q.image}, true
}

// notStored returns what is to be stored, and a failure to be told of, if there is one.
func (a *Allocation) notStored() (all []pending, err error) {
	a.pages.each(func(i int64, _ *page) {
		if p, is := a.pending(i); is {
			all = append(all, p)
		}
	})
	return all, a.takeStoreErr()
}

// awaitStored waits until images are stored.
func (a *Allocation) awaitStored(ctx context.Context, all []pending, o *CallOptions) error {
	var total int64
	for _, p := range all {
		total += int64(p.image.Size())
	}
	for {
		left, err := a.awaitSome(ctx, &all)
		if err != nil {
			return err
		}
		a.cache.progress(ctx, o, max(0, total-left), total)
		if left == 0 {
			return nil
		}
	}
}

// awaitSome waits until something has changed, unless all is stored, and returns how many bytes were not before. It
// takes what is stored out of all. In the place of an image that will not be stored it waits for the one that is there
// now: that has what was not overwritten. Of one in a transaction under way it waits for the end of that, or who paints
// on would keep it waiting.
func (a *Allocation) awaitSome(ctx context.Context, all *[]pending) (left int64, err error) {
	c, d := a.cache, a.cache.disk
	rest := (*all)[:0]
	waits := false
	for _, p := range *all {
		is := !p.image.Stored()
		if p.image.Forgone() {
			p, is = a.pending(p.place)
		}
		if is {
			rest = append(rest, p)
			left += int64(p.image.Size())
			waits = waits || p.image.Waits()
		}
	}
	*all = rest
	err = a.takeStoreErr()
	switch {
	case c.closed:
		err = ErrClosed
	case a.disposed:
		err = ErrDisposed
	case err == nil && left > 0:
		if waits { // or what is under way may succeed, whatever else has failed
			err = d.Failure()
		}
		if err == nil {
			err = d.Wait(ctx)
		}
	}
	return left, err
}

// Flush waits until all that was written before is stored.
func (a *Allocation) Flush(ctx context.Context) error { return a.Turn().Flush(ctx, nil) }

// Flush waits until all that was written so far is stored.
//
// Errors: why storing failed, once for each allocation; [ErrClosed]; the cause of ctx's end.
func (c *Cache) Flush(ctx context.Context) (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.calls.Add(1)
	defer c.calls.Done()
	note := func(e error) {
		if err == nil && !errors.Is(e, ErrDisposed) {
			err = e
		}
	}
	type part struct {
		a    *Allocation
		left []pending
	}
	var parts []part
	var s stretch         // there may be a hundred thousand allocations
	var busy []chan error // of those with calls under way, whose turn has to come first
	for a := range c.live {
		c.restAfter(ctx, &s)
		switch {
		case a.disposed || c.closed: // meanwhile
		case a.first != nil:
			t, done := a.turn(), make(chan error, 1)
			busy = append(busy, done)
			go func() {
				defer close(done) // also when a listener calls runtime.Goexit
				done <- t.Flush(ctx, nil)
			}()
		default:
			a.retryStoring()
			left, e := a.notStored()
			note(e)
			if len(left) > 0 {
				parts = append(parts, part{a, left})
			}
		}
	}
	for _, p := range parts {
		c.restAfter(ctx, &s)
		note(p.a.awaitStored(ctx, p.left, nil))
	}
	c.unlocked(func() {
		for _, done := range busy {
			note(<-done)
		}
	})
	return err
}
