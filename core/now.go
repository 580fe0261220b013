package core

import "asposecache/core/driver"

// WriteNow is Write for callers that can't wait. It reports whether it has written: only if the allocation is on disk
// and its bytes can be put in place at once. If not, nothing has changed, and Write does it or returns why it can't.
func (a *Allocation) WriteNow(src driver.Buffer, off int64) bool {
	c, d := a.cache, a.cache.disk
	c.mu.Lock()
	defer c.mu.Unlock()
	n := int64(src.Len())
	if !a.quiet(off, n) || a.storeErr != nil || d.Failure() != nil || d.TookMuch() || n > mostTogether {
		return false
	}
	w := writing{t: &Turn{a: a, settings: c.settings}, src: src, off: off, n: n, alone: true}
	group := w.list()
	if need, missing := w.survey(group, nil); missing != nil || !d.HasRoom(need) {
		return false
	}
	defer w.release()
	a.touch()
	done := w.takeDiskRoom(group) == nil && w.stage(group, nil) == nil
	if done {
		w.commit(nil)
	}
	return done
}

// ReadNow is Read for callers that can't wait. It reports whether it has read: only if the allocation is on disk and
// its bytes are in memory all the same, because they were read or written not long ago.
func (a *Allocation) ReadNow(target driver.Buffer, off int64) bool {
	c := a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	n := int64(target.Len())
	if !a.quiet(off, n) || c.disk.Failure() != nil || n > pauseEvery {
		return false
	}
	r := reading{a: a, off: off, layout: a.layout, target: target, total: n}
	r.disk = c.disk.NewReader(target)
	defer r.disk.Close()
	for w := range pieces(off, n) {
		if !a.isNear(w) {
			return false
		}
	}
	for w := range pieces(off, n) {
		if _, err := r.copy(w); err != nil {
			return false
		}
	}
	a.touch()
	a.readAhead(off, off+n)
	return true
}

// quiet reports whether the allocation is on disk and no call on it waits, and n bytes from off on are some
// of its bytes.
func (a *Allocation) quiet(off, n int64) bool {
	if a.cache.closed || a.disposed || a.where() != Disk || a.layout.tiled() || a.first != nil || n == 0 {
		return false
	}
	_, err := a.checkRange(off, n)
	return err == nil
}

// isNear reports whether the bytes of a piece are in memory.
func (a *Allocation) isNear(w piece) bool {
	p := a.pages.get(w.page)
	if p == nil {
		return true
	}
	return p.image.Near(w.From, w.To)
}
