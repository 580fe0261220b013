package core

import (
	"context"
	"fmt"
	"iter"
)

// Bytes copied between two pauses, so that a long copy does not keep everybody else waiting.
const pauseEvery = 32 << 20

// A readWindow is how many bytes are asked of the store in one transaction; two are under way.
const readWindow = 4 << 20

// Read copies n bytes from off on into the buffer that target makes for them; n < 0 means all up to
// the end. target is called when the turn has come and the range is known to be right. An end of ctx
// is honoured until then. After an error the content of the buffer is unspecified.
//
// Errors: [RangeError], [ErrDisposed], [ErrClosed], [ErrLost], [ErrUnavailable] when the store does
// not answer, whatever target returns, the cause of ctx's end.
func (t *Turn) Read(ctx context.Context, off, n int64, target func(n int64) (Buffer, error), o *CallOptions) error {
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
func (r *reading) run(ctx context.Context, t *Turn, check func() error, target func(n int64) (Buffer, error)) error {
	a, c := t.a, t.a.cache
	err := func() error {
		defer t.end()
		c.mu.Lock()
		err := check()
		c.mu.Unlock()
		if err != nil {
			return err
		}
		if r.target, err = target(r.total); err != nil {
			return err
		}
		return r.begin()
	}()
	if err == nil {
		// The turn is over: what is left to fetch are versions of pages that no later call changes.
		err = r.fetchAll(context.WithoutCancel(ctx))
	}
	c.mu.Lock()
	if err == nil && r.onDisk && r.rect == nil {
		a.readAhead(r.off, r.off+r.total)
	}
	for _, f := range r.stored {
		for _, w := range f.wants {
			c.unref(w.p)
		}
	}
	c.disk.pump()
	c.mu.Unlock()
	return err
}

// A reading is one Read under way.
type reading struct {
	a       *Allocation
	off     int64
	rect    *rect // of a surface, what is read in the place of a range
	layout  layout
	target  Buffer
	stored  []fetch // what the store has to be asked for
	done    int64
	total   int64
	options *CallOptions
	onDisk  bool // some of it was on disk
}

// A fetch is what a read wants of a record.
type fetch struct {
	record *record
	wants  []want
}

// A want is a piece of a stored page.
type want struct {
	p *page
	piece
}

// pieces are those of the read.
func (r *reading) pieces() iter.Seq[piece] {
	if r.rect != nil {
		return r.layout.rectPieces(r.rect.Rect, r.rect.stride)
	}
	return pieces(r.off, r.total)
}

// begin copies what is in memory, and notes and holds the pages of which the bytes are in the store.
func (r *reading) begin() error {
	c := r.a.cache
	unpaused := 0
	for w := range r.pieces() {
		if unpaused >= pauseEvery {
			unpaused = 0
			r.options.progress(r.done, r.total)
			c.pause()
		}
		c.mu.Lock()
		copied, err := r.copy(w)
		c.mu.Unlock()
		if err != nil {
			return err
		}
		if copied {
			r.done += int64(w.len())
			unpaused += w.len()
		}
	}
	r.options.progress(r.done, r.total)
	return nil
}

// copy copies one piece, or answers false when it has to be fetched. The cache is locked.
func (r *reading) copy(w piece) (bool, error) {
	p := r.a.pages.get(w.page)
	if p == nil {
		return true, w.clear(r.target)
	}
	if lost := w.within(p.lost); lost != nil {
		return false, lostError(r.layout.pageStart(w.page)+int64(lost[0].from), lost[0].to-lost[0].from)
	}
	r.onDisk = r.onDisk || p.block == nil
	if end := max(w.from, min(w.to, int(p.size))); end < w.to { // from there on the page is zero
		// Only the last page of a range can be shorter than it should be, so this is one row.
		if err := r.target.Clear(int(w.at)+end-w.from, w.to-end); err != nil {
			return false, err
		}
		r.done += int64(w.to - end)
		w.to, w.row = end, end-w.from
		if w.row == 0 {
			return true, nil
		}
	}
	if b := p.bytes(); b != nil {
		return true, w.copyOut(r.target, b, 0)
	}
	if b := p.record.buf; b != nil {
		return true, w.copyOut(r.target, b, int(p.at))
	}
	p.refs++
	if n := len(r.stored); n == 0 || r.stored[n-1].record != p.record {
		r.stored = append(r.stored, fetch{record: p.record})
	}
	f := &r.stored[len(r.stored)-1]
	f.wants = append(f.wants, want{p, w})
	return false, nil
}

// fetchAll copies what is in the store, two windows under way at a time.
func (r *reading) fetchAll(ctx context.Context) error {
	type answer struct {
		window  []fetch
		buffers []Buffer
		err     error
	}
	rest, err := r.takeComing()
	if err != nil {
		return err
	}
	ask := func() chan answer {
		if len(rest) == 0 {
			return nil
		}
		window := rest[:windowLen(rest)]
		rest = rest[len(window):]
		got := make(chan answer, 1)
		go func() {
			records := make([]*record, len(window))
			for i, f := range window {
				records[i] = f.record
			}
			buffers, err := r.a.cache.disk.get(ctx, records)
			got <- answer{window, buffers, err}
		}()
		return got
	}
	var failure error
	for current, next := ask(), ask(); current != nil; current, next = next, ask() {
		got := <-current
		if failure == nil {
			failure = got.err
		}
		if failure != nil {
			rest = nil
		}
		for i, b := range got.buffers {
			f := got.window[i]
			if failure == nil {
				failure = r.take(f, b)
			}
			if b != nil {
				r.leave(f, b)
			}
		}
	}
	return failure
}

// takeComing takes what is in the read cache by now, waiting for what is being fetched ahead, and answers
// the rest.
func (r *reading) takeComing() (rest []fetch, err error) {
	c := r.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range r.stored {
		if coming := f.record.coming; coming != nil {
			c.mu.Unlock()
			<-coming
			c.mu.Lock()
		}
		if f.record.buf == nil {
			rest = append(rest, f)
		} else if err := r.copyWants(f, f.record.buf); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// take copies what is wanted of a fetched record. A nil record is lost.
func (r *reading) take(f fetch, b Buffer) error {
	if b == nil {
		w := f.wants[0]
		r.a.cache.noteLost(r.a, w.page, w.p)
		return lostError(r.layout.pageStart(w.page)+int64(w.from), w.len())
	}
	if err := r.copyWants(f, b); err != nil {
		return err
	}
	r.options.progress(r.done, r.total)
	return nil
}

func (r *reading) copyWants(f fetch, b Buffer) error {
	for _, w := range f.wants {
		if err := w.copyOut(r.target, b, int(w.p.at)); err != nil {
			return err
		}
		r.done += int64(w.len())
	}
	return nil
}

// leave gives back a fetched record, or keeps it if there is more in it than was wanted.
func (r *reading) leave(f fetch, b Buffer) {
	d := r.a.cache.disk
	used := 0
	for _, w := range f.wants {
		used += w.len()
	}
	if used >= f.record.size {
		d.store.FreeBuffer(b)
		return
	}
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	d.remember(f.record, b)
}

// windowLen is how many of the fetches go into one transaction.
func windowLen(fetches []fetch) int {
	bytes := 0
	for i, f := range fetches {
		bytes += f.record.size
		if i > 0 && bytes > readWindow {
			return i
		}
	}
	return len(fetches)
}

// noteLost notes that the store no longer has a page, number i of a, and tells the listeners if that is
// news.
func (c *Cache) noteLost(a *Allocation, i int64, p *page) {
	c.mu.Lock()
	news := !p.gone()
	p.lost = []span{{0, int(p.size)}}
	off, size := a.layout.pageStart(i), int64(p.size)
	c.mu.Unlock()
	if news {
		c.onEvent(Event{Kind: Lost, Allocation: a, Offset: off, Bytes: size})
	}
}

func lostError(off int64, n int) error {
	return fmt.Errorf("%d bytes from offset %d on: %w", n, off, ErrLost)
}
