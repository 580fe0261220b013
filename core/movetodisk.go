package core

import "context"

// Pages move from memory to disk one by one, and stay the same pages: everybody who has one in a table
// sees it move. While it moves
//
//   - it counts in memory, and its room on disk is taken as well (count, in holders.go);
//   - it is read from its block;
//   - it does not change. A write by who alone needs the page ends the move. Any other write makes a new
//     page; if there is no memory for that, the new page takes over the block, and the old one is on disk at
//     once.
//
// When its copy is stored the block is released, or, where all pages move or none (whole), when all are stored. If
// storing fails, the page is in memory as before.

// stay ends a move: the page stays in memory and is as it was.
func (c *Cache) stay(p *page) {
	if p.move == nil {
		return
	}
	c.dropImage(p)
	c.endMove(p)
}

// vacate ends a move with the page on disk, and returns its block.
func (c *Cache) vacate(p *page) *block {
	b := p.block
	c.endMove(p)
	c.change(p, func() { p.block = nil })
	return b
}

// finish is vacate for who does not need the block.
func (c *Cache) finish(p *page) { c.heap.release(c.vacate(p)) }

// startStoring copies a moving page to an image, which waits to be stored from then on.
func (c *Cache) startStoring(p *page) (err error) {
	if p.image, err = c.disk.NewImage(p, p.memory()); err == nil {
		c.disk.Enqueue(p.image)
	}
	return err
}

// MoveToDisk moves all of the allocation to disk. It returns when every page that it moves is stored. Pages that were on
// disk before may still wait to be stored; Flush waits for those. An end of ctx is honoured all the time.
//
// Errors: [FullError] of the disk; [driver.ErrUnavailable]; why storing failed; [ErrDisposed]; [ErrClosed]; the
// cause of ctx's end. After an error it is in memory as before, but for pages whose block a write to another
// allocation that shares them had to take over.
func (t *Turn) MoveToDisk(ctx context.Context, o *CallOptions) error {
	a := t.a
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	defer t.end()
	if err := t.begin(ctx); err != nil {
		return err
	}
	if err := a.ended(); err != nil || a.where() == Disk {
		return err
	}
	return a.moveOut(ctx, t.settings, 0, WhyMoveToDisk, nil, o)
}

// MoveToDisk moves all of the allocation to disk; see [Turn.MoveToDisk].
func (a *Allocation) MoveToDisk(ctx context.Context) error { return a.Turn().MoveToDisk(ctx, nil) }

// moveOut moves the pages of an allocation to disk, all or none, in its turn, and takes room there for grow bytes more.
// That room is left in a.room, for the caller to use or give back; after an error there is none. refusal is why memory
// has no room, or nil.
func (a *Allocation) moveOut(ctx context.Context, s Settings, grow int64, why Why, refusal error, o *CallOptions) error {
	c, d := a.cache, a.cache.disk
	m := &move{why: why, whole: true}
	var pages []*page
	var total int64
	need := grow
	a.pages.each(func(_ int64, p *page) {
		if p.block == nil {
			return
		}
		pages = append(pages, p)
		total += int64(p.size)
		if p.move == nil {
			need += int64(p.size)
		}
	})
	d.Kick()
	if err := c.fitsOnDisk(s, need); err != nil {
		return withCause(err, refusal)
	}
	a.takeRoom(Disk, grow)
	for _, p := range pages {
		if p.move == nil {
			c.leave(p, m)
		}
	}
	done := false
	e := c.engage()
	defer func() { // also after a panic
		c.disengage(e)
		for _, p := range pages {
			switch {
			case done && p.move != nil: // also what moves for somebody else
				c.finish(p)
			case !done && p.move == m:
				c.stay(p)
			}
		}
		if !done {
			a.giveRoom()
			a.takeStoreErr() // it is told now
		}
		d.Pump()
	}()
	if err := c.openDisk(ctx, total); err != nil {
		return becauseUnavailable(refusal, err)
	}
	for stored := int64(0); !done; {
		toldAll := stored == total
		c.progress(ctx, o, stored, total)
		if err := a.ended(); err != nil {
			return err
		}
		var more bool
		var err error
		if stored, more, err = a.moveOn(m, s, pages); err != nil {
			return err
		}
		switch {
		case stored < total && more:
			err = c.restStoring(ctx)
		case stored < total:
			err = d.WaitForRoom(ctx)
		default: // after a listener was told of all, it is looked at once more: pages may have changed meanwhile
			done = toldAll
		}
		if err != nil {
			return err
		}
	}
	a.settle(Disk)
	if total > 0 {
		c.spills++
		c.mu.tell(Event{Kind: Spill, Allocation: a, Bytes: total, Why: why})
	}
	return nil
}

// restStoring lets others go on, among them the store with what is copied to it.
func (c *Cache) restStoring(ctx context.Context) error {
	c.disk.Pump()
	c.rest(ctx)
	return context.Cause(ctx)
}

// moveOn begins to store as many pages as there is room for among what waits, and returns how many bytes are on disk;
// more: it can go on after a rest.
func (a *Allocation) moveOn(m *move, s Settings, pages []*page) (done int64, more bool, err error) {
	c, d := a.cache, a.cache.disk
	var begun stretch
	for _, p := range pages {
		if m.err != nil {
			return 0, false, m.err
		}
		if p.block != nil && p.move == nil { // somebody else had begun to move it, and has given up
			if err := c.fitsOnDisk(s, int64(p.size)); err != nil {
				return 0, false, err
			}
			c.leave(p, m)
		}
		switch {
		case p.block == nil: // somebody else has moved it, or has taken its block over
			done += int64(p.size)
		case p.image != nil && p.image.Stored(): // also for somebody else, who may be waiting for another page of ours
			done += int64(p.size)
		case p.move != m || p.image != nil: // it is on its way
		case more || !d.HasRoom(int64(p.size)):
		case begun.over():
			more = true
		default:
			if err := c.startStoring(p); err != nil {
				return 0, false, err
			}
			begun.bytes += int(p.size)
		}
	}
	return done, more, nil
}
