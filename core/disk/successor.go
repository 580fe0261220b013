package disk

import (
	"asposecache/core/driver"
	"asposecache/core/rows"
)

// What is on disk does not change: a write makes a successor of the image that is there. Only what waits to be stored,
// and nobody else needs, can be written to in place.

// Takes reports whether rows can be written into the buffer of an image in place.
func (d *Disk) Takes(im *Image, w rows.Rows) bool {
	if im.state != waiting || w.From < im.bufAt || w.To > im.bufAt+im.buf.Len() {
		return false
	}
	// A range laid over extents makes two more at most.
	most := d.mostExtents(im.size)
	if len(im.extents)+2 > most && len(overlay(im.extents, w.From, w.To)) > most {
		return false
	}
	if w.Solid() {
		return true
	}
	for _, e := range im.extents { // what is between the rows must be there
		if e.record == nil && e.from <= w.From && w.To <= e.to {
			return true
		}
	}
	return false
}

// Write writes rows of src into an image that takes them.
func (d *Disk) Write(im *Image, w rows.Rows, src driver.Buffer) error {
	d.take(w.Len())
	if err := w.CopyIn(im.buf, -im.bufAt, src); err != nil {
		return err
	}
	d.set(im, overlay(im.extents, w.From, w.To))
	return nil
}

// keeps returns the extents of an image that its successor keeps when rows are written. stay reports whether they can
// stay in their records. If not, the successor copies them all into its buffer: there would be too many, or bytes
// that lie between the rows have to be kept.
func (d *Disk) keeps(old *Image, w rows.Rows, size int) (kept []extent, stay bool) {
	switch {
	case old == nil:
		return nil, true
	case !w.Solid():
		return old.extents, false
	}
	kept = append(inside(old.extents, 0, w.From), inside(old.extents, w.To, min(old.size, size))...)
	return kept, len(kept) < d.mostExtents(size)
}

// Successor makes an image of size bytes for a page: with rows of src in the place of those of old, which may be nil. got
// has the records that it needs and that are not in memory; see [Disk.LackedBy].
func (d *Disk) Successor(page Page, old *Image, size int, w rows.Rows, src driver.Buffer, got Fetched) (*Image, error) {
	kept, stay := d.keeps(old, w, size)
	// Rows of a page that is stored get a buffer of their own size. The buffer is for the whole page where there was
	// nothing, or where something waits already, for then more is likely to come; and where all is copied.
	from, to := w.From, w.To
	if old == nil || old.buf != nil || !stay {
		from, to = 0, size
	}
	d.take(to - from)
	b, err := d.newBuffer(to - from)
	if err != nil {
		return nil, err
	}
	im := &Image{page: page, size: size, buf: b, bufAt: from}
	done := false
	defer func() { // also after a panic of the source
		if !done {
			d.Drop(im)
		}
	}()
	if !w.Solid() {
		if err := b.Clear(w.From-from, w.To-w.From); err != nil {
			return nil, err
		}
	}
	var extents []extent
	hasLost := false
	for _, e := range kept {
		if r := e.record; r != nil && (stay || r.lost) {
			hasLost = hasLost || r.lost
			extents = append(extents, e)
			continue
		}
		if err := d.copyExtent(b, e.from-from, old, e, got); err != nil {
			return nil, err
		}
		extents = overlay(extents, e.from, e.to)
	}
	if err := w.CopyIn(b, -from, src); err != nil {
		return nil, err
	}
	written := []rows.Rows{{From: w.From, To: w.To}}
	if hasLost { // what is lost between the rows stays so
		written = w.Lines()
	}
	for _, line := range written {
		extents = overlay(extents, line.From, line.To)
	}
	done = true
	d.set(im, extents)
	return im, nil
}

// copyExtent copies an extent of an image to off in dst. Its record is in memory, or was fetched.
func (d *Disk) copyExtent(dst driver.Buffer, off int, im *Image, e extent, got Fetched) error {
	src, at := im.buf, e.from-im.bufAt
	if r := e.record; r != nil {
		if src, at = r.buf, e.at; src == nil {
			src = got[r]
		}
	}
	return driver.Copy(dst, off, src, at, e.to-e.from)
}

// Shortened makes an image for a page that has the first n bytes of another's.
func (d *Disk) Shortened(page Page, old *Image, n int) (*Image, error) {
	im := &Image{page: page, size: n}
	extents := inside(old.extents, 0, n) // what is stored they can share
	if old.buf != nil {
		b, err := d.newBuffer(n)
		if err != nil {
			return nil, err
		}
		im.buf = b
		for _, e := range extents {
			if err == nil && e.record == nil {
				err = d.copyExtent(b, e.from, old, e, nil)
			}
		}
		if err != nil {
			d.Drop(im)
			return nil, err
		}
	}
	d.set(im, extents)
	return im, nil
}

// LostImage returns an image of n bytes, of which all is lost, for a page, if any of another image is lost; or else nil.
func (d *Disk) LostImage(page Page, old *Image, n int) *Image {
	for _, e := range old.extents {
		if r := e.record; r != nil && r.lost {
			im := &Image{page: page, size: n}
			d.set(im, []extent{{to: n, record: r}})
			return im
		}
	}
	return nil
}

// Gathered calls use with a buffer that has all bytes of an image. What it lacks was fetched.
func (d *Disk) Gathered(im *Image, got Fetched, use func(driver.Buffer) error) error {
	if im.whole() {
		return use(im.buf)
	}
	b, err := d.newBuffer(im.size)
	if err != nil {
		return err
	}
	defer d.store.FreeBuffer(b)
	if err := b.Clear(0, im.size); err != nil {
		return err
	}
	for _, e := range im.extents {
		if err := d.copyExtent(b, e.from, im, e, got); err != nil {
			return err
		}
	}
	return use(b)
}
