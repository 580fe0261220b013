package core

import "context"

// moveToDisk copies an allocation from memory to disk, where it then has that size, and frees it in
// memory when all of it is stored. refusal is why it can't stay. The call is in its turn; the cache is
// not locked.
func (a *Allocation) moveToDisk(ctx context.Context, size int64, s Settings, refusal error, o *CallOptions) (err error) {
	c, d := a.cache, a.cache.disk
	c.mu.Lock()
	err = a.ended()
	if err == nil {
		d.kick()
		err = withCause(c.takeDisk(s, size), refusal)
	}
	if err == nil {
		a.held[Disk] = size // from here on a disposal gives it back
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	m := moving{a: a}
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil {
			a.resize(Disk, 0)
			a.takeStoreErr() // it is told now
		}
		for _, p := range m.pages.truncate(0) {
			c.unref(p)
		}
		d.pump()
	}()
	if err := d.open(ctx); err != nil {
		return becauseUnavailable(refusal, err)
	}
	if err := m.copy(ctx, o); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := a.ended(); err != nil {
		return err
	}
	m.pages, a.pages = a.pages, m.pages
	a.size, a.medium = size, Disk
	a.resize(Memory, 0)
	c.ledger.allocations[Memory]--
	c.ledger.allocations[Disk]++
	c.reallocations++
	c.spills++
	return nil
}

// A moving is the copy on disk of an allocation in memory, while it is made.
type moving struct {
	a     *Allocation
	pages pageTable
}

// copy stores the pages of the allocation under new names.
func (m *moving) copy(ctx context.Context, o *CallOptions) error {
	a, c, d := m.a, m.a.cache, m.a.cache.disk
	var copies []*page
	for i := range pagesOf(a.Size()) {
		c.mu.Lock()
		from := a.pages.get(i)
		err := a.ended()
		for err == nil && !d.hasRoom(int64(from.size)) {
			if err = d.waitForRoom(ctx); err == nil {
				err = a.ended()
			}
		}
		if err != nil {
			c.mu.Unlock()
			return err
		}
		buf, err := d.newBuffer(int(from.size))
		if err == nil {
			err = buf.WriteAt(from.memory(), 0)
		}
		if err != nil {
			c.mu.Unlock()
			return err
		}
		p := &page{refs: 1, size: from.size, owner: a, number: i, buf: buf, parts: []part{{to: int(from.size)}}}
		m.pages.set(i, p)
		copies = append(copies, p)
		d.enqueue(p)
		d.pump()
		c.mu.Unlock()
	}
	return a.awaitStored(ctx, copies, o)
}
