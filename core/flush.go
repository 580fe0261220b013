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
	pages, err := t.a.notStored()
	t.end() // later calls need not wait for the store
	if err != nil {
		return err
	}
	return t.a.awaitStored(ctx, pages, o)
}

// notStored returns the images that wait to be stored, and a failure to be told of, if there is one.
func (a *Allocation) notStored() (images []*disk.Image, err error) {
	a.pages.each(func(_ int64, p *page) {
		if p.block == nil && !p.image.Stored() {
			images = append(images, p.image)
		}
	})
	return images, a.takeStoreErr()
}

// awaitStored waits until images are stored.
func (a *Allocation) awaitStored(ctx context.Context, images []*disk.Image, o *CallOptions) error {
	var total int64
	for _, im := range images {
		total += int64(im.Size())
	}
	for {
		left, err := a.awaitSome(ctx, &images)
		if err != nil {
			return err
		}
		a.cache.progress(ctx, o, total-left, total)
		if left == 0 {
			return nil
		}
	}
}

// awaitSome waits until something has changed, unless all of the images are stored, and returns how many bytes of them
// were not before. It drops those that are stored from images.
func (a *Allocation) awaitSome(ctx context.Context, images *[]*disk.Image) (left int64, err error) {
	c, d := a.cache, a.cache.disk
	rest := (*images)[:0]
	for _, im := range *images {
		if !im.Stored() {
			rest = append(rest, im)
			left += int64(im.Size())
		}
	}
	*images = rest
	err = a.takeStoreErr()
	switch {
	case c.closed:
		err = ErrClosed
	case a.disposed:
		err = ErrDisposed
	case err == nil && left > 0:
		if err = d.Failure(); err == nil {
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
		a      *Allocation
		images []*disk.Image
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
			images, e := a.notStored()
			note(e)
			if len(images) > 0 {
				parts = append(parts, part{a, images})
			}
		}
	}
	for _, p := range parts {
		c.restAfter(ctx, &s)
		note(p.a.awaitStored(ctx, p.images, nil))
	}
	c.unlocked(func() {
		for _, done := range busy {
			note(<-done)
		}
	})
	return err
}
