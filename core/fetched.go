package core

import (
	"context"
	"slices"

	"asposecache/core/driver"
)

// fetched are records that a call has read because it makes pages anew of what is in them. Nil: they are lost.
type fetched map[*record]driver.Buffer

// lacking adds to missing the records of some parts that are neither in memory nor fetched: as many as have most bytes
// together, or one.
func (got fetched) lacking(missing []*record, parts []part, most int) []*record {
	bytes := 0
	for _, r := range missing {
		bytes += r.size
	}
	for _, q := range parts {
		r := q.record
		if r == nil || r.buf != nil || slices.Contains(missing, r) {
			continue
		}
		if _, ok := got[r]; ok {
			continue
		}
		if bytes += r.size; bytes > most && len(missing) > 0 {
			break
		}
		missing = append(missing, r)
	}
	return missing
}

// fetch reads records of an allocation. The cache is locked, but not while it waits.
func (got fetched) fetch(ctx context.Context, a *Allocation, records []*record) (err error) {
	var buffers []driver.Buffer
	a.cache.unlocked(func() {
		buffers, err = a.cache.disk.get(ctx, allOf(records))
		for i, b := range buffers {
			if b == nil {
				a.cache.noteLost(a, records[i])
			}
		}
	})
	if err == nil {
		for i, b := range buffers {
			got[records[i]] = b
		}
	} else if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return err
}

// free gives back what was fetched.
func (got fetched) free(d *disk) {
	for _, b := range got {
		if b != nil {
			d.store.FreeBuffer(b)
		}
	}
}

// copyPart copies a part of a page to off in dst. Its record is in memory, or was fetched.
func copyPart(dst driver.Buffer, off int, p *page, q part, got fetched) error {
	src, at := p.buf, q.from-p.bufAt
	if q.record != nil {
		if src, at = q.record.buf, q.at; src == nil {
			src = got[q.record]
		}
	}
	return driver.Copy(dst, off, src, at, q.to-q.from)
}
