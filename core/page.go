package core

import "asposecache/core/driver"

// newPage makes a page of n bytes for place i of an allocation, where it may take the place of another. It has neither a
// block nor an image yet. The one reference is the caller's, until it is put in the table.
//
//go:noinline
func newPage(a *Allocation, i int64, n int) *page {
	return &page{refs: 1, size: int32(n), owner: a, number: i}
}

// memory returns the bytes of a page in memory.
func (p *page) memory() driver.Bytes { return p.block.bytes(int(p.size)) }

// copyIn copies a piece of src into a page in memory. A page that is overwritten as a whole is not cleared before.
func (p *page) copyIn(at piece, src driver.Buffer) error {
	blank, dst := p.block.blank, p.block.bytes
	if at.Solid() && at.From == 0 && at.To == int(p.size) {
		dst = p.block.overwrite
	}
	err := at.CopyIn(driver.Bytes(dst(int(p.size))), 0, src)
	if err != nil {
		p.block.blank = blank
	}
	return err
}

// medium returns where the page lies: in memory as long as it has a block.
func (p *page) medium() Medium {
	if p.block != nil {
		return Memory
	}
	return Disk
}

// Place returns what the disk puts pages together by: the allocation that the page was made for, and its number there.
func (p *page) Place() (of any, number int64) { return p.owner, p.number }

// put puts a page into the table, in the place of the one that is there. The reference is the table's now.
func (a *Allocation) put(i int64, p *page) {
	if old := a.pages.get(i); old != nil {
		a.drop(old)
	}
	a.pages.set(i, p)
	if p.block != nil && a.home == Disk { // where has found it there, and coldest may have forgotten it
		a.cache.arrived[Memory]++
		a.touch()
	}
	if !a.disposed {
		a.cache.hold(p, a.role)
	}
}

// drop gives up a page that is, or was, in the table.
func (a *Allocation) drop(p *page) {
	if !a.disposed {
		a.cache.release(p, a.role)
	}
	a.cache.unref(p)
}

// unref gives up one reference to a page; the last one frees it.
func (c *Cache) unref(p *page) {
	p.refs--
	if p.refs > 0 {
		return
	}
	c.book.remove(p)
	if p.block != nil {
		c.endMove(p)
		c.heap.release(p.block)
		p.block = nil
	}
	c.dropImage(p)
}

// dropImage frees what there is of a page on disk.
func (c *Cache) dropImage(p *page) {
	if p.image != nil {
		c.disk.Drop(p.image)
		p.image = nil
	}
}

// leave begins to move a page to disk, where the caller has found room for it.
func (c *Cache) leave(p *page, m *move) {
	c.change(p, func() { p.move = m })
	if !m.whole {
		c.leaving += int64(p.size)
	}
}

// endMove ends the move of a page, if there is one. An image that was made for it stays.
func (c *Cache) endMove(p *page) {
	if m := p.move; m != nil {
		if !m.whole {
			c.leaving -= int64(p.size)
		}
		c.change(p, func() { p.move = nil })
	}
}
