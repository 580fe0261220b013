package core

import (
	"context"

	"asposecache/core/disk"
)

// mostTogether is how many bytes of pages a write stages at a time. A larger write is staged in groups, and the
// first may be stored before the last is staged; then all are put in place together.
const mostTogether = 8 << 20

// stageAll makes the pages that pieces of the write need on disk. whole: they are all of the write.
func (w *writing) stageAll(ctx context.Context, rest []piece, whole bool) error {
	a := w.t.a
	for first := true; len(rest) > 0; first = false {
		n := 0
		for bytes := 0; n < len(rest) && bytes+a.pageLen(rest[n].page) <= mostTogether; n++ {
			bytes += a.pageLen(rest[n].page)
			w.done += int64(rest[n].Len())
		}
		var group []piece
		group, rest = rest[:n], rest[n:]
		w.alone = whole && first && len(rest) == 0
		if err := w.stageGroup(ctx, group); err != nil {
			return err
		}
		if len(rest) > 0 && w.options != nil && w.options.Progress != nil {
			if _, err := w.keep(ctx); err != nil { // the listener may change src
				return err
			}
			w.report(ctx, w.done)
		}
	}
	return nil
}

// stageGroup makes the pages of pieces that wait for the store together.
func (w *writing) stageGroup(ctx context.Context, group []piece) error {
	d := w.t.a.cache.disk
	got := make(disk.Fetched)
	defer d.Pump()
	defer d.Free(got) // also after a panic
	group, err := w.ready(ctx, group, got)
	if err == nil {
		err = w.takeDiskRoom(group)
	}
	if err == nil {
		err = w.stage(group, got)
	}
	return err
}

// takeDiskRoom takes the room on disk that a group of pages needs beyond what the allocation has: that of the
// pages they replace, where nobody else holds them, and what it has reserved for bytes without a page.
func (w *writing) takeDiskRoom(group []piece) error {
	a, c := w.t.a, w.t.a.cache
	if a.disposed {
		return nil
	}
	need, unreserved := w.needOnDisk(group)
	if need > 0 {
		if err := c.fitsOnDisk(w.t.settings, need); err != nil {
			return err
		}
		a.takeRoom(Disk, need)
	}
	w.unreserved += unreserved
	return nil
}

// needOnDisk returns how much room takeDiskRoom has to take for a group of pages, and how much of what is reserved they
// use.
func (w *writing) needOnDisk(group []piece) (need, unreserved int64) {
	a := w.t.a
	for _, at := range group {
		if w.changes(at) {
			continue
		}
		size := int64(a.pageLen(at.page))
		grown := size
		need += size
		if old := a.pages.get(at.page); old != nil {
			grown -= int64(old.size)
			if old.holders == 1 {
				need -= int64(old.size)
			}
		}
		r := max(0, min(grown, a.reserved-w.unreserved-unreserved))
		need -= r
		unreserved += r
	}
	return max(0, need), unreserved
}

// changes reports whether a piece can be written into the image that is there: when nobody else needs what is in it, and
// no other group follows, which could fail when this one is in place.
func (w *writing) changes(at piece) bool {
	p := w.t.a.pages.get(at.page)
	return w.alone && p != nil && p.refs == 1 && int(p.size) == w.t.a.pageLen(at.page) &&
		w.t.a.cache.disk.Takes(p.image, at.Rows)
}

// ready waits until a group of pieces can be staged: until there is room for the pages it makes, and the records that
// it needs are in got. It returns the pieces of which the pages are still on disk.
func (w *writing) ready(ctx context.Context, group []piece, got disk.Fetched) ([]piece, error) {
	d := w.t.a.cache.disk
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		group = w.stillOnDisk(group)
		need, missing := w.survey(group, got)
		if missing == nil && d.HasRoom(need) {
			return group, nil
		}
		if asked, err := w.keep(ctx); err != nil {
			return nil, err
		} else if asked {
			continue
		}
		if missing == nil {
			if err := d.WaitForRoom(ctx); err != nil {
				w.t.a.takeStoreErr() // it is told now
				return nil, err
			}
			continue
		}
		if err := w.t.a.fetch(ctx, missing, got); err != nil {
			return nil, err
		}
	}
}

// stillOnDisk returns the pieces of a group but for those of which the page has come back to memory meanwhile, because
// somebody who shares it has asked for that. These are noted in w.back.
func (w *writing) stillOnDisk(group []piece) (onDisk []piece) {
	for _, at := range group {
		if p := w.t.a.pages.get(at.page); p != nil && p.block != nil {
			w.back = append(w.back, at)
			w.alone = false
		} else {
			onDisk = append(onDisk, at)
		}
	}
	return onDisk
}

// survey returns how many bytes more would wait if a group of pieces were staged now, and records
// that have to be fetched first: as many as are fetched together.
func (w *writing) survey(group []piece, got disk.Fetched) (need int64, missing []*disk.Record) {
	a := w.t.a
	for _, at := range group {
		if w.changes(at) {
			continue
		}
		need += int64(a.pageLen(at.page))
		missing = a.cache.disk.LackedBy(missing, a.image(at.page), at.Rows, a.pageLen(at.page), got)
	}
	return need, missing
}

// stage makes the pages that a group of pieces needs and gives them to the disk. Pieces that can be
// written in place come last, when there is nothing left that has to be made.
func (w *writing) stage(group []piece, got disk.Fetched) error {
	a, d := w.t.a, w.t.a.cache.disk
	staged := len(w.fresh)
	for _, at := range group {
		if w.changes(at) {
			continue
		}
		p := newPage(a, at.page, a.pageLen(at.page))
		var err error
		if p.image, err = d.Successor(p, a.image(at.page), int(p.size), at.Rows, w.src, got); err != nil {
			return err
		}
		w.fresh = append(w.fresh, p)
	}
	for _, at := range group {
		if !w.changes(at) {
			continue
		}
		p := a.pages.get(at.page)
		if err := d.Write(p.image, at.Rows, w.src); err != nil {
			return err
		}
		p.short = false // nobody else has it
	}
	for _, p := range w.fresh[staged:] {
		d.Enqueue(p.image)
	}
	return nil
}
