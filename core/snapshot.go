package core

import (
	"context"
	"iter"

	"asposecache/core/rows"
)

// Snapshot makes an allocation with the content of this moment, all writes called before included. It copies
// no bytes and asks for no room: both have the same pages until one of them writes, and the counters have
// each page once. On disk, bytes that were never written have no room reserved in the snapshot.
//
// The snapshot is an allocation like others, but that its role is [RoleHistory]. An end of ctx is honoured
// until its turn comes.
//
// Errors: [ErrDisposed]; [ErrClosed]; [FullError] when the machine has no memory for what describes it; the
// cause of ctx's end.
func (t *Turn) Snapshot(ctx context.Context) (*Allocation, error) {
	defer t.end()
	if err := t.begin(ctx); err != nil {
		return nil, err
	}
	return t.snapshot()
}

func (t *Turn) snapshot() (*Allocation, error) {
	c := t.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.spillAhead(t.settings, WhyCopy) // what the writes before it have left behind, also those that could not wait
	return t.a.snapshot()
}

// Snapshot makes an allocation with the content of this moment; see [Turn.Snapshot].
func (a *Allocation) Snapshot(ctx context.Context) (*Allocation, error) {
	return a.Turn().Snapshot(ctx)
}

func (a *Allocation) snapshot() (*Allocation, error) {
	c := a.cache
	switch {
	case c.closed:
		return nil, ErrClosed
	case !c.machine.Spare():
		return nil, c.full(Memory, 0, c.settings.MaxMemoryForCache, ByMemory)
	}
	pages := a.pages.clone()
	c.share(&pages)
	return c.attach(RoleHistory, a.where(), pages, a.layout, a.size), nil
}

// sole tells whether nobody else needs the page as it is.
func (p *page) sole() bool { return p.refs == 1 && p.move == nil }

// copyPage makes a page of a's own with the bytes of a page in memory, but for those of the piece, which may be
// anything. They are left out only where they are one run: to copy what is between rows takes a call for each, which
// in WebAssembly is longer than to copy it all. The room is the call's. It answers why there is none.
func (a *Allocation) copyPage(s Settings, at piece) (*page, error) {
	c, i := a.cache, at.page
	n := a.pageLen(i)
	if err := c.fitsInMemory(s, int64(n)); err != nil {
		return nil, err
	}
	var b *block
	if c.machine.Fits(int64(n) - c.heap.freeBytes()) {
		b, _ = c.heap.take(n)
	}
	if b == nil {
		return nil, c.full(Memory, int64(n), s.MaxMemoryForCache, ByMemory)
	}
	a.takeRoom(Memory, int64(n))
	old, new := a.pages.get(i).block.bytes(n), b.bytes(n)
	if at.Solid() {
		copy(new[:at.From], old)
		copy(new[at.To:], old[at.To:])
	} else {
		copy(new, old)
	}
	p := newPage(a, i, n)
	p.block = b
	return p, nil
}

// unshare makes the pages of pieces, which are in memory, the allocation's own, if there is memory for copies of
// all that are not. The bytes of the pieces stay, unless they are to be replaced. It does not wait.
func (a *Allocation) unshare(all iter.Seq[piece], purpose Purpose) error {
	c := a.cache
	var copies []*page
	defer a.giveRoom()
	for at := range all {
		if a.pages.get(at.page).refs == 1 {
			continue
		}
		if purpose != ForReplacing {
			at = piece{at.page, rows.Rows{Count: 1}} // nothing of it is left out
		}
		p, err := a.copyPage(c.settings, at)
		if err != nil {
			for _, p := range copies {
				c.unref(p)
			}
			return err
		}
		copies = append(copies, p)
	}
	a.giveRoom() // the pages are counted now
	for _, p := range copies {
		a.put(p.number, p)
	}
	for at := range all {
		c.stay(a.pages.get(at.page))
	}
	return nil
}
