package core

import (
	"container/list"
	"context"
	"slices"
)

// leaveAhead is how many bytes more than are needed leave memory at a time, so that who writes now and then need not
// wait for the store: a few strokes of a large brush. At most 1/16 of the limit.
const leaveAhead = 16 << 20

// A spilling is who waits for room in memory, and what is coldest there.
type spilling struct {
	// requests wait for room in memory, in the order of their calls. Only the first one looks for it; while
	// there is one, nobody else takes memory, or the room made for it would be gone. granting: it is the
	// first one who asks.
	requests []*request
	granting bool
	// leaving are the bytes on their way to disk to make room.
	leaving int64

	history list.List // pages in memory that no working allocation has; see relist
	// uses numbers the uses of working allocations. When room has to be made for the first time they are put
	// in order: ordered is true, and used has them, least recently used first; those that have nothing in
	// memory may lack.
	uses    int64
	ordered bool
	used    list.List

	told []Event // of what has left, until the cache is unlocked
}

// A request is a call that waits for room in memory.
type request struct {
	n        int64
	settings Settings
	keep     *Allocation // its pages stay
	move     *move
}

// touch notes that an allocation is used.
func (a *Allocation) touch() {
	c := a.cache
	if a.role != RoleWorking || a.disposed {
		return
	}
	c.uses++
	a.used = c.uses
	switch {
	case !c.ordered:
	case a.lru == nil:
		a.lru = c.used.PushBack(a)
	default:
		c.used.MoveToBack(a.lru)
	}
}

// order puts the working allocations in order.
func (c *Cache) order() {
	if c.ordered {
		return
	}
	c.ordered = true
	var all []*Allocation
	for a := range c.live {
		if a.role == RoleWorking && a.home == Memory {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b *Allocation) int { return int(a.used - b.used) })
	for _, a := range all {
		a.lru = c.used.PushBack(a)
	}
}

// forget takes an allocation out of the list of those that may have something to move.
func (c *Cache) forget(a *Allocation) {
	if a.lru != nil {
		c.used.Remove(a.lru)
		a.lru = nil
	}
}

// makeRoom calls take, which takes n bytes of memory or says why it can't. If it can't and the settings say
// so, what is coldest moves to disk, and take is called again when there is room. size is what has to fit
// in memory as a whole. The cache is locked, but not while it waits.
//
// The answer is nil, the refusal, which is a FullError, or why it is no use to go on.
func (c *Cache) makeRoom(ctx context.Context, s Settings, n, size int64, why Why, keep *Allocation, take func() error) error {
	refusal := take()
	if refusal == nil || s.SpillPolicy != SpillColdest || s.CacheType != Auto {
		return refusal
	}
	limit := s.MaxMemoryForCache
	if limit > 0 && size > limit {
		return refusal
	}
	r := &request{n: n, settings: s, keep: keep, move: &move{why: why}}
	c.requests = append(c.requests, r)
	defer func() {
		for i := range c.requests {
			if c.requests[i] == r {
				c.requests = append(c.requests[:i:i], c.requests[i+1:]...)
				break
			}
		}
		c.disk.broadcast() // it is somebody else's turn
	}()
	for c.requests[0] != r {
		if err := c.waitForChange(ctx, keep); err != nil {
			return err
		}
	}
	c.disk.kick()
	for {
		c.granting = true
		refusal = take()
		c.granting = false
		if refusal == nil || !isFull(refusal) {
			return refusal
		}
		if !c.disk.isOpen() {
			if err := c.openDisk(ctx); err != nil {
				return becauseUnavailable(refusal, err)
			}
			if keep != nil && keep.ended() != nil {
				return keep.ended()
			}
			continue // there may be room by now
		}
		if !c.spill(r) {
			return refusal
		}
		if err := c.waitForChange(ctx, keep); err != nil {
			return err
		}
	}
}

// waitForChange waits until something was stored, failed or was freed.
func (c *Cache) waitForChange(ctx context.Context, a *Allocation) error {
	err := c.disk.wait(ctx)
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

// spill begins to move what a request lacks, and something more. It answers whether there is anything to
// wait for.
func (c *Cache) spill(r *request) bool {
	d := c.disk
	if r.move.err != nil || d.failure != nil {
		return false
	}
	limit := r.settings.MaxMemoryForCache
	lack, ahead := r.n-c.heap.freeBytes(), int64(leaveAhead)
	if limit > 0 {
		ahead = min(ahead, limit/16)
		if over := c.ledger.held[Memory] + r.n - limit; over > 0 {
			lack = over
		}
	}
	if lack <= 0 {
		lack = r.n // there is room, but not in one piece
	}
	lack -= c.leaving
	if lack <= 0 {
		return true
	}
	if c.fitsOnDisk(r.settings, lack) != nil {
		return c.leaving > 0
	}
	for p := range c.coldest(r.keep) {
		if lack <= 0 && lack+ahead < int64(p.size) || c.fitsOnDisk(r.settings, int64(p.size)) != nil {
			break
		}
		if !d.hasRoom(int64(p.size)) {
			return true
		}
		c.leave(p, r.move)
		if err := c.startStoring(p); err != nil {
			c.stay(p)
			break
		}
		lack -= int64(p.size)
	}
	return c.leaving > 0
}

// spillAhead begins to move history when memory is nearly full, so that the next calls need not wait. It does not
// wait, and leaves working allocations alone.
func (c *Cache) spillAhead(s Settings, why Why) {
	d, limit := c.disk, s.MaxMemoryForCache
	if s.SpillPolicy != SpillColdest || s.CacheType != Auto || limit == 0 || d.failure != nil || len(c.requests) > 0 {
		return
	}
	lack := c.ledger.held[Memory] + min(leaveAhead, limit/16) - limit - c.leaving
	if !d.isOpen() {
		if lack > 0 && c.history.Len() > 0 && d.opening == nil && d.store != nil {
			d.beginOpening() // it is found open by one of the next calls
		}
		return
	}
	m := &move{why: why}
	for e := c.history.Front(); e != nil; {
		p := e.Value.(*page)
		e = e.Next()
		n := int64(p.size)
		if lack < n || !d.hasRoom(n) || c.fitsOnDisk(s, n) != nil {
			break
		}
		c.leave(p, m)
		if c.startStoring(p) != nil {
			c.stay(p)
			break
		}
		lack -= n
	}
	d.pump()
}

// coldest are the pages that can leave memory, coldest first: history, oldest first, and then working
// allocations, least recently used first.
func (c *Cache) coldest(keep *Allocation) func(yield func(*page) bool) {
	return func(yield func(*page) bool) {
		for e := c.history.Front(); e != nil; {
			p := e.Value.(*page)
			e = e.Next() // p leaves the list when it begins to move
			if !yield(p) {
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
				if p.block == nil || p.move != nil || p.buf != nil || p.pinned {
					continue
				}
				if !yield(p) {
					return
				}
			}
		}
	}
}

// spilled notes, for the listeners, that a page leaves memory. It is told as a page of whom it was made for,
// if that one still has it, or of the oldest that has it.
func (c *Cache) spilled(p *page, why Why) {
	a, i := p.owner, p.number
	if a.disposed || a.pages.get(i) != p {
		a = nil
		for o := range c.live {
			if o.pages.get(i) == p && (a == nil || o.id < a.id) {
				a = o
			}
		}
	}
	if a == nil {
		a = p.owner
	}
	for j := range c.told {
		if e := &c.told[j]; e.Allocation == a && e.Why == why {
			e.Bytes += int64(p.size)
			return
		}
	}
	c.spills++
	c.told = append(c.told, Event{Kind: Spill, Allocation: a, Bytes: int64(p.size), Why: why})
}

// tellOfSpills tells the listeners what has left memory. The cache is not locked.
func (c *Cache) tellOfSpills() {
	c.mu.Lock()
	told := c.told
	c.told = nil
	c.mu.Unlock()
	for _, e := range told {
		c.onEvent(e)
	}
}
