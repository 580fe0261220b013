package core

import (
	"context"
	"errors"

	"asposecache/core/disk"
	"asposecache/core/driver"
)

// This file is what passes between the cache and its disk: first what the disk asks and tells, then what the cache does.

// host is the cache as its disk sees it.
type host struct{ cache *Cache }

// NoMemory returns the error of a call that needs a buffer for which there is no memory.
func (h host) NoMemory(n int, cause error) error {
	return &FullError{Medium: Disk, Requested: int64(n), Allocated: h.cache.ledger.held[Disk], Reason: ByMemory, Cause: cause}
}

// StoringFailed returns the error of calls that depend on what could not be stored, and tells the listeners.
func (h host) StoringFailed(bytes int64, cause error) error {
	c := h.cache
	if errors.Is(cause, driver.ErrQuota) {
		cause = &FullError{Medium: Disk, Requested: bytes, Allocated: c.ledger.held[Disk],
			Limit: c.settings.MaxDiskSpaceForCache, Reason: ByQuota, ours: true, Cause: cause}
	}
	if !c.closed {
		c.mu.tell(Event{Kind: StoreFailed, Err: cause})
	}
	return cause
}

// NotStored notes the failure for every allocation that has one of the pages, or is about to.
func (h host) NotStored(pages []disk.Page, why error) {
	if len(pages) == 0 {
		return
	}
	c := h.cache
	note := func(a *Allocation) {
		if a.told != c.disk.Successes() {
			a.storeErr = why
		}
	}
	elsewhere := make(map[*page]bool) // pages that others have as well than who is likely to
	for _, p := range pages {
		p := p.(*page)
		if p.holders == 0 {
			note(p.owner)
			continue
		}
		left := p.holders
		ask := func(a *Allocation) {
			if a.has(p) {
				note(a)
				left--
			}
		}
		ask(p.owner)
		for e := c.states.Front(); e != nil && left > 0; e = e.Next() {
			if s := e.Value.(*Allocation); s != p.owner {
				ask(s)
			}
		}
		if left > 0 {
			elsewhere[p] = true
		}
	}
	if len(elsewhere) == 0 {
		return // there may be a hundred thousand allocations
	}
	for a := range c.live {
		found := false
		a.pages.each(func(_ int64, p *page) { found = found || elsewhere[p] })
		if found {
			note(a)
		}
	}
}

// Stored is told that the image of a page is stored: if the page moves, it has arrived.
func (p *page) Stored() {
	if m := p.move; m != nil && !m.whole {
		c := p.owner.cache
		c.spilled(p, m.why)
		c.finish(p)
	}
}

// NotStored is told why the image of a page could not be stored: if the page moves, it stays.
func (p *page) NotStored(why error) {
	if p.move != nil {
		p.move.err = why
		p.owner.cache.stay(p)
	}
}

// image returns what there is on disk of page i; nil: nothing, as of a page that was never written.
func (a *Allocation) image(i int64) *disk.Image {
	if p := a.pages.get(i); p != nil {
		return p.image
	}
	return nil
}

// openDisk waits until the disk is ready. need is how many bytes the caller wants there, for the error.
func (c *Cache) openDisk(ctx context.Context, need int64) error {
	err := c.disk.Open(ctx)
	switch {
	case c.closed:
		return ErrClosed
	case errors.Is(err, driver.ErrQuota): // not even an empty store fits; who asks has its room in the counters already
		return &FullError{Medium: Disk, Requested: need, Allocated: max(0, c.ledger.held[Disk]-need),
			Limit: c.settings.MaxDiskSpaceForCache, Reason: ByQuota, Cause: err}
	}
	return err
}

// takeStoreErr returns a failure to store that nobody was told of, or nil. Until something was stored again, the
// failures that follow are the same one.
func (a *Allocation) takeStoreErr() error {
	err := a.storeErr
	if err != nil {
		a.storeErr, a.told = nil, a.cache.disk.Successes()
	}
	return err
}

// lost tells the listeners which bytes of which allocations were in records that are gone. Of those that share a page one
// is named: the first of who is concerned, or any.
func (c *Cache) lost(records []*disk.Record, concerned ...*Allocation) {
	if len(records) == 0 {
		return
	}
	gone := make(map[*disk.Record]bool, len(records))
	left := 0 // ranges that were not told yet
	for _, r := range records {
		gone[r] = true
		left += r.Extents()
	}
	told := make(map[*page]bool)
	tell := func(a *Allocation, i int64, p *page) {
		if p == nil || p.image == nil || told[p] {
			return
		}
		p.image.In(gone, func(from, to int) {
			told[p] = true
			left--
			c.mu.tell(Event{Kind: Lost, Allocation: a, Offset: a.layout.pageStart(i) + int64(from), Bytes: int64(to - from)})
		})
	}
	var places []int64
	for _, a := range concerned {
		a.pages.each(func(i int64, p *page) {
			if tell(a, i, p); told[p] {
				places = append(places, i)
			}
		})
	}
	// Mostly these, and other versions of these pages in history, are all that there are.
	for e := c.states.Front(); e != nil && left > 0; e = e.Next() {
		s := e.Value.(*Allocation)
		for _, i := range places {
			tell(s, i, s.pages.get(i))
		}
	}
	for a := range c.live {
		if left <= 0 {
			return
		}
		a.pages.each(func(i int64, p *page) { tell(a, i, p) })
	}
}

// missing returns [ErrLost] when the store no longer has all that s has and a has not. It asks for each record once,
// which asked notes; again: it has asked, so that what the caller knows may be out of date. What it finds to be lost is
// told of a and of owner first, whose content s is. It waits.
//
// A store that can't be asked is none that has lost something.
func (a *Allocation) missing(ctx context.Context, s, owner *Allocation, asked map[*disk.Record]bool) (again bool, err error) {
	var records []*disk.Record
	s.pages.without(&a.pages, func(p *page) {
		if p.block == nil && err == nil {
			records, err = p.image.Unsure(records, asked, s.layout.pageStart(p.number))
		}
	})
	if err != nil || len(records) == 0 {
		return false, err
	}
	lost, err := a.cache.disk.Check(ctx, records)
	a.cache.lost(lost, a, owner)
	if ctx.Err() == nil {
		err = nil
	}
	return true, err
}

// fetch reads records of an allocation. It waits.
func (a *Allocation) fetch(ctx context.Context, records []*disk.Record, got disk.Fetched) error {
	lost, err := a.cache.disk.Fetch(ctx, records, got)
	a.cache.lost(lost, a)
	return err
}
