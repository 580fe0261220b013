package core

import (
	"context"
	"errors"

	"asposecache/core/disk"
	"asposecache/core/driver"
)

// Resize gives a surface another width and height. Pixels keep their coordinates; new ones are zero. Tiles of which
// all four sides stay where they are keep their pages; those at the old and the new edge are made anew. In all else,
// as to limits and making room, it is like [Turn.Reallocate], but that a surface on disk may have to wait for the
// tiles at its edge, and that one that had to move to disk stays there if it then can't be resized.
//
// Errors: [RangeError]; [ArgumentError] when it is no surface; [driver.ErrUnavailable] when a tile can't be fetched;
// those of Reallocate.
func (t *Turn) Resize(ctx context.Context, width, height int64, o *CallOptions) error {
	c := t.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	defer t.end()
	if _, err := (SurfaceSpec{width, height, 1}).layout(); err != nil {
		return err
	}
	if err := t.begin(ctx); err != nil {
		return err
	}
	r := resizing{a: t.a, settings: t.settings, got: make(disk.Fetched)}
	defer r.free()
	return r.resize(ctx, width, height, o)
}

// Resize changes the width and the height of a surface; see [Turn.Resize].
func (a *Allocation) Resize(ctx context.Context, width, height int64) error {
	return a.Turn().Resize(ctx, width, height, nil)
}

// A resizing is one Resize under way.
type resizing struct {
	a        *Allocation
	layout   layout // the new one
	settings Settings
	got      disk.Fetched // records of tiles that are made anew
	fresh    []*page      // the tiles that are made
}

func (r *resizing) resize(ctx context.Context, width, height int64, o *CallOptions) (err error) {
	a, c := r.a, r.a.cache
	if err := a.ended(); err != nil {
		return err
	}
	if !a.layout.tiled() {
		return errNotTiled
	}
	if r.layout, err = (SurfaceSpec{width, height, int(a.layout.bpp)}).layout(); err != nil {
		return err
	}
	if err = r.run(ctx, o); err == nil {
		c.reallocations++
	}
	return err
}

// free gives back what was not used.
func (r *resizing) free() {
	c := r.a.cache
	c.disk.Free(r.got)
	for _, p := range r.fresh {
		c.unref(p)
	}
	r.fresh = nil
	r.a.giveRoom()
	c.disk.Pump()
}

func (r *resizing) run(ctx context.Context, o *CallOptions) (err error) {
	a, c, s := r.a, r.a.cache, r.settings
	size := r.layout.bytes()
	grow := size - a.size
	if err := r.fetch(ctx); err != nil {
		return err
	}
	try, err := a.stockUp(ctx, grow, s, r.try)
	if err != nil {
		return err
	}
	if s.ExactReallocateOnly && grow > 0 && a.where() == Memory {
		err = c.makeRoom(ctx, s, size, WhyReallocate, a, try)
	} else {
		_, err = try()
	}
	if isFull(err) && grow > 0 && s.ExactReallocateOnly && s.CacheType != CacheInMemoryOnly && a.where() == Memory {
		if err = a.moveOut(ctx, s, grow, WhyReallocate, err, o); err != nil {
			return err
		}
		a.giveRoom() // it is taken again at once
		err = errAgain
	}
	for err == errAgain { // pages have left memory, and are needed from there
		if err = r.fetch(ctx); err == nil {
			_, err = r.try()
		}
	}
	return err
}

// errAgain: something has changed while the call has waited.
var errAgain = errors.New("core: to be tried again")

// A placed is a page that has a place in the new layout.
type placed struct {
	page   *page
	old, i int64 // its number before and after
	same   bool  // its tile is as large as before
}

// placed yields those pages. Tiles without one are not looked at: there may be more of them than anybody can count.
func (r *resizing) placed(yield func(placed) bool) {
	was, is := r.a.layout, r.layout
	for old, p := range r.a.pages.all() {
		x, y := old%was.across(), old/was.across()
		if x >= is.across() || y >= is.down() {
			continue
		}
		i := y*is.across() + x
		t, u := was.tile(old), is.tile(i)
		if !yield(placed{p, old, i, t.Width == u.Width && t.Height == u.Height}) {
			return
		}
	}
}

// fetch waits until what is needed of the store is here, and there is room for what is to be stored.
func (r *resizing) fetch(ctx context.Context) error {
	a, d := r.a, r.a.cache.disk
	for {
		if err := a.ended(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var missing []*disk.Record
		var need int64
		for p := range r.placed {
			if p.same || p.page.block != nil {
				continue
			}
			need += int64(lengthOf(r.layout, 0, p.i))
			missing = d.Lacks(missing, p.page.image, r.got)
		}
		if len(missing) == 0 {
			if d.HasRoom(need) {
				return nil
			}
			if err := d.WaitForRoom(ctx); err != nil {
				a.takeStoreErr() // it is told now
				return err
			}
			continue
		}
		if err := a.fetch(ctx, missing, r.got); err != nil {
			return err
		}
	}
}

// try makes the tiles and puts them in place, or returns what it needs for that and why it can't, with nothing changed.
func (r *resizing) try() (needed need, err error) {
	a, c := r.a, r.a.cache
	size, m := r.layout.bytes(), a.where()
	table := pageTable{book: c.book}
	var sum int64 // bytes of the pages
	needed[Disk] = -a.reserved
	kept := make(map[*page]bool)
	var todo []placed
	for p := range r.placed {
		n := int64(lengthOf(r.layout, size, p.i))
		sum += n
		if p.same {
			table.set(p.i, p.page)
			kept[p.page] = true
			continue
		}
		if p.page.block == nil && c.disk.Lacks(nil, p.page.image, r.got) != nil {
			return needed, errAgain
		}
		todo = append(todo, p)
		needed[p.page.medium()] += n
	}
	if m == Memory {
		n := size - r.common()
		sum += n
		needed[Memory] += n
	}
	fresh := needed[Memory]
	a.pages.each(func(_ int64, p *page) {
		if !kept[p] && p.holders == 1 {
			needed[p.medium()] -= int64(p.size)
		}
	})
	reserved := size - sum
	if a.role == RoleHistory { // it has no room for what was never written before
		reserved = min(reserved, a.reserved+max(0, size-a.size))
	}
	needed[Disk] += reserved
	if size > a.size {
		if err := c.fits(needed, r.settings); err != nil {
			return needed, err
		}
	}
	if !c.machine.Fits(fresh - c.heap.freeBytes()) {
		return need{fresh, needed[Disk]}, c.full(Memory, fresh, r.settings.MaxMemoryForCache, ByMemory)
	}
	if m == Memory {
		for i := range pageCount(r.layout, size) {
			if !r.isCommon(i) {
				todo = append(todo, placed{i: i})
			}
		}
	}
	for _, t := range todo {
		p, err := r.make(t.i, t.old, t.page)
		if err != nil {
			for _, p := range r.fresh {
				c.unref(p)
			}
			r.fresh = nil
			return need{fresh, needed[Disk]}, err
		}
		r.fresh = append(r.fresh, p)
	}
	for _, p := range r.fresh {
		table.set(p.number, p)
	}
	old := a.pages
	a.reserve(0)
	old.each(func(_ int64, p *page) {
		if !kept[p] {
			a.drop(p)
		}
	})
	for _, p := range r.fresh {
		c.hold(p, a.role)
		if p.image != nil {
			c.disk.Enqueue(p.image)
		}
	}
	r.fresh = nil
	a.pages, a.layout, a.size = table, r.layout, size
	a.reserve(reserved)
	a.where() // what is left may be on disk
	return needed, nil
}

// isCommon reports whether there was a tile in the place of tile i; common returns how many bytes such tiles have now.
func (r *resizing) isCommon(i int64) bool {
	was, is := r.a.layout, r.layout
	return i%is.across() < was.across() && i/is.across() < was.down()
}

func (r *resizing) common() int64 {
	was, is := r.a.layout, r.layout
	return min(is.width, was.across()*TileSide) * min(is.height, was.down()*TileSide) * is.bpp
}

// make makes tile i, with what it has of the tile that was there.
func (r *resizing) make(i, old int64, from *page) (p *page, err error) {
	p = newPage(r.a, i, lengthOf(r.layout, 0, i))
	if from == nil || from.block != nil {
		err = r.makeInMemory(p, old, from)
	} else {
		err = r.makeOnDisk(p, old, from.image)
	}
	if err != nil {
		r.a.cache.unref(p)
		return nil, err
	}
	return p, nil
}

func (r *resizing) makeInMemory(p *page, old int64, from *page) error {
	c, n := r.a.cache, int(p.size)
	if c.machine.Fits(int64(n) - c.heap.freeBytes()) {
		p.block = c.heap.alloc(n)
	}
	switch {
	case p.block == nil:
		return c.full(Memory, int64(n), r.settings.MaxMemoryForCache, ByMemory)
	case from == nil:
		return nil
	}
	return r.copyCommon(p.memory(), p.number, from.memory(), old)
}

func (r *resizing) makeOnDisk(p *page, old int64, from *disk.Image) (err error) {
	d, n := r.a.cache.disk, int(p.size)
	if p.image = d.LostImage(p, from, n); p.image != nil {
		return nil
	}
	if p.image, err = d.Blank(p, n); err != nil {
		return err
	}
	if err := p.image.Buffer().Clear(0, n); err != nil {
		return err
	}
	return d.Gathered(from, r.got, func(b driver.Buffer) error {
		return r.copyCommon(p.image.Buffer(), p.number, b, old)
	})
}

// copyCommon copies the pixels that tile i has in common with tile old of before.
func (r *resizing) copyCommon(dst driver.Buffer, i int64, src driver.Buffer, old int64) error {
	was, is, bpp := r.a.layout.tile(old), r.layout.tile(i), r.layout.bpp
	return driver.CopyRows(dst, 0, int(is.Width*bpp), src, 0, int(was.Width*bpp),
		int(min(was.Width, is.Width)*bpp), int(min(was.Height, is.Height)))
}
