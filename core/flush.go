package core

import "context"

// Flush waits until all that was written before is stored. An end of ctx is honoured all the time.
//
// Errors: why storing failed, once; [ErrDisposed] when there is nothing left to store; [ErrClosed];
// the cause of ctx's end.
func (t *Turn) Flush(ctx context.Context, o *CallOptions) error {
	defer t.end()
	if err := t.begin(ctx); err != nil {
		return err
	}
	c := t.a.cache
	c.calls.Add(1)
	defer c.calls.Done()
	pages, err := t.a.notStored()
	t.end() // later calls need not wait for the store
	if err != nil {
		return err
	}
	return t.a.awaitStored(ctx, pages, o)
}

// notStored are the pages that wait to be stored, unless there is a failure to be told of.
func (a *Allocation) notStored() (pages []*page, err error) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	a.pages.each(func(_ int64, p *page) {
		if p.buf != nil && p.block == nil {
			pages = append(pages, p)
		}
	})
	return pages, a.takeStoreErr()
}

// awaitStored waits until the pages are stored.
func (a *Allocation) awaitStored(ctx context.Context, pages []*page, o *CallOptions) error {
	var total int64
	for _, p := range pages {
		total += int64(p.size)
	}
	for {
		left, err := a.awaitSome(ctx, &pages)
		if err != nil {
			return err
		}
		o.progress(total-left, total)
		if left == 0 {
			return nil
		}
	}
}

// awaitSome waits until something has changed, unless all of the pages are stored, and answers how many bytes of them
// were not before.
func (a *Allocation) awaitSome(ctx context.Context, pages *[]*page) (left int64, err error) {
	c, d := a.cache, a.cache.disk
	c.mu.Lock()
	defer c.mu.Unlock()
	rest := (*pages)[:0]
	for _, p := range *pages {
		if p.buf != nil {
			rest = append(rest, p)
			left += int64(p.size)
		}
	}
	*pages = rest
	err = a.takeStoreErr()
	switch {
	case c.closed:
		err = ErrClosed
	case a.disposed:
		err = ErrDisposed
	case err == nil && left > 0:
		if err = d.failure; err == nil {
			err = d.wait(ctx)
		}
	}
	return left, err
}

// noteFailure notes for every allocation that has one of the pages, or is about to, that they could not be
// stored.
func (c *Cache) noteFailure(pages []*page, failure error) {
	if len(pages) == 0 {
		return
	}
	note := func(a *Allocation) {
		if a.told != c.disk.successes {
			a.storeErr = failure
		}
	}
	failed := make(map[*page]bool, len(pages))
	for _, p := range pages {
		failed[p] = true
		if p.holders == 0 {
			note(p.owner)
		}
	}
	for a := range c.live {
		for _, p := range a.pages.all() {
			if failed[p] {
				note(a)
				break
			}
		}
	}
}

// takeStoreErr answers a failure to store that nobody was told of. Until something was stored again,
// the failures that follow are the same one.
func (a *Allocation) takeStoreErr() error {
	err := a.storeErr
	if err != nil {
		a.storeErr, a.told = nil, a.cache.disk.successes
	}
	return err
}
