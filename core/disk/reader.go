package disk

import (
	"context"
	"errors"
	"fmt"

	"asposecache/core/driver"
	"asposecache/core/rows"
)

// ErrLost: the store no longer has bytes that it had taken. Overwriting them heals the range.
var ErrLost = errors.New("stored data is gone: the browser or the user removed it")

func lostError(off int64, n int) error {
	return fmt.Errorf("%d bytes from offset %d on: %w", n, off, ErrLost)
}

// A Reader reads rows of images into a buffer: at first what is in memory, and then, of the versions that there were at
// that time, what is in the store.
type Reader struct {
	d       *Disk
	target  driver.Buffer
	fetches []*fetch
	// Lost are records that the reader has found to be gone, before anybody else has.
	Lost []*Record
}

// A fetch is what a reader wants of a record.
type fetch struct {
	record   *Record
	wants    []want
	from, to int // where in the record all of them are
}

// A want is rows that lie in a record.
type want struct {
	rows.Rows
	begin int   // where in the record the page would begin
	start int64 // where the page begins in the whole that it is a part of
	into  driver.Buffer
}

// NewReader returns a reader into target. It must be closed.
func (d *Disk) NewReader(target driver.Buffer) *Reader { return &Reader{d: d, target: target} }

// Into makes target the buffer for what is read from now on.
func (r *Reader) Into(target driver.Buffer) { r.target = target }

// Close ends the reading.
func (r *Reader) Close() {
	for _, f := range r.fetches {
		r.d.release(f.record)
	}
	r.fetches = nil
	r.d.Pump()
}

// Read copies those rows of an image that are in memory, and returns how many bytes it has copied; Fetch copies the
// rest. start is where the page begins in the whole that it is a part of: it is added to the offsets that errors tell.
func (r *Reader) Read(im *Image, w rows.Rows, start int64) (copied int, err error) {
	for _, e := range im.extents {
		if e.from <= w.From && w.To <= e.to { // all of it is in one place
			return r.readExtent(im, e, w, start)
		}
	}
	for i := range w.Count {
		n, err := r.readRow(im, w.Line(i), start)
		copied += n
		if err != nil {
			return copied, err
		}
	}
	return copied, nil
}

// readRow is Read for a single row.
func (r *Reader) readRow(im *Image, w rows.Rows, start int64) (copied int, err error) {
	end := w.From // of what is done
	zero := func(to int) error {
		copied += to - end
		return driver.Clear(r.target, int(w.At)+end-w.From, to-end)
	}
	for _, e := range im.extents {
		e, ok := e.clip(w.From, w.To)
		if !ok {
			continue
		}
		if err := zero(e.from); err != nil {
			return copied, err
		}
		end = e.to
		n, err := r.readExtent(im, e, w.Between(e.from, e.to), start)
		copied += n
		if err != nil {
			return copied, err
		}
	}
	return copied, zero(w.To)
}

// readExtent copies rows that lie in one extent, or notes that they have to be fetched.
func (r *Reader) readExtent(im *Image, e extent, w rows.Rows, start int64) (copied int, err error) {
	rec := e.record
	switch {
	case rec == nil:
		return w.Len(), w.CopyOut(r.target, im.buf, -im.bufAt)
	case rec.lost:
		return 0, lostError(start+int64(w.From), w.Row)
	case rec.buf != nil:
		return w.Len(), w.CopyOut(r.target, rec.buf, e.at-e.from)
	}
	n := len(r.fetches)
	if n == 0 || r.fetches[n-1].record != rec {
		rec.holds++
		r.fetches = append(r.fetches, &fetch{record: rec})
		n++
	}
	r.fetches[n-1].add(want{w, e.at - e.from, start, r.target})
	return 0, nil
}

// add adds what is wanted.
func (f *fetch) add(w want) {
	from, to := w.begin+w.From, w.begin+w.To
	if len(f.wants) == 0 {
		f.from, f.to = from, to
	}
	f.from, f.to = min(f.from, from), max(f.to, to)
	f.wants = append(f.wants, w)
}

// ask returns the range of the record that is read: all of it where the store has nothing less.
func (f *fetch) ask(t driver.Traits) driver.Range {
	if !t.Ranges {
		return f.record.fullRange()
	}
	return driver.Range{Key: f.record.key, Off: f.from, Size: f.to - f.from}
}

// used returns how many bytes of the record are wanted.
func (f *fetch) used() (n int) {
	for _, w := range f.wants {
		n += w.Len()
	}
	return n
}

// A window is what is asked of the store in one transaction.
type window struct {
	fetches []*fetch
	asked   []driver.Range
	buffers []driver.Buffer
	err     error
	done    chan struct{} // closed when it was answered
}

// get asks the store for it. It waits.
func (w *window) get(ctx context.Context, d *Disk) {
	defer close(w.done)
	w.buffers, w.err = d.get(ctx, w.asked)
}

// fetch is get for who does not have the lock.
func (w *window) fetch(ctx context.Context, d *Disk) {
	d.lock.Lock()
	defer d.lock.Unlock()
	w.get(ctx, d)
}

// Fetch copies what is in the store, with two windows under way at a time. It waits. It tells progress how many more
// bytes are copied; progress may give up the lock, too.
func (r *Reader) Fetch(ctx context.Context, progress func(copied int)) error {
	rest, err := r.takeComing(ctx, progress)
	if err != nil {
		return err
	}
	var underWay []*window
	ask := func() {
		if len(rest) == 0 {
			return
		}
		w := r.newWindow(rest)
		rest = rest[len(w.fetches):]
		underWay = append(underWay, w)
		if len(underWay) > 1 || len(rest) > 0 {
			go w.fetch(ctx, r.d)
		} else { // for most reads it is the only one, and there is nothing to do meanwhile
			w.get(ctx, r.d)
		}
	}
	defer func() { // what was asked for and is not wanted any more, also after a panic of the target
		for _, w := range underWay {
			r.d.unlocked(func() { <-w.done })
			r.giveBack(w)
		}
	}()
	for ask(); len(underWay) > 0; {
		ask()
		w := underWay[0]
		r.d.unlocked(func() { <-w.done })
		if err := r.take(w, progress); err != nil {
			return err
		}
		underWay = underWay[1:]
		r.giveBack(w)
	}
	return nil
}

// newWindow returns a window with the first of some fetches.
func (r *Reader) newWindow(fetches []*fetch) *window {
	w := &window{done: make(chan struct{})}
	bytes := 0
	for i, f := range fetches {
		ask := f.ask(r.d.traits)
		if bytes += ask.Size; i > 0 && bytes > r.d.traits.WindowBytes {
			break
		}
		w.fetches, w.asked = append(w.fetches, f), append(w.asked, ask)
	}
	return w
}

// take copies what is wanted of a window.
func (r *Reader) take(w *window, progress func(copied int)) error {
	if w.err != nil {
		return w.err
	}
	for i, f := range w.fetches {
		b := w.buffers[i]
		if b == nil {
			if !f.record.lost {
				f.record.lost = true
				r.Lost = append(r.Lost, f.record)
			}
			first := f.wants[0]
			return lostError(first.start+int64(first.From), first.Len())
		}
		if err := r.copyWants(f, b, w.asked[i].Off, progress); err != nil {
			return err
		}
	}
	return nil
}

// takeComing takes what is in the read cache by now, waiting for what is being fetched ahead, and returns the rest.
func (r *Reader) takeComing(ctx context.Context, progress func(copied int)) (rest []*fetch, err error) {
	for _, f := range r.fetches {
		if coming := f.record.coming; coming != nil {
			r.d.unlocked(func() {
				select {
				case <-coming:
				case <-ctx.Done():
				}
			})
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
		}
		if f.record.buf == nil {
			rest = append(rest, f)
		} else if err := r.copyWants(f, f.record.buf, 0, progress); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// copyWants copies what is wanted of a record, of which the buffer has the bytes from off on.
func (r *Reader) copyWants(f *fetch, b driver.Buffer, off int, progress func(copied int)) error {
	for _, w := range f.wants {
		if err := w.CopyOut(w.into, b, w.begin-off); err != nil {
			return err
		}
	}
	progress(f.used())
	return nil
}

// giveBack gives back what was fetched, or keeps a whole record of which only a part was wanted.
func (r *Reader) giveBack(w *window) {
	for i, b := range w.buffers {
		switch f := w.fetches[i]; {
		case b == nil:
		case f.used() >= f.record.size || w.asked[i].Size < f.record.size:
			r.d.store.FreeBuffer(b)
		default:
			r.d.remember(f.record, b)
		}
	}
}
