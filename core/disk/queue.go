package disk

import (
	"context"
	"time"

	"asposecache/core/driver"
)

// A queue has the images that wait to be stored.
type queue struct {
	images  []*Image // oldest first; some were dropped meanwhile and do not wait any more
	gone    int      // how many of them
	queued  int64    // their bytes
	waiting int64    // bytes of these and of the images being stored

	// hurry: somebody waits, or the time to gather is over.
	hurry bool
	timer *time.Timer
}

func (q *queue) add(im *Image) {
	im.state = waiting
	n := int64(im.buf.Len())
	q.images = append(q.images, im)
	q.queued += n
	q.waiting += n
}

// remove forgets an image that waits and is dropped now. Its place is passed over later.
func (q *queue) remove(im *Image) {
	n := int64(im.buf.Len())
	q.queued -= n
	q.waiting -= n
	q.gone++
}

// compact removes those that were dropped when they are more than half of all: while storing fails, nobody else does.
func (q *queue) compact() {
	if q.gone <= len(q.images)/2 {
		return
	}
	var left []*Image // another slice: somebody may be looking at this one
	for _, im := range q.images {
		if im.state == waiting {
			left = append(left, im)
		}
	}
	q.images, q.gone = left, 0
}

// take takes the oldest images, so many bytes and records or a little more, to be stored.
func (q *queue) take(most, mostRecords int) (images []*Image, bytes int64) {
	taken, records := 0, 0
	for _, im := range q.images {
		if bytes >= int64(most) || records >= mostRecords {
			break
		}
		taken++
		if im.state != waiting {
			q.gone--
			continue
		}
		im.state = storing
		images = append(images, im)
		bytes += int64(im.buf.Len())
		records += len(im.extents) // at most
	}
	q.images = q.images[taken:]
	q.queued -= bytes
	return images, bytes
}

// putBack takes back, before all others, images that were not stored.
func (q *queue) putBack(images []*Image) {
	for _, im := range images {
		im.state = waiting
		q.queued += int64(im.buf.Len())
	}
	q.images = append(images, q.images...)
}

// HasRoom reports whether n more bytes may wait. When nothing waits any number may, or what is larger than the bound
// could never be stored.
func (d *Disk) HasRoom(n int64) bool {
	return d.queue.waiting+n <= int64(d.traits.WaitingBytes) || n == 0 || d.queue.waiting == 0
}

// WaitForRoom waits until something has changed, or returns why nothing can be stored.
func (d *Disk) WaitForRoom(ctx context.Context) error {
	switch {
	case d.stopped():
		return context.Cause(d.ctx)
	case d.failure != nil:
		return d.failure
	}
	return d.Wait(ctx)
}

// TakingTime is how long half of YieldBytes may take before others have a turn: while memory is new it takes longer than
// later. It is a variable so that tests can change it.
var TakingTime = 2 * time.Millisecond

// take counts bytes that are taken in.
func (d *Disk) take(n int) {
	if d.taken == 0 {
		d.takingSince = time.Now()
	}
	d.taken += n
}

// TookMuch reports whether so much was taken in since others had a turn that they should have one.
func (d *Disk) TookMuch() bool {
	most := d.traits.YieldBytes
	return d.taken > 0 && (d.taken >= most || d.taken >= most/2 && time.Since(d.takingSince) >= TakingTime)
}

// Yielded begins to count anew what is taken in.
func (d *Disk) Yielded() { d.taken = 0 }

// Failure returns why storing has stopped, or nil.
func (d *Disk) Failure() error { return d.failure }

// Successes returns a number, at least 1, that grows by one with each transaction that stores something.
func (d *Disk) Successes() int64 { return d.successes }

// Kick makes another try after a failure.
func (d *Disk) Kick() {
	if d.failure == nil || d.stopped() {
		return
	}
	d.failure = nil
	d.statistics.Retries++
	d.queue.hurry = true
	d.Pump()
}

// Pump begins transactions, as many at a time as the traits say: at once for a full batch, and for less when somebody
// waits or the time to gather is over. It begins none after a failure, and none beside a batch that makes room.
func (d *Disk) Pump() {
	q := &d.queue
	for d.underWay < d.traits.Transactions && d.failure == nil && !d.stopped() && !d.deletes.underWay {
		if q.queued == 0 && len(d.deletes.keys) == 0 {
			q.hurry = false
			q.images, q.gone = nil, 0
			return
		}
		if q.queued < int64(d.traits.BatchBytes) && len(d.deletes.keys) < d.traits.BatchRecords && !q.hurry {
			if q.timer == nil {
				q.timer = time.AfterFunc(d.traits.Gather, func() {
					d.lock.Lock()
					defer d.lock.Unlock()
					q.timer = nil
					q.hurry = true
					d.Pump()
				})
			}
			return
		}
		b := d.nextBatch()
		d.underWay++
		go func() {
			d.lock.Lock()
			defer d.lock.Unlock()
			d.run(d.ctx, b)
		}()
	}
}

// deletes are the keys of records that nobody needs any more.
type deletes struct {
	keys []driver.Key
	// first: the next batch only deletes, which may make the room that storing lacked. underWay: such a batch is under
	// way; what is stored beside it could find no room once more.
	first, underWay bool
}

// take takes the keys that one transaction deletes.
func (q *deletes) take(most int) []driver.Key {
	n := min(len(q.keys), most)
	keys := append([]driver.Key(nil), q.keys[:n]...)
	q.keys = q.keys[n:]
	return keys
}
