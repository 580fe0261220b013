package disk

import (
	"context"
	"slices"

	"asposecache/core/driver"
	"asposecache/core/rows"
)

// Fetched has the records that a call has fetched to make new images of what is in them. Lost records are not in it.
type Fetched map[*Record]driver.Buffer

// LackedBy adds to missing the records that have to be fetched before a successor of old with other rows can be made:
// as many as fit in a window, and at least one if any lacks.
func (d *Disk) LackedBy(missing []*Record, old *Image, w rows.Rows, size int, got Fetched) []*Record {
	kept, stay := d.keeps(old, w, size)
	if stay {
		return missing
	}
	return d.lacking(missing, kept, got)
}

// Lacks adds to missing the records that have to be fetched before all of an image is in memory: as many as a window has
// room for, or one.
func (d *Disk) Lacks(missing []*Record, im *Image, got Fetched) []*Record {
	return d.lacking(missing, im.extents, got)
}

func (d *Disk) lacking(missing []*Record, extents []extent, got Fetched) []*Record {
	bytes := 0
	for _, r := range missing {
		bytes += r.size
	}
	for _, e := range extents {
		r := e.record
		if r == nil || r.near() || got[r] != nil || slices.Contains(missing, r) {
			continue
		}
		if bytes += r.size; bytes > d.traits.WindowBytes && len(missing) > 0 {
			break
		}
		missing = append(missing, r)
	}
	return missing
}

// Fetch fetches records, and returns those that it has found to be lost. It waits.
func (d *Disk) Fetch(ctx context.Context, records []*Record, got Fetched) (lost []*Record, err error) {
	ranges := make([]driver.Range, len(records))
	for i, r := range records {
		ranges[i] = r.whole()
	}
	buffers, err := d.get(ctx, ranges)
	for i, b := range buffers {
		switch r := records[i]; {
		case b != nil:
			got[r] = b
		case !r.lost:
			r.lost = true
			lost = append(lost, r)
		}
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return lost, err
}

// Unsure adds to records those that an image needs and that only the store has, if it still does. asked are those that
// were added before. When one is known to be lost that is the error; start is where the page begins in the allocation.
func (im *Image) Unsure(records []*Record, asked map[*Record]bool, start int64) ([]*Record, error) {
	for _, e := range im.extents {
		switch r := e.record; {
		case r == nil || r.buf != nil:
		case r.lost:
			return records, lostError(start+int64(e.from), e.to-e.from)
		case !asked[r]:
			asked[r] = true
			records = append(records, r)
		}
	}
	return records, nil
}

// Check asks the store whether it still has records, and returns those that it has found to be lost. It waits.
func (d *Disk) Check(ctx context.Context, records []*Record) (lost []*Record, err error) {
	keys := make([]driver.Key, len(records))
	for i, r := range records {
		keys[i] = r.key
		r.holds++ // or it could be deleted meanwhile
	}
	var there []bool
	d.unlocked(func() { there, err = d.store.Has(ctx, keys) })
	d.statistics.Transactions++
	if err != nil {
		d.statistics.Failures++
		err = unavailable(err)
	}
	for i, r := range records {
		if err == nil && !there[i] && !r.lost {
			r.lost = true
			lost = append(lost, r)
		}
		d.release(r)
	}
	d.Pump()
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return lost, err
}

// Free gives back what was fetched.
func (d *Disk) Free(got Fetched) {
	for r, b := range got {
		d.store.FreeBuffer(b)
		delete(got, r)
	}
}
