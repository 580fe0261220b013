package disk

import (
	"context"
	"errors"

	"asposecache/core/driver"
)

// A batch is what one transaction does.
type batch struct {
	images  []*Image
	bytes   int64 // of their buffers
	deletes []driver.Key
	// makesRoom: it only deletes, and nothing is stored beside it.
	makesRoom bool
	// records are those that it makes; homes says for each image which of them get its bytes.
	records []*Record
	homes   [][]extent
}

// nextBatch takes the oldest images, of about BatchBytes and BatchRecords, and at most BatchRecords keys to delete. After
// a failure one batch only deletes.
func (d *Disk) nextBatch() *batch {
	b := &batch{deletes: d.deletes.take(d.traits.BatchRecords)}
	if d.deletes.first && len(b.deletes) > 0 {
		d.deletes.first, d.deletes.underWay, b.makesRoom = false, true, true
		return b
	}
	b.images, b.bytes = d.queue.take(d.traits.BatchBytes, d.traits.BatchRecords)
	return b
}

// makeRecords makes the records of a batch: images that are whole and follow each other share them, and what was written
// to a part of a page has its own.
func (b *batch) makeRecords(d *Disk) (puts []driver.Record) {
	for rest := b.images; len(rest) > 0; {
		n := together(rest, d.traits.RecordBytes)
		if n > 1 {
			puts = append(puts, b.share(d, rest[:n]))
		} else {
			puts = append(puts, b.divide(d, rest[0])...)
		}
		rest = rest[n:]
	}
	return puts
}

// together returns how many of the first images share a record of at most so many bytes.
func together(images []*Image, most int) int {
	size, n := images[0].size, 1
	for ; images[0].whole() && n < len(images) && images[n].whole() && images[n].follows(images[n-1]); n++ {
		if size += images[n].size; size > most {
			break
		}
	}
	return n
}

// share makes the record that images share.
func (b *batch) share(d *Disk, images []*Image) driver.Record {
	var data driver.Pieces
	for _, im := range images {
		data = append(data, driver.Piece{Buffer: im.buf, Size: im.size})
	}
	r := b.newRecord(d, data.Len())
	at := 0
	for _, im := range images {
		b.homes = append(b.homes, []extent{{0, im.size, r, at}})
		at += im.size
	}
	return driver.Record{Key: r.key, Data: data}
}

// divide makes the records of what is in the buffer of one image.
func (b *batch) divide(d *Disk, im *Image) (puts []driver.Record) {
	var homes []extent
	for _, e := range im.extents {
		if e.record != nil {
			continue
		}
		for from := e.from; from < e.to; from += d.traits.RecordBytes {
			to := min(from+d.traits.RecordBytes, e.to)
			r := b.newRecord(d, to-from)
			homes = append(homes, extent{from, to, r, 0})
			puts = append(puts, driver.Record{Key: r.key, Data: driver.Pieces{{Buffer: im.buf, Off: from - im.bufAt, Size: to - from}}})
		}
	}
	b.homes = append(b.homes, homes)
	return puts
}

// newRecord makes a record of n bytes, which the batch holds until it is stored.
func (b *batch) newRecord(d *Disk, n int) *Record {
	d.lastKey++
	r := &Record{key: d.lastKey, size: n, holds: 1}
	b.records = append(b.records, r)
	return r
}

// run stores a batch, and begins the next one.
func (d *Disk) run(ctx context.Context, b *batch) {
	puts := b.makeRecords(d)
	var err error
	d.unlocked(func() { err = d.store.Apply(ctx, puts, b.deletes) })
	d.underWay--
	d.deletes.underWay = d.deletes.underWay && !b.makesRoom
	d.statistics.Transactions++
	if err == nil {
		d.stored(b)
	} else {
		d.notStored(b, err)
	}
	d.Wake()
	d.Pump()
}

// stored tells the pages of a batch that it is stored.
func (d *Disk) stored(b *batch) {
	if len(b.images) > 0 {
		d.successes++
	}
	d.queue.waiting -= b.bytes
	for i, im := range b.images {
		im.wasStored = true
		if im.state == dropped {
			d.freeImage(im)
			continue
		}
		d.moveIn(im, b.homes[i])
		d.freeBuffer(im)
		im.state = stored
		im.page.Stored()
	}
	for _, r := range b.records {
		d.statistics.WrittenBytes += int64(r.size)
		d.release(r) // if nobody needs it any more, this deletes it
	}
}

// moveIn replaces what was in the image's buffer by where it is now. The page may have shrunk meanwhile.
func (d *Disk) moveIn(im *Image, homes []extent) {
	var extents []extent
	for _, e := range im.extents {
		if e.record != nil {
			extents = append(extents, e)
		} else {
			extents = append(extents, inside(homes, e.from, e.to)...)
		}
	}
	d.set(im, extents)
}

// notStored puts a batch back and stops storing.
func (d *Disk) notStored(b *batch, err error) {
	d.statistics.Failures++
	if !errors.Is(err, driver.ErrQuota) {
		err = unavailable(err)
	}
	bytes := b.bytes
	if bytes == 0 { // it is what waits that has no room, although this only deletes
		bytes = min(d.queue.queued, int64(d.traits.BatchBytes))
	}
	d.failure = d.host.StoringFailed(bytes, err)
	d.deletes.keys = append(d.deletes.keys, b.deletes...)
	d.deletes.first = true
	var back []*Image
	for _, im := range b.images {
		if im.state == dropped {
			d.queue.waiting -= int64(im.buf.Len())
			d.freeImage(im)
		} else {
			back = append(back, im)
		}
	}
	d.queue.putBack(back)
	var kept []Page
	for i, im := range d.queue.images {
		if im.state != waiting {
			continue
		}
		im.page.NotStored(d.failure)
		if i < len(back) && im.state == waiting {
			kept = append(kept, im.page)
		}
	}
	d.host.NotStored(kept, d.failure)
}
