package core

import "context"

// mostTogether is how many bytes of one write are put in place at once. What is larger is staged in
// groups, some of which may be stored before the last one is there.
const mostTogether = 8 << 20

// stageAll makes the pages that pieces of the write need on disk. whole: they are all of it. The cache is
// locked, but not while it waits.
func (w *writing) stageAll(ctx context.Context, rest []piece, whole bool) error {
	a, c := w.t.a, w.t.a.cache
	for first := true; len(rest) > 0; first = false {
		n := 0
		for bytes := 0; n < len(rest) && bytes+a.pageLen(rest[n].page) <= mostTogether; n++ {
			bytes += a.pageLen(rest[n].page)
			w.done += int64(rest[n].len())
		}
		var group []piece
		group, rest = rest[:n], rest[n:]
		w.alone = whole && first && len(rest) == 0
		edges, err := w.ready(ctx, group)
		if err == nil {
			err = w.takeRoom(group)
		}
		if err == nil {
			err = w.stage(group, edges)
		}
		for _, b := range edges {
			c.disk.store.FreeBuffer(b)
		}
		c.disk.pump()
		if err != nil {
			return err
		}
		if w.options != nil && len(rest) > 0 {
			c.mu.Unlock()
			w.report(w.done)
			c.mu.Lock()
		}
	}
	return nil
}

// takeRoom takes the room on disk that a group of pages needs beyond what the allocation has: that of the
// pages they replace, where nobody else holds them, and what it has reserved for bytes without a page.
func (w *writing) takeRoom(group []piece) error {
	a, c := w.t.a, w.t.a.cache
	if a.disposed {
		return nil
	}
	var need, unreserved int64
	for _, at := range group {
		if w.changes(at) {
			continue
		}
		size := int64(a.pageLen(at.page))
		grown := size
		need += size
		if old := a.pages.get(at.page); old != nil {
			grown -= int64(old.size)
			if old.holders == 1 {
				need -= int64(old.size)
			}
		}
		r := max(0, min(grown, a.reserved-w.unreserved-unreserved))
		need -= r
		unreserved += r
	}
	if need > 0 {
		if err := c.fitsOnDisk(w.t.settings, need); err != nil {
			return err
		}
		a.takeRoom(Disk, need)
	}
	w.unreserved += unreserved
	return nil
}

// changes tells whether a piece can be written into the buffer of the page that is there: when nobody
// else needs what is in it, and no other group follows, which could fail when this one is in place.
func (w *writing) changes(at piece) bool {
	p := w.t.a.pages.get(at.page)
	return w.alone && p != nil && p.state == pageWaiting && p.refs == 1 && int(p.size) == w.t.a.pageLen(at.page)
}

// ready waits until a group of pieces can be staged: until there is room for the pages it makes, and
// what they keep of the pages they replace is in memory: in edges, as the page's record, if it had to be
// fetched. The cache is locked on entry and on return, but not while it waits.
func (w *writing) ready(ctx context.Context, group []piece) (edges map[*page]Buffer, err error) {
	a, d := w.t.a, w.t.a.cache.disk
	edges = make(map[*page]Buffer)
	for {
		if ctx.Err() != nil {
			return edges, context.Cause(ctx)
		}
		var need int64
		var missing *page
		var number int64
		for _, at := range group {
			if w.changes(at) {
				continue
			}
			need += int64(a.pageLen(at.page))
			p := a.pages.get(at.page)
			if p == nil || p.buf != nil || p.gone() || p.record.buf != nil || at.covers(int(p.size)) || edges[p] != nil {
				continue
			}
			missing, number = p, at.page
		}
		if missing != nil || !d.hasRoom(need) {
			if asked, err := w.keepLocked(); err != nil {
				return edges, err
			} else if asked {
				continue
			}
		}
		switch {
		case missing != nil:
			b, err := w.fetch(ctx, number, missing)
			if err != nil {
				return edges, err
			}
			if b != nil {
				edges[missing] = b
			}
		case d.hasRoom(need):
			return edges, nil
		default:
			if err := d.waitForRoom(ctx); err != nil {
				a.takeStoreErr() // it is told now
				return edges, err
			}
		}
	}
}

// fetch reads the record of a stored page, of that number. The answer is nil when the store no longer has it.
func (w *writing) fetch(ctx context.Context, number int64, p *page) (Buffer, error) {
	c := w.t.a.cache
	c.mu.Unlock()
	defer c.mu.Lock()
	got, err := c.disk.get(ctx, []*record{p.record})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	if got[0] == nil {
		c.noteLost(w.t.a, number, p)
	}
	return got[0], nil
}

// keepLocked is keep, before the first wait. It answers whether the cache was unlocked meanwhile, so that
// what the caller knows may be out of date.
func (w *writing) keepLocked() (asked bool, err error) {
	if w.asked {
		return false, nil
	}
	w.asked = true
	c := w.t.a.cache
	c.mu.Unlock()
	defer c.mu.Lock()
	return true, w.keep()
}

// stage makes the pages that a group of pieces needs and gives them to the disk. Pieces that can be
// written in place come last, when there is nothing left that has to be made.
func (w *writing) stage(group []piece, edges map[*page]Buffer) error {
	a, d := w.t.a, w.t.a.cache.disk
	staged := len(w.fresh)
	for _, at := range group {
		if w.changes(at) {
			continue
		}
		p, err := w.version(at, edges)
		if err != nil {
			return err
		}
		w.fresh = append(w.fresh, p)
	}
	for _, at := range group {
		if !w.changes(at) {
			continue
		}
		p := a.pages.get(at.page)
		if err := at.copyIn(p.buf, 0, w.src); err != nil {
			return err
		}
		p.lost = at.cut(p.lost)
	}
	for _, p := range w.fresh[staged:] {
		d.enqueue(p)
	}
	return nil
}

// version makes a page with the content that a piece's page has after the write.
func (w *writing) version(at piece, edges map[*page]Buffer) (*page, error) {
	a, d := w.t.a, w.t.a.cache.disk
	size := a.pageLen(at.page)
	buf, err := d.newBuffer(size)
	if err != nil {
		return nil, err
	}
	p := &page{refs: 1, size: int32(size), owner: a, number: at.page, buf: buf}
	if old := a.pages.get(at.page); old != nil && !at.covers(int(old.size)) {
		from, begin := old.buf, 0
		if from == nil && old.record != nil {
			begin = int(old.at)
			if from = old.record.buf; from == nil {
				from = edges[old]
			}
		}
		if from != nil {
			err = copyBuffer(buf, 0, from, begin, min(int(old.size), size))
		}
		p.lost = at.cut(old.lost)
	}
	if err == nil {
		err = at.copyIn(buf, 0, w.src)
	}
	if err != nil {
		d.store.FreeBuffer(buf)
		return nil, err
	}
	return p, nil
}
