package disk

import "asposecache/core/driver"

// A batch is what one transaction does.
type batch struct {
	images  []*Image
	bytes   int64
	deletes []driver.Key
	// records are those that it makes; homes says for each image which of them get its bytes.
	records []*Record
	homes   [][]extent
}

// nextBatch takes what waits for as long as it waits.
func (d *Disk) nextBatch() *batch {
	b := &batch{deletes: d.deletes.take(d.traits.BatchDeletes)}
	if d.deletes.first && len(b.deletes) > 0 {
		d.deletes.first = false
		return b
	}
	b.images, b.bytes = d.queue.take(d.traits.BatchBytes)
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

// together is how many of the first images share a record of at most so many bytes.
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
