package disk

import (
	"context"

	"asposecache/core/driver"
)

// This file is about whether the store still has what it was given, without reading it.

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
