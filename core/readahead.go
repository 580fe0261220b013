package core

import (
	"slices"

	"asposecache/core/driver"
)

// A readCache keeps records that somebody may want soon: those of which a read has used only a part,
// and those that follow where an allocation is read in order. What a record holds never changes, so
// nothing in here can be out of date: what a write replaces is no longer in any table.
type readCache struct {
	recent []*record // oldest first
	bytes  int
}

// remember keeps the buffer of a record that was fetched. The cache is locked.
func (d *disk) remember(r *record, b driver.Buffer) {
	if r.buf != nil || r.holds == 0 || d.ctx.Err() != nil {
		d.store.FreeBuffer(b)
		return
	}
	r.buf = b
	d.recent = append(d.recent, r)
	d.bytes += b.Len()
	for d.bytes > d.traits.CacheBytes {
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
// read, from off on, began where the last one ended. The longer that goes on, the more is fetched. The
// cache is locked.
func (a *Allocation) readAhead(off, end int64) {
	if off != a.readEnd {
		a.readRun = 0
	}
	inOrder := a.readRun > 0
	a.readEnd = end
	a.readRun += end - off
	if !inOrder || a.disposed || end >= a.size {
		return
	}
	d := a.cache.disk
	ahead := min(d.traits.AheadRecords, int(4*a.readRun/int64(d.traits.RecordBytes))+1)
	missing, seen := a.following(end, ahead)
	if len(missing) < min(seen, d.traits.AheadBatch) {
		return
	}
	for len(missing) > 0 {
		n := min(len(missing), d.traits.AheadBatch)
		d.fetchAhead(missing[:n])
		missing = missing[n:]
	}
}

// following finds the records, so many at most, that have what follows an offset: how many there are, and
// which of them are neither in memory nor on their way.
func (a *Allocation) following(off int64, most int) (missing []*record, seen int) {
	var before *record
	first := off / PageSize // not far: there may be no pages for a long way
	last := first + int64(most*a.cache.disk.traits.RecordBytes/PageSize) + 1
	for i := first; i < min(pagesOf(a.size), last); i++ {
		p := a.pages.get(i)
		if p == nil {
			continue
		}
		for _, q := range p.parts {
			if q.record == nil || q.record == before {
				continue
			}
			if seen == most {
				return missing, seen
			}
			before = q.record
			seen++
			if before.buf == nil && before.coming == nil {
				missing = append(missing, before)
			}
		}
	}
	return missing, seen
}

// fetching collects records of pages that somebody will want: as many as half of the read cache has room for.
type fetching struct {
	records []*record
	bytes   int
	most    int
}

func (d *disk) newFetching() fetching { return fetching{most: d.traits.CacheBytes / 2} }

func (f *fetching) add(p *page) {
	for _, q := range p.parts {
		r := q.record
		if p.block != nil || r == nil || r.buf != nil || r.coming != nil || slices.Contains(f.records, r) {
			continue
		}
		if f.bytes += r.size; f.bytes <= f.most {
			f.records = append(f.records, r)
		}
	}
}

// fetchSoon begins to fetch what was collected. The cache is locked.
func (d *disk) fetchSoon(f fetching) {
	if len(f.records) > 0 && d.ctx.Err() == nil {
		d.fetchAhead(f.records)
	}
}

// fetchAhead begins to fetch records into the read cache.
func (d *disk) fetchAhead(records []*record) {
	done := make(chan struct{})
	for _, r := range records {
		r.coming = done
	}
	d.c.calls.Add(1)
	go func() {
		defer d.c.calls.Done()
		buffers, _ := d.get(d.ctx, allOf(records)) // who needs them will ask again, and be told
		d.c.mu.Lock()
		defer d.c.mu.Unlock()
		for i, r := range records {
			r.coming = nil
			if buffers != nil && buffers[i] != nil {
				d.remember(r, buffers[i])
			}
		}
		close(done)
	}()
}
