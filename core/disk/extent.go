package disk

import "asposecache/core/driver"

// An extent says where a range of a page's bytes is: in a record, from at on, or, when there is no record, in the
// buffer of the image.
type extent struct {
	from, to int // in the page
	record   *Record
	at       int // in the record
}

// moreExtents is how many extents an image may have beyond those that it takes to store the page as a whole. So it
// bounds what reading all of it costs: a write that would make more stores the page as a whole.
const moreExtents = 7

// mostExtents is how many extents the image of a page of n bytes may have.
func (d *Disk) mostExtents(n int) int {
	most := d.traits.RecordBytes
	return (n+most-1)/most + moreExtents
}

// clip is what of the extent lies in from, to, if anything does.
func (e extent) clip(from, to int) (extent, bool) {
	f, t := max(e.from, from), min(e.to, to)
	return extent{f, t, e.record, e.at + f - e.from}, f < t
}

// inside are the extents within from, to.
func inside(extents []extent, from, to int) (in []extent) {
	for _, e := range extents {
		if e, ok := e.clip(from, to); ok {
			if in == nil {
				in = make([]extent, 0, len(extents)+2) // overlay appends
			}
			in = append(in, e)
		}
	}
	return in
}

// overlay puts a range that is in the buffer over the extents.
func overlay(extents []extent, from, to int) []extent {
	end := to
	for _, e := range extents {
		end = max(end, e.to)
	}
	before, after := inside(extents, 0, from), inside(extents, to, end)
	if n := len(before); n > 0 && before[n-1].record == nil && before[n-1].to == from {
		from = before[n-1].from
		before = before[:n-1]
	}
	if len(after) > 0 && after[0].record == nil && after[0].from == to {
		to = after[0].to
		after = after[1:]
	}
	return append(append(before, extent{from: from, to: to}), after...)
}

// A Record is what the store has under a key: pages that follow each other, one of them, or a part of one. It never
// changes.
type Record struct {
	key   driver.Key
	size  int
	holds int  // of the extents and the reads that need it
	lost  bool // the store no longer has it

	buf    driver.Buffer // in the read cache
	coming chan struct{} // closed when it has been fetched ahead
}

// whole is all of the record.
func (r *Record) whole() driver.Range { return driver.Range{Key: r.key, Size: r.size} }

// near reports whether the store need not be asked for the record.
func (r *Record) near() bool { return r.buf != nil || r.lost }

// release gives up one hold on a record; the last one deletes it.
func (d *Disk) release(r *Record) {
	r.holds--
	if r.holds == 0 {
		d.cache.forget(r, d.store)
		d.deletes.keys = append(d.deletes.keys, r.key)
	}
}

// deletes are the keys of records that nobody needs any more.
type deletes struct {
	keys []driver.Key
	// first: deleting may make the room that storing lacked.
	first bool
}

// take takes the keys that one transaction deletes.
func (q *deletes) take(most int) []driver.Key {
	n := min(len(q.keys), most)
	keys := append([]driver.Key(nil), q.keys[:n]...)
	q.keys = q.keys[n:]
	return keys
}
