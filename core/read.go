package core

import (
	"context"
	"fmt"
	"iter"

	"asposecache/core/driver"
)

// Read copies n bytes from off on into the buffer that target makes for them; n < 0 means all up to
// the end. target is called when the turn has come and the range is known to be right. An end of ctx
// is honoured until then. After an error the content of the buffer is unspecified.
//
// Errors: [RangeError], [ErrDisposed], [ErrClosed], [ErrLost], [driver.ErrUnavailable] when the store does
// not answer, whatever target returns, the cause of ctx's end.
func (t *Turn) Read(ctx context.Context, off, n int64, target func(n int64) (driver.Buffer, error), o *CallOptions) error {
	defer t.end()
	if err := t.begin(ctx); err != nil {
		return err
	}
	a, c := t.a, t.a.cache
	c.calls.Add(1)
	defer c.calls.Done()
	r := reading{a: a, off: off, options: o}
	return r.run(ctx, t, func() (err error) {
		if a.layout.tiled() {
			return errTiled
		}
		r.total, err = a.checkRange(off, n)
		return err
	}, target)
}

// run does the read, in its turn up to where only the store has to be asked. check is called while the cache
// is locked, and finds out how many bytes it is about.
func (r *reading) run(ctx context.Context, t *Turn, check func() error, target func(n int64) (driver.Buffer, error)) error {
	defer r.free()
	err := r.inTurn(t, check, target)
	if err == nil {
		// The turn is over: what is left to fetch are versions of pages that no later call changes.
		err = r.fetchAll(context.WithoutCancel(ctx))
	}
	r.through = err == nil
	return err
}

// inTurn does what has to be done in the turn, and ends it.
func (r *reading) inTurn(t *Turn, check func() error, target func(n int64) (driver.Buffer, error)) error {
	defer t.end()
	err := r.check(check)
	if err != nil {
		return err
	}
	if r.target, err = target(r.total); err != nil {
		return err
	}
	return r.begin()
}

func (r *reading) check(check func() error) error {
	r.a.cache.mu.Lock()
	defer r.a.cache.mu.Unlock()
	return check()
}

// free gives up what the read has held.
func (r *reading) free() {
	c := r.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.through && r.onDisk && r.rect == nil {
		r.a.readAhead(r.off, r.off+r.total)
	}
	for _, f := range r.stored {
		c.disk.release(f.record)
	}
	c.disk.pump()
}

// A reading is one Read under way.
type reading struct {
	a       *Allocation
	off     int64
	rect    *rect // of a surface, what is read in the place of a range
	layout  layout
	target  driver.Buffer
	stored  []fetch // what the store has to be asked for
	done    int64
	total   int64
	options *CallOptions
	onDisk  bool // some of it was on disk
	through bool // all went well
}

// A fetch is what a read wants of a record.
type fetch struct {
	record   *record
	wants    []want
	from, to int // where in the record all of them are
}

// add adds what is wanted.
func (f *fetch) add(w want) {
	from, to := w.begin+w.from, w.begin+w.to
	if len(f.wants) == 0 {
		f.from, f.to = from, to
	}
	f.from, f.to = min(f.from, from), max(f.to, to)
	f.wants = append(f.wants, w)
}

// ask is the range of the record that is read: all of it where the store has nothing less.
func (f *fetch) ask(t driver.Traits) driver.Range {
	if !t.Ranges {
		return f.record.whole()
	}
	return driver.Range{Key: f.record.key, Off: f.from, Size: f.to - f.from}
}

// A want is a piece of a page that lies in a record.
type want struct {
	piece
	begin int // where in the record the page would begin
}

// pieces are those of the read.
func (r *reading) pieces() iter.Seq[piece] {
	if r.rect != nil {
		return r.layout.rectPieces(r.rect.Rect, r.rect.stride)
	}
	return pieces(r.off, r.total)
}

// begin copies what is in memory, and notes and holds the records that have the rest.
func (r *reading) begin() error {
	c := r.a.cache
	var s stretch
	for w := range r.pieces() {
		if s.over() {
			r.options.progress(r.done, r.total)
			c.pause()
			s = stretch{}
		}
		copied, err := r.copyLocked(w)
		if err != nil {
			return err
		}
		r.done += int64(copied)
		s.bytes += copied
	}
	r.options.progress(r.done, r.total)
	return nil
}

func (r *reading) copyLocked(w piece) (copied int, err error) {
	r.a.cache.mu.Lock()
	defer r.a.cache.mu.Unlock()
	return r.copy(w)
}

// copy copies what is in memory of one piece, and answers how many bytes that are. The cache is locked.
func (r *reading) copy(w piece) (copied int, err error) {
	p := r.a.pages.get(w.page)
	if p == nil {
		return w.len(), w.clear(r.target)
	}
	if lost := w.within(p.lost); lost != nil {
		return 0, lostError(r.layout.pageStart(w.page)+int64(lost[0].from), lost[0].to-lost[0].from)
	}
	if p.block != nil {
		return w.len(), w.copyOut(r.target, p.memory(), 0)
	}
	r.onDisk = true
	for _, q := range p.parts {
		if q.from <= w.from && w.to <= q.to { // all of it is in one place
			return r.copyPart(p, q, w)
		}
	}
	for i := range w.rows {
		n, err := r.copyRow(p, w.line(i))
		copied += n
		if err != nil {
			return copied, err
		}
	}
	return copied, nil
}

// copyRow copies what is in memory of one row. What no part covers is zero.
func (r *reading) copyRow(p *page, w piece) (copied int, err error) {
	end := w.from // of what is done
	zero := func(to int) error {
		copied += to - end
		return driver.Clear(r.target, int(w.at)+end-w.from, to-end)
	}
	for _, q := range p.parts {
		q, ok := q.cut(w.from, w.to)
		if !ok {
			continue
		}
		if err := zero(q.from); err != nil {
			return copied, err
		}
		end = q.to
		n, err := r.copyPart(p, q, w.between(q.from, q.to))
		copied += n
		if err != nil {
			return copied, err
		}
	}
	return copied, zero(w.to)
}

// copyPart copies a piece that lies in one part of its page, or notes that it has to be fetched.
func (r *reading) copyPart(p *page, q part, w piece) (copied int, err error) {
	switch {
	case q.record == nil:
		return w.len(), w.copyOut(r.target, p.buf, -p.bufAt)
	case q.record.buf != nil:
		return w.len(), w.copyOut(r.target, q.record.buf, q.at-q.from)
	}
	n := len(r.stored)
	if n == 0 || r.stored[n-1].record != q.record {
		q.record.holds++
		r.stored = append(r.stored, fetch{record: q.record})
		n++
	}
	r.stored[n-1].add(want{w, q.at - q.from})
	return 0, nil
}

// An answer is what the store has said to a window of fetches.
type answer struct {
	window  []fetch
	asked   []driver.Range
	buffers []driver.Buffer
	err     error
}

// fetchAll copies what is in the store, two windows under way at a time.
func (r *reading) fetchAll(ctx context.Context) error {
	rest, err := r.takeComing()
	if err != nil {
		return err
	}
	var underWay []chan answer
	ask := func() {
		if len(rest) == 0 {
			return
		}
		asked := r.window(rest)
		window := rest[:len(asked)]
		rest = rest[len(asked):]
		got := make(chan answer, 1)
		underWay = append(underWay, got)
		go func() {
			buffers, err := r.a.cache.disk.get(ctx, asked)
			got <- answer{window, asked, buffers, err}
		}()
	}
	defer func() { // what was asked for and is not wanted any more, also after a panic of the target
		for _, got := range underWay {
			r.leave(<-got)
		}
	}()
	for ask(); len(underWay) > 0; {
		ask()
		got := <-underWay[0]
		underWay = underWay[1:]
		if err := r.take(got); err != nil {
			return err
		}
	}
	return nil
}

// take copies what is wanted of what was fetched.
func (r *reading) take(got answer) error {
	defer r.leave(got)
	if got.err != nil {
		return got.err
	}
	for i, b := range got.buffers {
		f := got.window[i]
		if b == nil {
			w := f.wants[0]
			r.a.cache.noteLost(r.a, f.record)
			return lostError(r.layout.pageStart(w.page)+int64(w.from), w.len())
		}
		if err := r.copyWants(f, b, got.asked[i].Off); err != nil {
			return err
		}
		r.options.progress(r.done, r.total)
	}
	return nil
}

// takeComing takes what is in the read cache by now, waiting for what is being fetched ahead, and answers
// the rest.
func (r *reading) takeComing() (rest []fetch, err error) {
	c := r.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range r.stored {
		if coming := f.record.coming; coming != nil {
			c.unlocked(func() { <-coming })
		}
		if f.record.buf == nil {
			rest = append(rest, f)
		} else if err := r.copyWants(f, f.record.buf, 0); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// copyWants copies what is wanted of a record, of which the buffer has the bytes from off on.
func (r *reading) copyWants(f fetch, b driver.Buffer, off int) error {
	for _, w := range f.wants {
		if err := w.copyOut(r.target, b, w.begin-off); err != nil {
			return err
		}
		r.done += int64(w.len())
	}
	return nil
}

// leave gives back what was fetched, or keeps it where there is more in it than was wanted.
func (r *reading) leave(got answer) {
	d := r.a.cache.disk
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	for i, b := range got.buffers {
		if b == nil {
			continue
		}
		f := got.window[i]
		used := 0
		for _, w := range f.wants {
			used += w.len()
		}
		if used >= f.record.size || got.asked[i].Size < f.record.size {
			d.store.FreeBuffer(b)
		} else {
			d.remember(f.record, b)
		}
	}
}

// window is what is asked of the store in one transaction for the first of the fetches.
func (r *reading) window(fetches []fetch) (asked []driver.Range) {
	t := r.a.cache.disk.traits
	bytes := 0
	for i := range fetches {
		ask := fetches[i].ask(t)
		if bytes += ask.Size; i > 0 && bytes > t.WindowBytes {
			break
		}
		asked = append(asked, ask)
	}
	return asked
}

// noteLost notes that the store no longer has a record, for the pages of a that it was part of, and
// tells the listeners if that is news.
func (c *Cache) noteLost(a *Allocation, r *record) {
	for _, e := range c.lose(a, r) {
		c.onEvent(e)
	}
}

func (c *Cache) lose(a *Allocation, r *record) (events []Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, p := range a.pages.all() {
		var rest []part
		for _, q := range p.parts {
			if q.record != r {
				rest = append(rest, q)
				continue
			}
			p.lost = append(p.lost, span{q.from, q.to})
			events = append(events, Event{Kind: Lost, Allocation: a,
				Offset: a.layout.pageStart(i) + int64(q.from), Bytes: int64(q.to - q.from)})
		}
		if len(rest) < len(p.parts) {
			c.disk.setParts(p, rest)
		}
	}
	return events
}

func lostError(off int64, n int) error {
	return fmt.Errorf("%d bytes from offset %d on: %w", n, off, ErrLost)
}
