package core

import (
	"iter"

	"asposecache/core/driver"
	"asposecache/core/rows"
)

// Purpose is what bytes are wanted for at once.
type Purpose int32

const (
	ForReading Purpose = iota
	ForWriting
	// ForReplacing is ForWriting by who gives every byte that was asked for a new value before anything else
	// happens to the cache. Until then they may be anything: of pages that others share they need not be copied.
	ForReplacing
)

// Access returns the bytes from off on up to the end of their page, if n bytes from off on can be had at
// once; [Allocation.Chunk] returns those of the pages that follow. The slices are valid, for reading and,
// if that is the purpose, for writing, until the next other call that is made on the cache. For n = 0 it is
// empty.
//
// Errors: [ErrNotInMemory], [ErrBusy], [RangeError], [ErrDisposed], [ErrClosed]; for writing [FullError] when
// there is no room for copies of the pages that others share: nothing moves to disk for them.
func (a *Allocation) Access(off, n int64, purpose Purpose) ([]byte, error) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.access(off, n, purpose)
}

func (a *Allocation) access(off, n int64, purpose Purpose) ([]byte, error) {
	if err := a.mayAccess(); err != nil {
		return nil, err
	}
	if a.layout.tiled() {
		return nil, errTiled
	}
	if _, err := a.checkRange(off, n); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, nil
	}
	first := off / PageSize
	own, err := a.openPages(pageGrid{first, pagesOf(off+n) - first, 1, 0})
	if err == nil && purpose != ForReading && !own {
		err = a.unshare(pieces(off, n), purpose)
	}
	if err != nil {
		return nil, err
	}
	return a.chunk(off), nil
}

// Steady returns how many bytes from off on lie one after the other in memory and need not be asked for again. Access
// must have allowed n bytes from off on, n > 0. The result holds until the next call on the cache other than Access
// for another allocation, Chunk, and those that only report something. It goes up to the end of the page, or on
// through those pages of the n bytes that follow it in memory. Under [SpillColdest] it is 0, for there each use has
// to be noted to know what is coldest; uses before that setting was made are not known.
func (a *Allocation) Steady(off, n int64) int64 {
	c := a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.settings.SpillPolicy != SpillNever {
		return 0
	}
	i, last := off/PageSize, (off+n-1)/PageSize
	for i < last && a.pages.get(i).block.precedes(a.pages.get(i+1).block) {
		i++
	}
	return min(a.size, (i+1)*PageSize) - off
}

// mayAccess returns why there is no access at once.
func (a *Allocation) mayAccess() error {
	switch {
	case a.cache.closed:
		return ErrClosed
	case a.disposed:
		return ErrDisposed
	case a.home == Disk && a.where() == Disk:
		return ErrNotInMemory
	case a.first != nil:
		return ErrBusy
	}
	return nil
}

// A pageGrid is rows of n pages, of which each begins pitch pages after the one before.
type pageGrid struct{ first, n, rows, pitch int64 }

// openPages returns [ErrNotInMemory] unless all pages of g are in memory, and notes that the allocation is used. own
// reports whether nobody else needs them as they are.
func (a *Allocation) openPages(g pageGrid) (own bool, err error) {
	own = true
	// Plain loops, for this is the shortest path there is.
	for y := range g.rows {
		for i := g.first + y*g.pitch; i < g.first+y*g.pitch+g.n; i++ {
			p := a.pages.get(i)
			if p == nil || p.block == nil {
				return false, ErrNotInMemory
			}
			own = own && p.sole()
		}
	}
	a.touch()
	return own, nil
}

// Chunk returns the bytes from off, less than the size, up to the end of their page; see Access.
func (a *Allocation) Chunk(off int64) []byte {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.chunk(off)
}

func (a *Allocation) chunk(off int64) []byte {
	p := a.pages.get(off / PageSize)
	return p.block.bytes(linearLen(a.size, off/PageSize))[off%PageSize:]
}

// sole reports whether nobody else needs the page as it is.
func (p *page) sole() bool { return p.refs == 1 && p.move == nil }

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
		p, err := a.copyPage(c.settings, at, false)
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

// AccessRect is [Allocation.Access] for a surface: it makes ready the tiles that a rectangle covers, whose bytes
// [Allocation.Tile] then returns.
//
// Errors: those of Access; [ArgumentError] when it is no surface.
func (a *Allocation) AccessRect(r Rect, purpose Purpose) error {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.accessRect(r, purpose)
}

func (a *Allocation) accessRect(r Rect, purpose Purpose) error {
	if err := a.mayAccess(); err != nil {
		return err
	}
	if err := (&rect{Rect: r, length: -1}).check(a); err != nil {
		return err
	}
	if r.Width == 0 || r.Height == 0 {
		return nil
	}
	x, y := r.X/TileSide, r.Y/TileSide
	own, err := a.openPages(pageGrid{
		first: y*a.layout.across() + x,
		n:     (r.X+r.Width-1)/TileSide - x + 1,
		rows:  (r.Y+r.Height-1)/TileSide - y + 1,
		pitch: a.layout.across(),
	})
	if err == nil && purpose != ForReading && !own {
		err = a.unshare(a.layout.rectPieces(r, 0), purpose)
	}
	return err
}

// Tile returns the bytes of the tile in column x and row y of the surface's tiles, which AccessRect has made ready, and
// its width in pixels: its rows are as long.
func (a *Allocation) Tile(x, y int64) (p []byte, width int) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	i := y*a.layout.across() + x
	page := a.pages.get(i)
	return page.block.bytes(int(page.size)), int(a.layout.tile(i).Width)
}

// CopyRectOut copies a rectangle that AccessRect has made ready to p, row after row.
func (a *Allocation) CopyRectOut(r Rect, p []byte) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	for w := range a.layout.rectPieces(r, r.Width*a.layout.bpp) {
		_ = w.CopyOut(driver.Bytes(p), a.pages.get(w.page).memory(), 0) // bytes in the heap are always there
	}
}

// CopyRectIn replaces a rectangle that AccessRect has made ready for writing by p, row after row.
func (a *Allocation) CopyRectIn(r Rect, p []byte) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	for w := range a.layout.rectPieces(r, r.Width*a.layout.bpp) {
		_ = w.CopyIn(a.pages.get(w.page).memory(), 0, driver.Bytes(p))
	}
}

// copyPage makes a page of a's own with the bytes of a page in memory, but for those of the piece, which may be
// anything. They are left out only where they are one run: to copy what is between rows takes a call for each, which in
// WebAssembly is longer than to copy it all. It takes the room for the call, unless the call has done so: then it was
// granted. It returns why there is none.
func (a *Allocation) copyPage(s Settings, at piece, granted bool) (*page, error) {
	c, i := a.cache, at.page
	n := a.pageLen(i)
	if !granted {
		if err := c.fitsInMemory(s, int64(n)); err != nil {
			return nil, err
		}
	}
	var b *block
	if c.machine.Fits(int64(n) - c.heap.freeBytes()) {
		b = c.heap.alloc(n)
	}
	if b == nil {
		return nil, c.full(Memory, int64(n), s.MaxMemoryForCache, ByMemory)
	}
	if !granted {
		a.takeRoom(Memory, int64(n))
	}
	old, new := a.pages.get(i).block.bytes(n), b.overwrite(n)
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
