package core

// ID returns the number of the allocation in its cache, from 1 on; no number is used again.
func (a *Allocation) ID() int64 { return a.id }

// Size returns the number of bytes.
func (a *Allocation) Size() int64 {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.size
}

// Role returns what it is for: history if it was made by Snapshot, else working.
func (a *Allocation) Role() Role { return a.role }

// Medium returns memory while any of its bytes are there, else disk; an allocation of no bytes stays where it was.
func (a *Allocation) Medium() Medium {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.where()
}

// Held returns how many bytes it holds on a medium, those that it shares with others included; the counters of the
// cache have those once. It is 0 after Dispose.
func (a *Allocation) Held(m Medium) int64 {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.sum(m)
}

// CallOptions are options of one call; the zero value is the default.
type CallOptions struct {
	// Progress is told from time to time how many of the call's bytes are done.
	Progress func(done, total int64)
}

// Dispose frees the allocation. The counters fall at once. Reads, writes and snapshots called before it finish, the
// writes without being stored; everything else, and every later call, fails with [ErrDisposed].
func (a *Allocation) Dispose() {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	a.dispose()
}

func (a *Allocation) dispose() {
	if a.disposed {
		return
	}
	c := a.cache
	onDisk := a.touchesDisk()
	a.reserve(0)
	a.giveRoom()
	if a.first == nil {
		a.free()
	} else {
		a.pages.each(func(_ int64, p *page) { c.release(p, a.role) })
	}
	c.homes[a.home]--
	a.disposed = true
	c.forget(a)
	delete(c.live, a)
	if onDisk {
		c.disk.Kick() // what it frees may be the room that storing failed for
		c.disk.Pump()
	}
	if a.first != nil || len(c.requests) > 0 {
		c.disk.Wake() // a call that waits has to end, or may find the room it waits for
	}
}

// free gives up the pages, when no call needs them any more.
func (a *Allocation) free() {
	pages := a.pages
	a.pages = pageTable{book: pages.book}
	pages.each(func(_ int64, p *page) { a.drop(p) })
}

// checkRange returns how many bytes are meant by n from off on; n < 0 means all up to the end.
func (a *Allocation) checkRange(off, n int64) (int64, error) {
	if off < 0 || off > a.size {
		return 0, outOfRange("offset", off, 0, a.size)
	}
	if n < 0 {
		n = a.size - off
	}
	if n > a.size-off {
		return 0, outOfRange("length", n, 0, a.size-off)
	}
	return n, nil
}

// ended returns why a call has nothing to do any more, or nil.
func (a *Allocation) ended() error {
	switch {
	case a.cache.closed:
		return ErrClosed
	case a.disposed:
		return ErrDisposed
	}
	return nil
}

// attach makes an allocation of pages. Those of a working one become its own, and on disk, where it has none yet, room
// for all bytes is reserved. Those of a snapshot are shared by now, and it reserves nothing for those that it lacks.
func (c *Cache) attach(r Role, m Medium, pages pageTable, l layout, size int64) *Allocation {
	c.lastID++
	a := &Allocation{cache: c, id: c.lastID, role: r, home: m, pages: pages, layout: l, size: size}
	if r == RoleWorking { // a snapshot's pages are others' and shared by now
		pages.each(func(_ int64, p *page) {
			p.owner = a
			c.hold(p, r)
		})
	}
	if m == Disk && r == RoleWorking {
		a.reserve(size)
	}
	c.live[a] = struct{}{}
	c.homes[m]++
	if r == RoleHistory {
		a.listed = c.states.PushBack(a)
	}
	a.touch()
	return a
}
