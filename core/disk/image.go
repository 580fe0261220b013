package disk

import (
	"container/list"

	"asposecache/core/driver"
)

// A Page is what an image is of. Its methods are called with the lock held, and do not wait.
type Page interface {
	// Place returns what the page is a part of, and its number there. Pages whose places follow each other share
	// records.
	Place() (of any, number int64)
	// Stored is told that all of the image is in the store.
	Stored()
	// NotStored is told why the image could not be stored. It waits for the next try, unless the page drops it.
	NotStored(why error)
}

// An Image is what the disk has of a page. What no extent covers is zero.
type Image struct {
	page  Page
	size  int
	state state
	// wasStored: a transaction has stored all of it.
	wasStored bool
	buf       driver.Buffer // what was written and is not stored
	bufAt     int           // where in the page it begins
	extents   []extent      // in order
}

// A state is how far an image has come.
type state int8

const (
	made    state = iota // it was not enqueued yet
	waiting              // it is in the queue
	storing              // it is in a transaction under way: its buffer must not change
	stored               // it has no buffer
	dropped              // nobody needs it; if it was being stored, the end of its transaction frees it
)

// NewImage returns an image of bytes that are in memory.
func (d *Disk) NewImage(page Page, content driver.Bytes) (*Image, error) {
	im, err := d.Blank(page, len(content))
	if err == nil {
		if err = im.buf.WriteAt(content, 0); err != nil {
			d.Drop(im)
			im = nil
		}
	}
	return im, err
}

// Blank returns an image of n bytes of any content, for who fills its [Image.Buffer].
func (d *Disk) Blank(page Page, n int) (*Image, error) {
	b, err := d.newBuffer(n)
	if err != nil {
		return nil, err
	}
	return &Image{page: page, size: n, buf: b, extents: []extent{{to: n}}}, nil
}

// Buffer returns the buffer of an image that was not enqueued yet.
func (im *Image) Buffer() driver.Buffer { return im.buf }

// Size returns how many bytes the page has.
func (im *Image) Size() int { return im.size }

// Stored reports whether all of the image was stored once, whatever has become of it.
func (im *Image) Stored() bool { return im.wasStored }

// Forgone reports whether the image was dropped and not stored, and is not in a transaction under way.
func (im *Image) Forgone() bool { return im.state == dropped && im.buf == nil && !im.wasStored }

// Waits reports whether the image is to be stored and no transaction under way does it.
func (im *Image) Waits() bool { return im.state == waiting }

// whole reports whether all of the page's bytes are in the image's buffer.
func (im *Image) whole() bool {
	return len(im.extents) == 1 && im.extents[0] == extent{to: im.size} && im.bufAt == 0
}

// follows reports whether the page comes right after that of another image.
func (im *Image) follows(last *Image) bool {
	of, n := last.page.Place()
	owner, number := im.page.Place()
	return owner == of && number == n+1
}

// set replaces the extents of an image, and with them what it holds of records.
func (d *Disk) set(im *Image, extents []extent) {
	old := im.extents
	im.extents = extents
	for _, e := range extents {
		if e.record != nil {
			e.record.holds++
			e.record.extents++
		}
	}
	for _, e := range old {
		if e.record != nil {
			e.record.extents--
			d.release(e.record)
		}
	}
}

// Enqueue has an image stored. It waits with the others until there is a reason to; see [Disk.Pump].
func (d *Disk) Enqueue(im *Image) {
	if im.buf == nil { // it only has what was stored before
		im.state, im.wasStored = stored, true
		return
	}
	d.queue.add(im)
}

// Drop frees an image that nobody needs any more.
func (d *Disk) Drop(im *Image) {
	switch im.state {
	case storing:
		im.state = dropped
		return
	case waiting:
		d.queue.remove(im)
	}
	d.freeImage(im)
	d.queue.compact()
}

// freeImage gives back what an image has.
func (d *Disk) freeImage(im *Image) {
	d.freeBuffer(im)
	d.set(im, nil)
	im.state = dropped
}

func (d *Disk) freeBuffer(im *Image) {
	if im.buf != nil {
		d.store.FreeBuffer(im.buf)
		im.buf = nil
	}
}

// Cut shortens an image to n bytes.
func (d *Disk) Cut(im *Image, n int) {
	im.size = n
	d.set(im, inside(im.extents, 0, n))
}

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

// mostExtents returns how many extents the image of a page of n bytes may have.
func (d *Disk) mostExtents(n int) int {
	most := d.traits.RecordBytes
	return (n+most-1)/most + moreExtents
}

// clip returns what of the extent lies from byte from to byte to of the page, and reports whether anything does.
func (e extent) clip(from, to int) (extent, bool) {
	f, t := max(e.from, from), min(e.to, to)
	return extent{f, t, e.record, e.at + f - e.from}, f < t
}

// inside returns what of the extents lies from byte from to byte to of the page.
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

// overlay returns the extents with a range laid over them that is in the buffer.
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
	key     driver.Key
	size    int
	holds   int  // of the extents and the reads that need it
	extents int  // of images that lie in it
	lost    bool // the store no longer has it

	buf    driver.Buffer // in the read cache
	recent *list.Element // in the read cache's list
	coming chan struct{} // while it is fetched ahead: closed when that is over
}

// Extents returns how many ranges of images lie in the record.
func (r *Record) Extents() int { return r.extents }

// fullRange returns the range that is all of the record.
func (r *Record) fullRange() driver.Range { return driver.Range{Key: r.key, Size: r.size} }

// settled reports whether the store need not be asked for the record.
func (r *Record) settled() bool { return r.buf != nil || r.lost }

// release gives up one hold on a record; the last one deletes it.
func (d *Disk) release(r *Record) {
	r.holds--
	if r.holds == 0 {
		d.cache.forget(r, d.store)
		d.deletes.keys = append(d.deletes.keys, r.key)
	}
}

// Near reports whether all of a range of the image can be read without the store.
func (im *Image) Near(from, to int) bool {
	for _, e := range im.extents {
		if e, ok := e.clip(from, to); ok && e.record != nil && e.record.buf == nil {
			return false
		}
	}
	return true
}

// In calls f for each range of the image that lies in one of some records.
func (im *Image) In(records map[*Record]bool, f func(from, to int)) {
	for _, e := range im.extents {
		if records[e.record] {
			f(e.from, e.to)
		}
	}
}
