package disk

import (
	"container/list"
	"iter"
	"slices"

	"asposecache/core/driver"
)

// A readCache keeps records that somebody may want soon: those of which a read has used only a part, and those that were
// fetched ahead of reads in order ([Disk.FetchAhead]) or because somebody may go there ([Disk.FetchSoon]).
type readCache struct {
	recent list.List // of them, oldest first
	bytes  int
}

// keep keeps the buffer of a record, and frees the oldest ones beyond most bytes.
func (c *readCache) keep(r *Record, b driver.Buffer, most int, store driver.Store) {
	r.buf = b
	r.recent = c.recent.PushBack(r)
	c.bytes += b.Len()
	for c.bytes > most {
		c.forget(c.recent.Front().Value.(*Record), store)
	}
}

// forget frees the buffer of a record, if it has one.
func (c *readCache) forget(r *Record, store driver.Store) {
	if r.buf == nil {
		return
	}
	c.recent.Remove(r.recent)
	c.bytes -= r.buf.Len()
	store.FreeBuffer(r.buf)
	r.buf, r.recent = nil, nil
}

// clear frees all of them.
func (c *readCache) clear(store driver.Store) {
	for e := c.recent.Front(); e != nil; e = c.recent.Front() {
		c.forget(e.Value.(*Record), store)
	}
}

// remember keeps the buffer of a record that was fetched, if somebody may want it.
func (d *Disk) remember(r *Record, b driver.Buffer) {
	if r.buf != nil || r.holds == 0 || d.stopped() {
		d.store.FreeBuffer(b)
		return
	}
	d.cache.keep(r, b, d.traits.CacheBytes, d.store)
}

// FetchAhead begins to fetch what follows where pages are read in order. run is how many bytes were read so by now: the
// longer that goes on, the more is fetched. images are those of the pages that follow, nil where there is none, and
// pageSize is how many bytes each of these has at most.
func (d *Disk) FetchAhead(run int64, pageSize int, images iter.Seq[*Image]) {
	most := min(d.traits.AheadRecords, int(4*run/int64(d.traits.RecordBytes))+1)
	missing, seen := following(images, most, most*d.traits.RecordBytes/pageSize+1)
	if len(missing) < min(seen, d.traits.AheadBatch) {
		return
	}
	for batch := range slices.Chunk(missing, d.traits.AheadBatch) {
		d.prefetch(batch)
	}
}

// following returns how many records have what the first images hold, at most so many, and which of them are neither in
// memory nor on their way. It does not look far: there may be no images for a long way.
func following(images iter.Seq[*Image], most, far int) (missing []*Record, seen int) {
	var last *Record
	for im := range images {
		if far--; far < 0 {
			break
		}
		if im == nil {
			continue
		}
		for _, e := range im.extents {
			r := e.record
			if r == nil || r == last {
				continue
			}
			if seen == most {
				return missing, seen
			}
			last = r
			seen++
			if !r.settled() && r.coming == nil {
				missing = append(missing, r)
			}
		}
	}
	return missing, seen
}

// FetchSoon begins to fetch what somebody will want: as many records of images as half of the read cache has room for.
func (d *Disk) FetchSoon(images iter.Seq[*Image]) {
	if d.stopped() {
		return
	}
	if records := d.soon(images); len(records) > 0 {
		d.prefetch(records)
	}
}

// soon returns those records, each once.
func (d *Disk) soon(images iter.Seq[*Image]) (records []*Record) {
	has := make(map[*Record]bool)
	bytes := 0
	for im := range images {
		for _, e := range im.extents {
			r := e.record
			if r == nil || r.settled() || r.coming != nil || has[r] {
				continue
			}
			if bytes += r.size; bytes > d.traits.CacheBytes/2 {
				return records
			}
			has[r] = true
			records = append(records, r)
		}
	}
	return records
}

// prefetch begins to fetch records into the read cache. Who needs one that can't be read will ask again, and be told.
func (d *Disk) prefetch(records []*Record) {
	done := make(chan struct{})
	ranges := make([]driver.Range, len(records))
	for i, r := range records {
		r.coming = done
		ranges[i] = r.fullRange()
	}
	d.ahead.Go(func() {
		d.lock.Lock()
		defer d.lock.Unlock()
		buffers, _ := d.get(d.ctx, ranges)
		for i, r := range records {
			r.coming = nil
			if buffers != nil && buffers[i] != nil {
				d.remember(r, buffers[i])
			}
		}
		close(done)
	})
}
