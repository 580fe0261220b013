package core

import (
	"context"
	"errors"
	"time"

	"asposecache/core/driver"
)

// A writeback stores pages behind the writers' backs: it gathers what they leave into few large
// transactions. Everything in it stays readable, and nothing leaves it before it is stored.
type writeback struct {
	queue   []*page      // waiting, oldest first; a page that was dropped meanwhile has no buffer
	queued  int64        // their bytes
	waiting int64        // bytes of these and of the pages being stored
	deletes []driver.Key // records nobody needs any more
	taken   int          // bytes taken in since others had a turn

	underWay int
	// hurry: somebody waits, or the time to gather is over.
	hurry bool
	timer *time.Timer

	// failure is why storing has stopped; the next call makes another try. successes counts the
	// transactions that stored something, from 1 on.
	failure   error
	successes int64
	// deletesFirst: deleting may make the room that storing lacked.
	deletesFirst bool

	lastKey driver.Key
	changed chan struct{} // closed, and made anew, whenever something was stored or has failed
	ctx     context.Context
	cancel  context.CancelFunc
}

// enqueue takes a page of which the bytes are in its buffer.
func (d *disk) enqueue(p *page) {
	p.state = pageWaiting
	n := int64(p.buf.Len())
	d.queue = append(d.queue, p)
	d.queued += n
	d.waiting += n
}

// drop frees a page that nobody holds any more.
func (d *disk) drop(p *page) {
	switch {
	case p.state == pageStoring: // the end of the transaction sees to it
	case p.buf != nil:
		if p.state == pageWaiting {
			n := int64(p.buf.Len())
			d.queued -= n
			d.waiting -= n
		}
		d.free(p)
		d.setParts(p, nil)
	default:
		d.setParts(p, nil)
	}
}

// free gives back a page's buffer.
func (d *disk) free(p *page) {
	d.store.FreeBuffer(p.buf)
	p.buf = nil
}

// hasRoom tells whether n more bytes may wait. A single group of pages always may.
func (d *disk) hasRoom(n int64) bool {
	return d.waiting+n <= int64(d.traits.WaitingBytes) || n == 0 || d.waiting == 0
}

// waitForRoom waits until something has changed, or answers why nothing can be stored. The cache is
// locked, but not while it waits.
func (d *disk) waitForRoom(ctx context.Context) error {
	switch {
	case d.ctx.Err() != nil:
		return ErrClosed
	case d.failure != nil:
		return d.failure
	}
	return d.wait(ctx)
}

// giveWay lets others have a turn, when much was taken in since they had one.
func (d *disk) giveWay() {
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	if d.taken >= d.traits.TurnBytes {
		d.taken = 0
		d.c.unlocked(d.c.pause)
	}
}

// wait waits until something was stored or has failed.
func (d *disk) wait(ctx context.Context) error {
	d.hurry = true
	d.pump()
	changed := d.changed
	d.c.mu.Unlock()
	defer d.c.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// broadcast wakes all that wait.
func (d *disk) broadcast() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// kick makes another try after a failure.
func (d *disk) kick() {
	if d.failure == nil || d.ctx.Err() != nil {
		return
	}
	d.failure = nil
	d.numbers.Retries++
	d.hurry = true
	d.pump()
}

// stop ends storing: what waits is no longer needed by anybody. The cache is locked.
func (d *disk) stop() {
	d.cancel()
	d.broadcast()
}

// pump begins as many transactions as make sense now. It does not wait.
func (d *disk) pump() {
	for d.underWay < d.traits.Transactions && d.failure == nil && d.ctx.Err() == nil {
		if d.queued == 0 && len(d.deletes) == 0 {
			d.hurry = false
			d.queue = d.queue[:0]
			return
		}
		if d.queued < int64(d.traits.BatchBytes) && len(d.deletes) < d.traits.BatchDeletes && !d.hurry {
			if d.timer == nil {
				d.timer = time.AfterFunc(d.traits.Gather, d.hurryUp)
			}
			return
		}
		b := d.nextBatch()
		d.underWay++
		go d.apply(b)
	}
}

func (d *disk) hurryUp() {
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	d.timer = nil
	d.hurry = true
	d.pump()
}

// A batch is what one transaction does.
type batch struct {
	pages   []*page
	bytes   int64
	deletes []driver.Key
	// records are those that it makes; homes says for each page which of them get its bytes.
	records []*record
	homes   [][]part
}

// follows tells whether a page can go into the record that another ends: it is next to it.
func (p *page) follows(last *page) bool {
	return p.owner == last.owner && p.number == last.number+1 && p.whole()
}

// puts makes the records of a batch: pages that are whole and follow each other share them, and what was written to a
// part of a page has its own.
func (d *disk) puts(b *batch) (puts []driver.Record) {
	for rest := b.pages; len(rest) > 0; {
		n := d.together(rest)
		if rest[0].whole() {
			puts = append(puts, d.putWhole(b, rest[:n])...)
		} else {
			puts = append(puts, d.putParts(b, rest[0])...)
		}
		rest = rest[n:]
	}
	return puts
}

// together is how many of the first pages share records.
func (d *disk) together(pages []*page) int {
	size := int(pages[0].size)
	n := 1
	for ; pages[0].whole() && n < len(pages) && pages[n].follows(pages[n-1]); n++ {
		if size += int(pages[n].size); size > d.traits.RecordBytes {
			break
		}
	}
	return n
}

// putWhole makes the record of pages that share one, or the records of a page that needs more.
func (d *disk) putWhole(b *batch, pages []*page) (puts []driver.Record) {
	if n := int(pages[0].size); n > d.traits.RecordBytes {
		homes, puts := d.divide(b, pages[0], 0, n)
		b.homes = append(b.homes, homes)
		return puts
	}
	var data driver.Pieces
	for _, p := range pages {
		data = append(data, driver.Piece{Buffer: p.buf, Size: int(p.size)})
	}
	r := d.newRecord(b, data.Len())
	at := 0
	for _, p := range pages {
		b.homes = append(b.homes, []part{{0, int(p.size), r, at}})
		at += int(p.size)
	}
	return []driver.Record{{Key: r.key, Data: data}}
}

// putParts makes the records of what was written to parts of a page.
func (d *disk) putParts(b *batch, p *page) (puts []driver.Record) {
	var homes []part
	for _, q := range p.parts {
		if q.record == nil {
			h, more := d.divide(b, p, q.from, q.to)
			homes, puts = append(homes, h...), append(puts, more...)
		}
	}
	b.homes = append(b.homes, homes)
	return puts
}

// divide makes the records of a range of a page that is in its buffer.
func (d *disk) divide(b *batch, p *page, from, to int) (homes []part, puts []driver.Record) {
	for ; from < to; from += d.traits.RecordBytes {
		n := min(d.traits.RecordBytes, to-from)
		r := d.newRecord(b, n)
		homes = append(homes, part{from, from + n, r, 0})
		puts = append(puts, driver.Record{Key: r.key, Data: driver.Pieces{{Buffer: p.buf, Off: from - p.bufAt, Size: n}}})
	}
	return homes, puts
}

// newRecord makes a record of n bytes, which the batch holds until it is stored.
func (d *disk) newRecord(b *batch, n int) *record {
	d.lastKey++
	r := &record{key: d.lastKey, size: n, holds: 1}
	b.records = append(b.records, r)
	return r
}

func (d *disk) nextBatch() (b batch) {
	n := min(len(d.deletes), d.traits.BatchDeletes)
	b.deletes = append(b.deletes, d.deletes[:n]...)
	d.deletes = d.deletes[n:]
	if d.deletesFirst && n > 0 {
		d.deletesFirst = false
		return b
	}
	taken := 0
	for _, p := range d.queue {
		if b.bytes >= int64(d.traits.BatchBytes) {
			break
		}
		taken++
		if p.state != pageWaiting || p.buf == nil {
			continue
		}
		p.state = pageStoring
		b.pages = append(b.pages, p)
		b.bytes += int64(p.buf.Len())
	}
	d.queue = d.queue[taken:]
	d.queued -= b.bytes
	return b
}

// apply stores a batch. The cache is not locked.
func (d *disk) apply(b batch) {
	d.c.mu.Lock()
	puts := d.puts(&b)
	d.c.mu.Unlock()
	err := d.store.Apply(d.ctx, puts, b.deletes)

	d.c.mu.Lock()
	d.underWay--
	d.numbers.Transactions++
	if err == nil {
		d.stored(b)
	} else {
		err = d.notStored(b, err)
	}
	d.broadcast()
	d.pump()
	stopped := d.ctx.Err() != nil
	d.c.mu.Unlock()
	d.c.tell()
	if err != nil && !stopped {
		d.c.onEvent(Event{Kind: StoreFailed, Err: err})
	}
}

func (d *disk) stored(b batch) {
	if len(b.pages) > 0 {
		d.successes++
	}
	d.numbers.WrittenBytes += b.bytes
	d.waiting -= b.bytes
	for i, p := range b.pages {
		d.moveIn(p, b.homes[i])
		p.state = pageStored
		d.free(p)
		switch {
		case p.refs == 0:
			d.drop(p)
		case p.block != nil:
			d.c.hasStored(p)
		}
	}
	for _, r := range b.records {
		d.release(r) // nobody may need it any more
	}
}

// moveIn replaces what was in the page's buffer by where it is now. The page may have shrunk meanwhile.
func (d *disk) moveIn(p *page, homes []part) {
	var parts []part
	for _, q := range p.parts {
		if q.record != nil {
			parts = append(parts, q)
		} else {
			parts = append(parts, inside(homes, q.from, q.to)...)
		}
	}
	d.setParts(p, parts)
}

// notStored puts a batch back and stops storing. It answers the failure, for people.
func (d *disk) notStored(b batch, err error) error {
	d.numbers.Failures++
	failure := unavailable(err)
	if errors.Is(err, driver.ErrQuota) {
		failure = &FullError{Medium: Disk, Requested: b.bytes, Allocated: d.c.ledger.held[Disk],
			Limit: d.c.settings.MaxDiskSpaceForCache, Reason: ByQuota, ours: true, Cause: err}
	}
	back := make([]*page, 0, len(b.pages)+len(d.queue))
	for _, p := range b.pages {
		n := int64(p.buf.Len())
		if p.refs == 0 {
			d.waiting -= n
			d.free(p)
			d.setParts(p, nil)
			continue
		}
		if p.block != nil {
			d.waiting -= n
			d.free(p)
			d.c.hasNotStored(p, failure)
			continue
		}
		p.state = pageWaiting
		back = append(back, p)
		d.queued += n
	}
	d.c.noteFailure(back, failure)
	for _, p := range d.queue {
		switch {
		case p.state != pageWaiting || p.buf == nil:
		case p.block != nil:
			p.move.err = failure
			d.c.stay(p)
		default:
			back = append(back, p)
		}
	}
	d.queue = back
	d.deletes = append(d.deletes, b.deletes...)
	d.failure, d.deletesFirst = failure, true
	return failure
}
