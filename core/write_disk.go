package core

import (
	"context"
)

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
		got, err := w.ready(ctx, group)
		if err == nil {
			err = w.takeRoom(group)
		}
		if err == nil {
			err = w.stage(group, got)
		}
		got.free(c.disk)
		c.disk.pump()
		if err != nil {
			return err
		}
		if w.options != nil && len(rest) > 0 {
			c.unlocked(func() { w.report(w.done) })
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
	need, unreserved := w.needOnDisk(group)
	if need > 0 {
		if err := c.fitsOnDisk(w.t.settings, need); err != nil {
			return err
		}
		a.takeRoom(Disk, need)
	}
	w.unreserved += unreserved
	return nil
}

// needOnDisk is how much room that is, and how much of what is reserved it uses.
func (w *writing) needOnDisk(group []piece) (need, unreserved int64) {
	a := w.t.a
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
	return max(0, need), unreserved
}

// changes tells whether a piece can be written into the buffer of the page that is there: when nobody
// else needs what is in it, and no other group follows, which could fail when this one is in place.
func (w *writing) changes(at piece) bool {
	p := w.t.a.pages.get(at.page)
	if !w.alone || p == nil || p.state != pageWaiting || p.refs > 1 || int(p.size) != w.t.a.pageLen(at.page) ||
		at.from < p.bufAt || at.to > p.bufAt+p.buf.Len() {
		return false
	}
	// A range laid over parts makes two more at most.
	most := w.t.a.cache.disk.mostParts(int(p.size))
	if len(p.parts)+2 > most && len(overlay(p.parts, at.from, at.to)) > most {
		return false
	}
	if at.solid() {
		return true
	}
	for _, q := range p.parts { // what is between the rows must be there
		if q.record == nil && q.from <= at.from && at.to <= q.to {
			return true
		}
	}
	return false
}

// keeps are the parts of the page that a piece's version of it keeps, and whether it keeps them where they
// are. Otherwise it has to copy all of them: because the page would fall into too many, or because of what is
// between the rows of the piece.
func (w *writing) keeps(at piece) (parts []part, stay bool) {
	old := w.t.a.pages.get(at.page)
	switch {
	case old == nil:
		return nil, true
	case !at.solid():
		return old.parts, false
	}
	parts = append(inside(old.parts, 0, at.from), inside(old.parts, at.to, int(old.size))...)
	return parts, len(parts) < w.t.a.cache.disk.mostParts(w.t.a.pageLen(at.page))
}

// ready waits until a group of pieces can be staged: until there is room for the pages it makes, and
// the records are fetched that it needs. The cache is locked on entry and on return, but not while it
// waits.
func (w *writing) ready(ctx context.Context, group []piece) (got fetched, err error) {
	d := w.t.a.cache.disk
	for {
		if ctx.Err() != nil {
			return got, context.Cause(ctx)
		}
		need, missing := w.survey(group, got)
		if missing == nil && d.hasRoom(need) {
			return got, nil
		}
		if asked, err := w.keepLocked(); err != nil {
			return got, err
		} else if asked {
			continue
		}
		if missing == nil {
			if err := d.waitForRoom(ctx); err != nil {
				w.t.a.takeStoreErr() // it is told now
				return got, err
			}
			continue
		}
		if got == nil {
			got = make(fetched)
		}
		if err := got.fetch(ctx, w.t.a, missing); err != nil {
			return got, err
		}
	}
}

// survey answers how many bytes more would wait if a group of pieces were staged now, and records
// that have to be fetched first: as many as are fetched together.
func (w *writing) survey(group []piece, got fetched) (need int64, missing []*record) {
	for _, at := range group {
		if w.changes(at) {
			continue
		}
		need += int64(w.t.a.pageLen(at.page))
		parts, stay := w.keeps(at)
		if stay {
			continue
		}
		missing = got.lacking(missing, parts, w.t.a.cache.disk.traits.WindowBytes)
	}
	return need, missing
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
func (w *writing) stage(group []piece, got fetched) error {
	a, d := w.t.a, w.t.a.cache.disk
	staged := len(w.fresh)
	for _, at := range group {
		if w.changes(at) {
			d.taken += at.len()
			continue
		}
		p, err := w.version(at, got)
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
		if err := at.copyIn(p.buf, -p.bufAt, w.src); err != nil {
			return err
		}
		d.setParts(p, overlay(p.parts, at.from, at.to))
		p.lost = at.cut(p.lost)
	}
	for _, p := range w.fresh[staged:] {
		d.enqueue(p)
	}
	return nil
}

// version makes a page with the content that a piece's page has after the write.
func (w *writing) version(at piece, got fetched) (*page, error) {
	a, d := w.t.a, w.t.a.cache.disk
	size := a.pageLen(at.page)
	old := a.pages.get(at.page)
	p := &page{refs: 1, size: int32(size), owner: a, number: at.page}
	parts, stay := w.keeps(at)
	// A piece of a stored page is stored alone. Where there was nothing, more is likely to come; and so
	// it is when this is not the first piece.
	from, to := at.from, at.to
	if old == nil || old.buf != nil || !stay {
		from, to = 0, size
	}
	var err error
	d.taken += to - from
	if p.buf, err = d.newBuffer(to - from); err != nil {
		return nil, err
	}
	made := false
	defer func() { // also after a panic of the source
		if !made {
			d.free(p)
		}
	}()
	p.bufAt = from
	if !at.solid() {
		err = p.buf.Clear(at.from-from, at.to-at.from)
	}
	var rest []part
	for _, q := range parts {
		if q.record != nil && stay {
			rest = append(rest, q)
			continue
		}
		if err == nil {
			err = copyPart(p.buf, q.from-from, old, q, got)
		}
		rest = overlay(rest, q.from, q.to)
	}
	if err == nil {
		err = at.copyIn(p.buf, -from, w.src)
	}
	if err != nil {
		return nil, err
	}
	made = true
	if old != nil {
		p.lost = at.cut(old.lost)
	}
	d.setParts(p, overlay(rest, at.from, at.to))
	return p, nil
}
