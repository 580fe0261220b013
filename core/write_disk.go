package core

import "context"

// mostTogether is how many bytes of one write are put in place at once. What is larger is staged in
// groups, some of which may be stored before the last one is there.
const mostTogether = 8 << 20

// toDisk stages the pages that the write makes and then puts all of them in place, so that it takes
// effect wholly or not at all.
func (w *writing) toDisk(ctx context.Context) error {
	a, c := w.a, w.a.cache
	c.mu.Lock()
	err := a.takeStoreErr()
	c.mu.Unlock()
	if err != nil {
		return err
	}
	for done := int64(0); done < w.n; {
		group := w.group(done)
		last := group[len(group)-1]
		w.alone = done == 0 && last.at+int64(last.len()) == w.n
		done = last.at + int64(last.len())
		c.mu.Lock()
		got, err := w.ready(ctx, group)
		if err == nil {
			err = w.stage(group, got)
		}
		for _, b := range got {
			if b != nil {
				c.disk.store.FreeBuffer(b)
			}
		}
		if err == nil && done == w.n {
			w.commit()
		}
		c.disk.pump()
		c.mu.Unlock()
		if err != nil {
			return err
		}
		w.options.progress(done, w.n)
	}
	return nil
}

// group are the pieces that are put in place together when so many bytes are done. It ends where a page
// does: each page is made once.
func (w *writing) group(done int64) (group []piece) {
	from := w.off + done
	to := min(w.off+w.n, (from+mostTogether)/PageSize*PageSize)
	for at := range pieces(from, to-from) {
		at.at += done
		group = append(group, at)
	}
	return group
}

// fetched are records that a write has read because it needs what is in them. Nil: they are lost.
type fetched map[*record]Buffer

// inPlace tells whether a piece can be written into the buffer of the page that is there: when nobody
// else needs what is in it, and no other group follows, which could fail when this one is in place.
func (w *writing) inPlace(at piece) bool {
	p := w.a.pages.get(at.page)
	return w.alone && p != nil && p.state == pageWaiting && p.refs == 1 &&
		at.from >= p.bufAt && at.to <= p.bufAt+p.buf.Len() &&
		len(overlay(p.parts, at.from, at.to)) <= mostParts
}

// keeps are the parts of the page that a piece's version of it keeps, and whether it keeps them where they
// are. Otherwise it has to copy all of them, so that the page does not fall into too many.
func (w *writing) keeps(at piece) (parts []part, stay bool) {
	old := w.a.pages.get(at.page)
	if old == nil {
		return nil, true
	}
	parts = append(inside(old.parts, 0, at.from), inside(old.parts, at.to, int(old.size))...)
	return parts, len(parts) < mostParts
}

// ready waits until a group of pieces can be staged: until there is room for the pages it makes, and
// the records are fetched that it needs. The cache is locked on entry and on return, but not while it
// waits.
func (w *writing) ready(ctx context.Context, group []piece) (got fetched, err error) {
	d := w.a.cache.disk
	for {
		if ctx.Err() != nil {
			return got, context.Cause(ctx)
		}
		need, missing := w.survey(group, got)
		if missing == nil && d.hasRoom(need) {
			return got, nil
		}
		if err := w.keepLocked(); err != nil {
			return got, err
		}
		if missing == nil {
			if err := d.waitForRoom(ctx); err != nil {
				w.a.takeStoreErr() // it is told now
				return got, err
			}
			continue
		}
		b, err := w.fetch(ctx, missing)
		if err != nil {
			return got, err
		}
		if got == nil {
			got = make(fetched)
		}
		got[missing] = b
	}
}

// survey answers how many bytes more would wait if a group of pieces were staged now, and a record
// that has to be fetched first, if there is one.
func (w *writing) survey(group []piece, got fetched) (need int64, missing *record) {
	for _, at := range group {
		if w.inPlace(at) {
			continue
		}
		need += int64(pageLen(w.a.size, at.page))
		parts, stay := w.keeps(at)
		if stay {
			continue
		}
		for _, q := range parts {
			if q.record == nil || q.record.buf != nil {
				continue
			}
			if _, ok := got[q.record]; !ok {
				missing = q.record
			}
		}
	}
	return need, missing
}

// fetch reads a record. The answer is nil when the store no longer has it.
func (w *writing) fetch(ctx context.Context, r *record) (Buffer, error) {
	c := w.a.cache
	c.mu.Unlock()
	defer c.mu.Lock()
	got, err := c.disk.get(ctx, []*record{r})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	if got[0] == nil {
		c.noteLost(w.a, r)
	}
	return got[0], nil
}

func (w *writing) keepLocked() error {
	c := w.a.cache
	c.mu.Unlock()
	defer c.mu.Lock()
	return w.keep()
}

// stage makes the pages that a group of pieces needs and gives them to the disk. Pieces that can be
// written in place come last, when there is nothing left that has to be made.
func (w *writing) stage(group []piece, got fetched) error {
	a, d := w.a, w.a.cache.disk
	staged := len(w.fresh)
	for _, at := range group {
		if w.inPlace(at) {
			continue
		}
		p, err := w.version(at, got)
		if err != nil {
			return err
		}
		w.fresh = append(w.fresh, p)
	}
	for _, at := range group {
		if !w.inPlace(at) {
			continue
		}
		p := a.pages.get(at.page)
		if err := CopyBuffer(p.buf, at.from-p.bufAt, w.src, int(at.at), at.len()); err != nil {
			return err
		}
		d.setParts(p, overlay(p.parts, at.from, at.to))
		p.size = max(p.size, int32(at.to))
		p.lost = cut(p.lost, at.from, at.to)
	}
	for _, p := range w.fresh[staged:] {
		d.enqueue(p)
	}
	return nil
}

// version makes a page with the content that a piece's page has after the write.
func (w *writing) version(at piece, got fetched) (*page, error) {
	a, d := w.a, w.a.cache.disk
	size := pageLen(a.size, at.page)
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
	if p.buf, err = d.newBuffer(to - from); err != nil {
		return nil, err
	}
	p.bufAt = from
	var rest []part
	for _, q := range parts {
		if q.record != nil && stay {
			rest = append(rest, q)
			continue
		}
		src, srcAt := old.buf, q.from-old.bufAt
		if q.record != nil {
			if src, srcAt = q.record.buf, q.at; src == nil {
				src = got[q.record]
			}
		}
		if err = CopyBuffer(p.buf, q.from-from, src, srcAt, q.to-q.from); err != nil {
			break
		}
		rest = overlay(rest, q.from, q.to)
	}
	if err == nil {
		err = CopyBuffer(p.buf, at.from-from, w.src, int(at.at), at.len())
	}
	if err != nil {
		d.free(p)
		return nil, err
	}
	if old != nil {
		p.lost = cut(old.lost, at.from, at.to)
	}
	d.setParts(p, overlay(rest, at.from, at.to))
	return p, nil
}

// commit puts the staged pages in place.
func (w *writing) commit() {
	a := w.a
	for _, p := range w.fresh {
		if old := a.pages.get(p.number); old != nil {
			a.cache.unref(old)
		}
		a.pages.set(p.number, p)
	}
	w.fresh = nil
}
