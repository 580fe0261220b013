package disk

import (
	"context"
	"slices"

	"asposecache/core/driver"
	"asposecache/core/rows"
)

// Fetched has the records that a call has fetched to make new images of what is in them. Lost records are not in it.
type Fetched map[*Record]driver.Buffer

// LackedBy adds to missing the records that have to be fetched before a successor of old with other rows, of size
// bytes, can be made: as many as fit in a window, and at least one if any is lacking.
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
		if r == nil || r.settled() || got[r] != nil || slices.Contains(missing, r) {
			continue
		}
		if bytes += r.size; bytes > d.traits.WindowBytes && len(missing) > 0 {
			break
		}
		missing = append(missing, r)
	}
	return missing
}

// Fetch fetches records into got, which is given back by Free, and returns those that it has found to be lost. It waits.
func (d *Disk) Fetch(ctx context.Context, records []*Record, got Fetched) (lost []*Record, err error) {
	ranges := make([]driver.Range, len(records))
	for i, r := range records {
		ranges[i] = r.fullRange()
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

// Free gives back what was fetched.
func (d *Disk) Free(got Fetched) {
	for r, b := range got {
		d.store.FreeBuffer(b)
		delete(got, r)
	}
}
