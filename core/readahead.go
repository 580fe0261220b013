package core

const (
	// mostRecent bounds the bytes of records that are kept after a read, or fetched before one.
	mostRecent = 16 << 20
	// ahead is how many records are fetched ahead of sequential reads, at least half of them at once.
	ahead = 8
)

// A readCache keeps records that somebody may want soon: those of which a read has used only a part,
// and those that follow where an allocation is read in order. What a record holds never changes, so
// nothing in here can be out of date: what a write replaces is no longer in any table.
type readCache struct {
	recent []*record // oldest first
	bytes  int
}

// remember keeps the buffer of a record that was fetched. The cache is locked.
func (d *disk) remember(r *record, b Buffer) {
	if r.buf != nil || r.pages == 0 || d.ctx.Err() != nil {
		d.store.FreeBuffer(b)
		return
	}
	r.buf = b
	d.recent = append(d.recent, r)
	d.bytes += b.Len()
	for d.bytes > mostRecent {
		d.forget(d.recent[0])
	}
}

// forget frees the buffer of a record.
func (d *disk) forget(r *record) {
	for i := range d.recent {
		if d.recent[i] == r {
			d.recent = append(d.recent[:i], d.recent[i+1:]...)
			d.bytes -= r.buf.Len()
			d.store.FreeBuffer(r.buf)
			r.buf = nil
			return
		}
	}
}

// readAhead begins to fetch what follows offset end, when the allocation is read in order: when this
// read, from off on, began where the last one ended. The cache is locked.
func (a *Allocation) readAhead(off, end int64) {
	d := a.cache.disk
	inOrder := off == a.readEnd
	a.readEnd = end
	if !inOrder || a.disposed || end >= a.size {
		return
	}
	var next []*record
	seen := 0
	var last *record
	for i := end / PageSize; i < pagesOf(a.size) && seen < ahead; i++ {
		p := a.pages.get(i)
		if p == nil || p.block != nil || p.buf != nil || p.record == last {
			continue
		}
		last = p.record
		seen++
		if last.buf == nil && last.coming == nil {
			next = append(next, last)
		}
	}
	if len(next) == 0 || len(next) < min(seen, ahead/2) {
		return
	}
	d.fetchAhead(next)
}

// fetchAhead begins to fetch records into the read cache. The cache is locked.
func (d *disk) fetchAhead(next []*record) {
	done := make(chan struct{})
	for _, r := range next {
		r.coming = done
	}
	d.c.calls.Add(1)
	go func() {
		defer d.c.calls.Done()
		buffers, _ := d.get(d.ctx, next) // who needs them will ask again, and be told
		d.c.mu.Lock()
		defer d.c.mu.Unlock()
		for i, r := range next {
			r.coming = nil
			if buffers != nil && buffers[i] != nil {
				d.remember(r, buffers[i])
			}
		}
		close(done)
	}()
}
