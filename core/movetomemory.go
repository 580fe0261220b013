package core

import (
	"context"

	"asposecache/core/disk"
	"asposecache/core/driver"
	"asposecache/core/rows"
)

// Pages come back to memory only when somebody asks for it. Each stays the same page: everybody who has it in a table
// sees it come back. It happens to all of them at once, when their bytes are there, in blocks whose room was taken
// before. Until then they are on disk, where they can be read and written.
//
// A page that an allocation has grown beyond is too short for a block of it to be of use to all who share it. It stays
// on disk, and who wants it in memory gets one of its own.

// A returning is one MoveToMemory under way.
type returning struct {
	a        *Allocation
	settings Settings
	options  *CallOptions

	arrivals []*arrival // in order of their pages
	at       map[int64]*arrival
	done     int64
}

// An arrival is a block for a page that is to be in memory.
type arrival struct {
	number int64
	n      int   // bytes of the page
	page   *page // that comes back; nil: one is made, because there is none or it is too short
	block  *block
	filled bool // it has the bytes, or they were never written
}

// MoveToMemory moves all of the allocation to memory, and gives it pages for bytes that were never written. If it is
// there already there is nothing to do. Under [SpillColdest] what is colder makes room. An end of ctx is honoured all the
// time. Other allocations that share its pages have them in memory then, too.
//
// Errors: [FullError] of the memory; [ErrLost]; [driver.ErrUnavailable] when the store does not answer; [ErrDisposed];
// [ErrClosed]; the cause of ctx's end. After an error it is where it was.
func (t *Turn) MoveToMemory(ctx context.Context, o *CallOptions) error {
	t.a.cache.mu.Lock()
	defer t.a.cache.mu.Unlock()
	defer t.end()
	if err := t.begin(ctx); err != nil {
		return err
	}
	r := returning{a: t.a, settings: t.settings, options: o, at: make(map[int64]*arrival)}
	defer r.giveUp()
	return r.run(ctx)
}

// MoveToMemory moves all of the allocation to memory; see [Turn.MoveToMemory].
func (a *Allocation) MoveToMemory(ctx context.Context) error { return a.Turn().MoveToMemory(ctx, nil) }

func (r *returning) run(ctx context.Context) error {
	a, c := r.a, r.a.cache
	if err := a.ended(); err != nil {
		return err
	}
	n := r.lack()
	take, err := c.stockUp(ctx, n, c.fitsInMemory(r.settings, n), r.take)
	if err != nil {
		return err
	}
	for {
		switch err := a.ended(); {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		if r.lack() == 0 {
			break
		}
		if err := c.makeRoom(ctx, r.settings, a.size, WhyMoveToMemory, a, take); err != nil {
			return err
		}
		take = r.take // what it needs besides, it waits for like everybody
		if err := r.read(ctx); err != nil {
			return err
		}
		// Pages may have left memory meanwhile.
	}
	r.land()
	return nil
}

// giveUp gives back what was not used.
func (r *returning) giveUp() {
	for _, arr := range r.arrivals {
		r.a.cache.heap.release(arr.block)
	}
	r.arrivals = nil
	r.a.giveRoom()
}

// needs returns how many bytes page i still needs in memory, 0 if it has a block there; p is what the table has.
func (r *returning) needs(i int64, p *page) int {
	switch {
	case p != nil && p.block != nil || r.at[i] != nil:
		return 0
	case p == nil || p.short:
		return r.a.pageLen(i)
	}
	return int(p.size)
}

// lack returns how many bytes are neither in memory nor have a block there. There may be more pages than anybody can
// count of which nothing was ever written, so those are not looked at.
func (r *returning) lack() int64 {
	n := r.a.size
	r.a.pages.each(func(i int64, p *page) { n += int64(r.needs(i, p) - r.a.pageLen(i)) })
	for _, arr := range r.arrivals {
		if r.a.pages.get(arr.number) == nil {
			n -= int64(arr.n)
		}
	}
	return n
}

// take takes the room and the blocks for what is lacking, or returns how much that is and why it can't be had.
func (r *returning) take() (needed need, err error) {
	a, c := r.a, r.a.cache
	n := r.lack()
	needed[Memory] = n
	if err := c.fitsInMemory(r.settings, n); err != nil {
		return needed, err
	}
	before := len(r.arrivals)
	if !c.machine.Fits(n-c.heap.freeBytes()) || !r.takeBlocks() {
		for _, arr := range r.arrivals[before:] {
			c.heap.release(arr.block)
			delete(r.at, arr.number)
		}
		r.arrivals = r.arrivals[:before]
		return needed, c.full(Memory, n, r.settings.MaxMemoryForCache, ByMemory)
	}
	a.takeRoom(Memory, n)
	return needed, nil
}

// takeBlocks takes blocks for all that is lacking, and reports whether there were enough. If not, the caller gives back
// those that it took.
func (r *returning) takeBlocks() bool {
	a := r.a
	for i := range pageCount(a.layout, a.size) {
		p := a.pages.get(i)
		n := r.needs(i, p)
		if n == 0 {
			continue
		}
		b := a.cache.heap.alloc(n)
		if b == nil {
			return false
		}
		arr := &arrival{number: i, n: n, page: p, block: b, filled: p == nil}
		if p != nil && p.short {
			arr.page = nil
		}
		r.arrivals = append(r.arrivals, arr)
		r.at[i] = arr
	}
	return true
}

// read fills the blocks. It waits.
func (r *returning) read(ctx context.Context) error {
	a, c := r.a, r.a.cache
	defer c.disengage(c.engage())
	reader := c.disk.NewReader(nil)
	defer reader.Close()
	defer func() { c.lost(reader.Lost, a) }()
	total := int64(0)
	for _, arr := range r.arrivals {
		total += int64(arr.n)
	}
	progress := func(copied int) {
		r.done += int64(copied)
		c.progress(ctx, r.options, min(r.done, total), total)
	}
	var s stretch
	for _, arr := range r.arrivals {
		if s.over() {
			progress(0)
			c.rest(ctx)
			s = stretch{}
		}
		if err := a.ended(); err != nil {
			return err
		}
		copied, err := r.fill(reader, arr)
		if err != nil {
			return err
		}
		r.done += int64(copied)
		s.bytes += copied
	}
	progress(0)
	if err := reader.Fetch(ctx, progress); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return err
	}
	for _, arr := range r.arrivals {
		arr.filled = true
	}
	return nil
}

// fill copies what is in memory of a page's bytes to its block, and has the reader fetch the rest.
func (r *returning) fill(reader *disk.Reader, arr *arrival) (copied int, err error) {
	if arr.filled {
		return 0, nil
	}
	dst := driver.Bytes(arr.block.overwrite(arr.n))
	switch p := r.a.pages.get(arr.number); {
	case p == nil:
		clear(dst)
		return arr.n, nil
	case p.block != nil: // somebody else has moved it, and it may leave again
		return copy(dst, p.memory()), nil
	default:
		reader.Into(dst)
		return reader.Read(p.image, rows.Rows{To: arr.n, Count: 1, Row: arr.n}, r.a.layout.pageStart(arr.number))
	}
}

// land puts the pages in memory.
func (r *returning) land() {
	a, c := r.a, r.a.cache
	a.giveRoom() // the pages are counted now
	for _, arr := range r.arrivals {
		p := arr.page
		switch {
		case p == nil || p.short: // by now
			p = newPage(a, arr.number, arr.n)
			p.block = arr.block
			a.put(arr.number, p)
		case p.block != nil: // somebody else has moved it
			c.heap.release(arr.block)
		default:
			c.change(p, func() { p.block = arr.block })
			c.dropImage(p)
		}
	}
	r.arrivals = nil
	a.pages.each(func(_ int64, p *page) { c.stay(p) })
	a.reserve(0)
	a.settle(Memory)
	a.storeErr = nil // nothing of it waits any more
	a.touch()
	c.listBack()
	c.disk.Wake() // room on disk may be what somebody waits for
	c.disk.Pump()
}
