package core

import "asposecache/core/driver"

// A part says where a range of a page's bytes is: in a record, from at on, or, when there is no record,
// in the buffer of the page.
//
// A page is written to disk as it is changed: a write to a part of a stored page stores that part and
// leaves the rest where it is, so that it need not be read first.
type part struct {
	from, to int // within the page
	record   *record
	at       int // in the record
}

// moreParts is how many parts a page may have beyond those that it takes to store it as a whole. So it bounds what
// reading all of it costs: a write that would make more stores the page as a whole.
const moreParts = 7

// mostParts is how many parts a page of n bytes may have.
func (d *disk) mostParts(n int) int {
	most := d.traits.RecordBytes
	return (n+most-1)/most + moreParts
}

// A record is what the store has under a key: pages that follow each other, one of them, or a part of one. It
// never changes.
type record struct {
	key   driver.Key
	size  int
	holds int // parts and reads that need it

	buf    driver.Buffer // in the read cache
	coming chan struct{} // closed when it has been fetched ahead
}

// whole is all of the record.
func (r *record) whole() driver.Range { return driver.Range{Key: r.key, Size: r.size} }

// allOf is all of each of some records.
func allOf(records []*record) []driver.Range {
	ranges := make([]driver.Range, len(records))
	for i, r := range records {
		ranges[i] = r.whole()
	}
	return ranges
}

// cut is what of the part lies in from, to, if anything does.
func (q part) cut(from, to int) (part, bool) {
	f, t := max(q.from, from), min(q.to, to)
	return part{f, t, q.record, q.at + f - q.from}, f < t
}

// inside are the parts of a list within from, to.
func inside(parts []part, from, to int) (in []part) {
	for _, q := range parts {
		if q, ok := q.cut(from, to); ok {
			if in == nil {
				in = make([]part, 0, len(parts)+2) // overlay appends
			}
			in = append(in, q)
		}
	}
	return in
}

// overlay puts a range that is in the buffer over the parts.
func overlay(parts []part, from, to int) []part {
	end := to
	for _, q := range parts {
		end = max(end, q.to)
	}
	before, after := inside(parts, 0, from), inside(parts, to, end)
	if n := len(before); n > 0 && before[n-1].record == nil && before[n-1].to == from {
		from = before[n-1].from
		before = before[:n-1]
	}
	if len(after) > 0 && after[0].record == nil && after[0].from == to {
		to = after[0].to
		after = after[1:]
	}
	return append(append(before, part{from: from, to: to}), after...)
}

// setParts replaces the parts of a page.
func (d *disk) setParts(p *page, parts []part) {
	old := p.parts
	p.parts = parts
	for _, q := range parts {
		if q.record != nil {
			q.record.holds++
		}
	}
	for _, q := range old {
		if q.record != nil {
			d.release(q.record)
		}
	}
}

// release gives up one hold on a record; the last one deletes it.
func (d *disk) release(r *record) {
	r.holds--
	if r.holds == 0 {
		d.forget(r)
		d.deletes = append(d.deletes, r.key)
	}
}
