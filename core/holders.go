package core

// Pages are shared between allocations, and the ledger counts each of them once, on the medium where it
// lies, and on disk as well while it moves there. This file is the only one that counts pages.

// count puts the bytes of a page into the ledger, or takes them out.
func (c *Cache) count(p *page, in bool) {
	change := c.ledger.give
	if in {
		change = c.ledger.take
	}
	change(p.medium(), int64(p.size))
	if p.move != nil {
		change(Disk, int64(p.size))
	}
}

// hold notes that one more allocation has a page in its table.
func (c *Cache) hold(p *page, r Role) {
	if p.holders == 0 {
		c.count(p, true)
	}
	p.holders++
	switch {
	case r == RoleWorking:
		p.working++
	case p.holders > 1:
		return // one history more or less: it is listed, or not, as before
	}
	c.relist(p)
}

// share notes that a snapshot's table has its pages, with a reference to each. It is done for every page of a picture
// at each stroke, so it takes the shortest way: of a page that others hold, only two counts change.
func (c *Cache) share(t *pageTable) {
	one := func(p *page) {
		p.refs++
		c.hold(p, RoleHistory)
	}
	for _, slot := range t.dense {
		switch p := t.book.pages[slot]; {
		case p == nil:
		case p.holders > 0:
			p.refs++
			p.holders++
		default:
			one(p)
		}
	}
	for _, p := range t.sparse {
		one(p)
	}
}

// release notes that an allocation no longer has a page in its table, or was disposed of.
func (c *Cache) release(p *page, r Role) {
	p.holders--
	switch {
	case r == RoleWorking:
		p.working--
	case p.holders > 0:
		return
	}
	if p.holders == 0 {
		c.count(p, false)
	}
	c.relist(p)
}

// resizePage changes how many bytes of a page count.
func (c *Cache) resizePage(p *page, n int) {
	if p.holders > 0 {
		c.count(p, false)
	}
	p.size = int32(n)
	if p.holders > 0 {
		c.count(p, true)
	}
}

// change calls how, which changes where a page lies or whether it moves, and counts the page anew.
func (c *Cache) change(p *page, how func()) {
	if p.holders > 0 {
		c.count(p, false)
	}
	was := p.medium()
	how()
	if m := p.medium(); m != was {
		c.arrived[m]++
	}
	if p.holders > 0 {
		c.count(p, true)
	}
	c.relist(p)
}

// relist keeps the list of history in memory: the pages that no working allocation has, in the order in
// which that became so, which is the order in which they move to disk; see spill.go.
func (c *Cache) relist(p *page) {
	cold := p.working == 0 && p.holders > 0 && p.block != nil && p.move == nil && !p.pinned
	switch {
	case cold && p.cold == nil:
		p.cold = c.history.PushBack(p)
	case !cold && p.cold != nil:
		c.history.Remove(p.cold)
		p.cold = nil
	}
}

// where returns the medium of an allocation: memory while any of its pages is there, and else disk; one without bytes
// stays where it was. It notes the answer as home when the last page is found to have left, or a first one to have come
// back.
func (a *Allocation) where() Medium {
	back := a.cache.arrived[Memory]
	switch {
	case a.size == 0 || a.home == Disk && a.back == back:
	case a.anyInMemory():
		a.settle(Memory)
	default:
		a.settle(Disk)
		a.back = back
	}
	return a.home
}

// settle makes a medium the home.
func (a *Allocation) settle(m Medium) {
	if !a.disposed {
		a.cache.homes[a.home]--
		a.cache.homes[m]++
	}
	a.home = m
}

// byMedium returns how many live allocations there are on each medium. They are looked at only when pages have moved.
func (c *Cache) byMedium() [2]int {
	if c.located != c.arrived {
		for a := range c.live {
			a.where()
		}
		c.located = c.arrived
	}
	return c.homes
}

// anyInMemory reports whether any page is in memory. It looks first where it has last found one.
func (a *Allocation) anyInMemory() bool {
	if p := a.pages.get(a.found); p != nil && p.block != nil {
		return true
	}
	for i, p := range a.pages.all() {
		if p.block != nil {
			a.found = i
			return true
		}
	}
	return false
}

// touchesDisk reports whether any of it is on disk.
func (a *Allocation) touchesDisk() bool {
	if a.home == Disk || a.reserved > 0 {
		return true
	}
	onDisk := false
	a.pages.each(func(_ int64, p *page) { onDisk = onDisk || p.block == nil })
	return onDisk
}

// sum returns how many bytes it holds on a medium: its pages there, and what it has reserved beside them.
func (a *Allocation) sum(m Medium) int64 {
	if a.disposed {
		return 0
	}
	var n int64
	if m == Disk {
		n = a.reserved
	}
	a.pages.each(func(_ int64, p *page) {
		if p.medium() == m {
			n += int64(p.size)
		}
	})
	return n
}

// reserve changes to n what is reserved on disk for bytes that have no page yet.
//
//go:noinline
func (a *Allocation) reserve(n int64) {
	if a.disposed {
		return
	}
	c := a.cache
	c.ledger.give(Disk, a.reserved)
	c.ledger.take(Disk, n)
	a.reserved = n
}

// takeRoom takes room for the call under way; giveRoom gives back what it has. Disposing does that too.
func (a *Allocation) takeRoom(m Medium, n int64) {
	if !a.disposed {
		a.cache.ledger.take(m, n)
		a.room[m] += n
	}
}

//
//go:noinline
func (a *Allocation) giveRoom() {
	for m := range a.room {
		a.cache.ledger.give(Medium(m), a.room[m])
		a.room[m] = 0
	}
}
