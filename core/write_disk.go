package core

import "context"

// mostTogether is how many bytes of one write are put in place at once. What is larger is staged in
// groups, some of which may be stored before the last one is there.
const mostTogether = 8 << 20

// toDisk stages the pages that the write makes and then puts all of them in place, so that it takes
// effect wholly or not at all.
func (w *writing) toDisk(ctx context.Context) error {
	a, c := w.t.a, w.t.a.cache
	c.mu.Lock()
	err := a.takeStoreErr()
	c.mu.Unlock()
	if err != nil {
		return err
	}
	for done := int64(0); done < w.n; {
		// A group ends where a page does: each page is made once.
		from := w.off + done
		to := min(w.off+w.n, (from+mostTogether)/PageSize*PageSize)
		var group []piece
		for at := range pieces(from, to-from) {
			at.at += done
			group = append(group, at)
		}
		last := group[len(group)-1]
		w.alone = done == 0 && last.at+int64(last.len()) == w.n
		done = last.at + int64(last.len())
		c.mu.Lock()
		edges, err := w.ready(ctx, group)
		if err == nil {
			err = w.stage(group, edges)
		}
		for _, b := range edges {
			c.disk.store.FreeBuffer(b)
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

// inPlace tells whether a piece can be written into the buffer of the page that is there: when nobody
// else needs what is in it, and no other group follows, which could fail when this one is in place.
func (w *writing) inPlace(at piece) bool {
	p := w.t.a.pages.get(at.page)
	return w.alone && p != nil && p.state == pageWaiting && p.refs == 1 && p.buf.Len() >= at.to
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
		for _, at := range group {
			if w.inPlace(at) {
				continue
			}
			need += int64(pageLen(a.size, at.page))
			p := a.pages.get(at.page)
			if p == nil || p.buf != nil || p.gone() || p.record.buf != nil || at.from == 0 && at.to >= int(p.size) || edges[p] != nil {
				continue
			}
			missing = p
		}
		switch {
		case missing != nil:
			if err := w.keepLocked(); err != nil {
				return edges, err
			}
			b, err := w.fetch(ctx, missing)
			if err != nil {
				return edges, err
			}
			if b != nil {
				edges[missing] = b
			}
		case d.hasRoom(need):
			return edges, nil
		default:
			if err := w.keepLocked(); err != nil {
				return edges, err
			}
			if err := d.waitForRoom(ctx); err != nil {
				a.takeStoreErr() // it is told now
				return edges, err
			}
		}
	}
}

// fetch reads the record of a stored page. The answer is nil when the store no longer has it.
func (w *writing) fetch(ctx context.Context, p *page) (Buffer, error) {
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
		c.noteLost(w.t.a, p)
	}
	return got[0], nil
}

func (w *writing) keepLocked() error {
	c := w.t.a.cache
	c.mu.Unlock()
	defer c.mu.Lock()
	return w.keep()
}

// stage makes the pages that a group of pieces needs and gives them to the disk. Pieces that can be
// written in place come last, when there is nothing left that has to be made.
func (w *writing) stage(group []piece, edges map[*page]Buffer) error {
	a, d := w.t.a, w.t.a.cache.disk
	staged := len(w.fresh)
	for _, at := range group {
		if w.inPlace(at) {
			continue
		}
		p, err := w.version(at, edges)
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
		if at.to > int(p.size) {
			// What a shrinking cut off is still in the buffer.
			if err := p.buf.Clear(int(p.size), p.buf.Len()-int(p.size)); err != nil {
				return err
			}
			p.size = int32(p.buf.Len())
		}
		if err := copyBuffer(p.buf, at.from, w.src, int(at.at), at.len()); err != nil {
			return err
		}
		p.lost = cut(p.lost, at.from, at.to)
	}
	for _, p := range w.fresh[staged:] {
		d.enqueue(p)
	}
	return nil
}

// version makes a page with the content that a piece's page has after the write.
func (w *writing) version(at piece, edges map[*page]Buffer) (*page, error) {
	a, d := w.t.a, w.t.a.cache.disk
	size := pageLen(a.size, at.page)
	buf, err := d.newBuffer(size)
	if err != nil {
		return nil, err
	}
	p := &page{refs: 1, size: int32(size), owner: a, number: at.page, buf: buf}
	if old := a.pages.get(at.page); old != nil && (at.from > 0 || at.to < int(old.size)) {
		from, begin := old.buf, 0
		if from == nil && old.record != nil {
			begin = old.at
			if from = old.record.buf; from == nil {
				from = edges[old]
			}
		}
		if from != nil {
			err = copyBuffer(buf, 0, from, begin, min(int(old.size), size))
		}
		p.lost = cut(old.lost, at.from, at.to)
	}
	if err == nil {
		err = copyBuffer(buf, at.from, w.src, int(at.at), at.len())
	}
	if err != nil {
		d.store.FreeBuffer(buf)
		return nil, err
	}
	return p, nil
}

// commit puts the staged pages in place.
func (w *writing) commit() {
	a := w.t.a
	for _, p := range w.fresh {
		if old := a.pages.get(p.number); old != nil {
			a.cache.unref(old)
		}
		a.pages.set(p.number, p)
	}
	w.fresh = nil
}
