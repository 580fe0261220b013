package core

import (
	"context"
	"sync"

	"asposecache/core/disk"
)

// When pages leave memory, up to leaveAhead bytes more leave than are needed, or 1/16 of the limit if that is less: a
// few strokes of a large brush, so that who writes now and then need not wait for the store.
const leaveAhead = 16 << 20

// makeRoom calls take, which takes what a call needs or says how much that is and why it can't be had. If it lacks
// memory and the settings say so, what is coldest moves to disk, and take is called again when there is room. Whether
// enough of it can move, beside what the call itself needs on disk, is decided before anything does; if engaged calls
// keep what is missing it waits for those that began before, see mayGain. size is what has to fit in memory as a whole. The pages of keep stay,
// and when keep is disposed of the call ends.
//
// It returns nil, the error of the last take, or why it is no use to go on.
func (c *Cache) makeRoom(ctx context.Context, s Settings, size int64, why Why, keep *Allocation, take taking) error {
	_, refusal := take()
	if !lacksMemory(refusal) || s.SpillPolicy != SpillColdest || s.CacheType != Auto {
		return refusal
	}
	limit := s.MaxMemoryForCache
	if limit > 0 && size > limit {
		return refusal
	}
	r := &request{settings: s, keep: keep, move: &move{why: why}}
	c.requests = append(c.requests, r)
	defer c.endRequest(r)
	for c.requests[0] != r {
		if err := c.waitForChange(ctx, keep, false); err != nil {
			return err
		}
	}
	c.disk.Kick()
	for {
		needed, refused := c.grant(take)
		refusal = refused
		if !lacksMemory(refusal) {
			return refusal
		}
		enough := c.plan(r, needed)
		if enough {
			r.lackedAt = 0
		} else if r.failed(c.disk) || !c.mayGain(r) {
			return refusal
		}
		if enough && !c.disk.IsOpen() {
			if err := c.openDisk(ctx, needed[Memory]); err != nil {
				return becauseUnavailable(refusal, err)
			}
			if keep != nil && keep.ended() != nil {
				return keep.ended()
			}
			continue // there may be room by now
		}
		more := c.spill(r) // also if the pages are too few: a call that r waits for may wait for some of them
		if r.move.err != nil || enough && c.leaving == 0 {
			return refusal // there is nothing to wait for
		}
		if err := c.waitForChange(ctx, keep, more); err != nil {
			return err
		}
	}
}

// grant calls take so that it may have room although others wait in the row.
func (c *Cache) grant(take taking) (needed need, refusal error) {
	c.granting = true
	needed, refusal = take()
	c.granting = false
	return needed, refusal
}

// endRequest gives way to the next request. Pages whose storing has not begun stay in memory. If storing fails, all
// that are not stored stay: the call may need their room on disk for its own bytes.
func (c *Cache) endRequest(r *request) {
	stays := r.pages[r.begun:]
	if r.failed(c.disk) {
		stays = r.pages
	}
	for _, p := range stays {
		if p.move == r.move {
			c.stay(p)
		}
	}
	for i := range c.requests {
		if c.requests[i] == r {
			c.requests = append(c.requests[:i:i], c.requests[i+1:]...)
			break
		}
	}
	c.disk.Wake() // it is somebody else's turn
}

// failed reports whether nothing can be stored for the request.
func (r *request) failed(d *disk.Disk) bool { return r.move.err != nil || d.Failure() != nil }

// waitForChange waits until something was stored, failed or was freed, or only rests if there is more to store.
func (c *Cache) waitForChange(ctx context.Context, a *Allocation, more bool) (err error) {
	if more {
		err = c.restStoring(ctx)
	} else {
		err = c.disk.Wait(ctx)
	}
	switch {
	case err != nil:
		return err
	case c.closed:
		return ErrClosed
	case a != nil:
		return a.ended()
	}
	return nil
}

// plan begins to move the coldest pages until there will be what is needed, beside what is leaving already, and
// something more. It reports whether that is enough. If the pages are too few, or do not fit on disk, none of them
// leaves.
func (c *Cache) plan(r *request, needed need) bool {
	if r.failed(c.disk) {
		return false
	}
	lack := c.lackingMemory(r.settings, needed[Memory])
	if lack -= c.leaving; lack <= 0 {
		return c.leaving > 0
	}
	ahead := int64(leaveAhead)
	if limit := r.settings.MaxMemoryForCache; limit > 0 {
		ahead = min(ahead, limit/16)
	}
	var pages []*page
	var sum int64
	for p := range c.coldest(r.keep) {
		n := int64(p.size)
		if sum >= lack && sum+n > lack+ahead || c.fitsOnDisk(r.settings, needed[Disk]+sum+n) != nil {
			break
		}
		pages = append(pages, p)
		sum += n
	}
	if sum < lack {
		return false
	}
	for _, p := range pages {
		c.leave(p, r.move)
	}
	r.pages = append(r.pages, pages...)
	return true
}

// lackingMemory returns how many bytes have to leave memory before n more find room there.
func (c *Cache) lackingMemory(s Settings, n int64) (lack int64) {
	if limit := s.MaxMemoryForCache; limit > 0 {
		lack = c.ledger.held[Memory] + n - limit
	}
	if more := n - c.heap.freeBytes(); !c.machine.Fits(more) {
		lack = max(lack, more)
	}
	if lack <= 0 {
		lack = n // there is room, but not in one piece
	}
	return lack
}

// spill begins to store as many of the request's pages as there is room for among what waits. It reports whether it can
// go on after a rest.
func (c *Cache) spill(r *request) (more bool) {
	var begun stretch
	for ; r.begun < len(r.pages); r.begun++ {
		p := r.pages[r.begun]
		if p.move != r.move || p.image != nil {
			continue // it stays, or is on its way
		}
		switch {
		case !c.disk.HasRoom(int64(p.size)):
			return false
		case begun.over():
			return true
		}
		if r.move.err = c.startStoring(p); r.move.err != nil {
			return false
		}
		begun.bytes += int(p.size)
	}
	return false
}

// spillAhead begins to move history when memory is nearly full, so that the next calls need not wait. It does not
// wait, and leaves working allocations alone. begun is the stretch of the call that has come to its end.
func (c *Cache) spillAhead(s Settings, why Why, begun stretch) {
	d, limit := c.disk, s.MaxMemoryForCache
	if s.SpillPolicy != SpillColdest || s.CacheType != Auto || limit == 0 || d.Failure() != nil || len(c.requests) > 0 {
		return
	}
	lack := c.ledger.held[Memory] + min(leaveAhead, limit/16) - limit - c.leaving
	if !d.IsOpen() {
		if lack > 0 && c.history.Len() > 0 {
			d.OpenSoon() // it is found open by one of the next calls
		}
		return
	}
	m := &move{why: why}
	for e := c.history.Front(); e != nil; {
		p := e.Value.(*page)
		e = e.Next()
		n := int64(p.size)
		if lack < n || !d.HasRoom(n) || c.fitsOnDisk(s, n) != nil || begun.over() {
			break
		}
		c.leave(p, m)
		if c.startStoring(p) != nil {
			c.stay(p)
			break
		}
		lack -= n
		begun.bytes += int(n)
	}
	d.Pump()
}

// coldest returns an iterator over the pages that can leave memory, each once, coldest first: history, oldest first, and
// then working allocations, least recently used first; but for the pages that keep has, alone or with others.
func (c *Cache) coldest(keep *Allocation) func(yield func(*page) bool) {
	kept := sync.OnceValue(func() map[*page]bool {
		has := make(map[*page]bool)
		keep.pages.each(func(_ int64, p *page) { has[p] = true })
		return has
	})
	var seen map[*page]bool // of those that several working allocations have
	stays := func(p *page) bool {
		return keep != nil && (p.holders > 1 || keep.role == RoleHistory) && kept()[p]
	}
	return func(yield func(*page) bool) {
		for e := c.history.Front(); e != nil; e = e.Next() {
			if p := e.Value.(*page); !stays(p) && !yield(p) {
				return
			}
		}
		c.order()
		for e := c.used.Front(); e != nil; {
			a := e.Value.(*Allocation)
			e = e.Next()
			if a == keep {
				continue
			}
			if a.where() == Disk {
				c.forget(a)
				continue
			}
			for _, p := range a.pages.all() {
				if p.block == nil || p.move != nil || p.pinned || seen[p] || stays(p) {
					continue
				}
				if p.working > 1 {
					if seen == nil {
						seen = make(map[*page]bool)
					}
					seen[p] = true
				}
				if !yield(p) {
					return
				}
			}
		}
	}
}

// has reports whether a live allocation has a page where it was made for.
func (a *Allocation) has(p *page) bool { return !a.disposed && a.pages.get(p.number) == p }

// oldest returns the oldest allocation that has a page; nil: none has it where it was made for. Mostly it is history,
// and the others, which may be a hundred thousand, need not be looked at.
func (c *Cache) oldest(p *page) (a *Allocation) {
	for e := c.states.Front(); e != nil && a == nil; e = e.Next() {
		if s := e.Value.(*Allocation); s.has(p) {
			a = s
		}
	}
	if p.working > 0 {
		for o := range c.live {
			if o.has(p) && (a == nil || o.id < a.id) {
				a = o
			}
		}
	}
	return a
}

// mergedEvents is among how many of the latest events there may be one of the same allocation, to be told with it.
const mergedEvents = 16

// spilled notes, for the listeners, that a page has left memory. The event names the allocation that the page was made
// for; if that no longer has it, the oldest that does, if any.
func (c *Cache) spilled(p *page, why Why) {
	a := p.owner
	if !a.has(p) {
		if o := c.oldest(p); o != nil {
			a = o
		}
	}
	// It does not look far: there may be one event for each of a thousand small allocations.
	for j := len(c.mu.events) - 1; j >= max(0, len(c.mu.events)-mergedEvents); j-- {
		if e := &c.mu.events[j]; e.Kind == Spill && e.Allocation == a && e.Why == why {
			e.Bytes += int64(p.size)
			return
		}
	}
	c.spills++
	c.mu.tell(Event{Kind: Spill, Allocation: a, Bytes: int64(p.size), Why: why})
}
