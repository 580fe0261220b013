package core

import (
	"context"
	"iter"

	"asposecache/core/disk"
	"asposecache/core/driver"
)

// Read copies n bytes from off on into the buffer that target makes for them; n < 0 means all up to
// the end. target is called when the turn has come and the range is known to be right. An end of ctx
// is honoured until then. After an error the content of the buffer is unspecified.
//
// Errors: [RangeError], [ErrDisposed], [ErrClosed], [ErrLost], [driver.ErrUnavailable] when the store does
// not answer, whatever target returns, the cause of ctx's end.
func (t *Turn) Read(ctx context.Context, off, n int64, target func(n int64) (driver.Buffer, error), o *CallOptions) error {
	a, c := t.a, t.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	defer t.end()
	if err := t.begin(ctx); err != nil {
		return err
	}
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

// run does the read, in its turn up to where only the store has to be asked. check finds out how many bytes it is about.
// target is called without the lock.
func (r *reading) run(ctx context.Context, t *Turn, check func() error, target func(n int64) (driver.Buffer, error)) error {
	defer r.free()
	err := r.inTurn(ctx, t, check, target)
	if err == nil {
		// The turn is over: what is left to fetch are versions of pages that no later call changes.
		err = r.fetch(context.WithoutCancel(ctx))
	}
	r.through = err == nil
	return err
}

// inTurn does what has to be done in the turn, and ends it.
func (r *reading) inTurn(ctx context.Context, t *Turn, check func() error, target func(n int64) (driver.Buffer, error)) error {
	defer t.end()
	err := check()
	if err != nil {
		return err
	}
	c := r.a.cache
	if c.unlocked(func() { r.target, err = target(r.total) }); err != nil {
		return err
	}
	r.disk = c.disk.NewReader(r.target)
	return r.begin(ctx)
}

// free begins to read ahead, if the read was of a range and went well, and gives up what the read has held.
func (r *reading) free() {
	if r.through && r.onDisk && r.rect == nil {
		r.a.readAhead(r.off, r.off+r.total)
	}
	if r.disk != nil {
		r.disk.Close()
	}
}

// A reading is one Read under way.
type reading struct {
	a       *Allocation
	off     int64
	rect    *rect // of a surface, what is read in the place of a range
	layout  layout
	target  driver.Buffer
	disk    *disk.Reader
	done    int64
	total   int64
	options *CallOptions
	onDisk  bool // some of it was on disk
	through bool // all went well
}

// pieces returns those of the read.
func (r *reading) pieces() iter.Seq[piece] {
	if r.rect != nil {
		return r.layout.rectPieces(r.rect.Rect, r.rect.stride)
	}
	return pieces(r.off, r.total)
}

// begin copies what is in memory, and notes what has to be fetched.
func (r *reading) begin(ctx context.Context) error {
	var s stretch
	for w := range r.pieces() {
		if s.over() {
			r.progress(ctx)
			r.a.cache.rest(ctx)
			s = stretch{}
		}
		copied, err := r.copy(w)
		if err != nil {
			return err
		}
		r.done += int64(copied)
		s.bytes += copied
	}
	r.progress(ctx)
	return nil
}

// progress tells the caller how many bytes are done.
func (r *reading) progress(ctx context.Context) {
	r.a.cache.progress(ctx, r.options, r.done, r.total)
}

// copy copies what is in memory of one piece, and returns how many bytes that is.
func (r *reading) copy(w piece) (copied int, err error) {
	switch p := r.a.pages.get(w.page); {
	case p == nil:
		return w.Len(), w.Clear(r.target)
	case p.block != nil:
		return w.Len(), w.CopyOut(r.target, p.memory(), 0)
	default:
		r.onDisk = true
		return r.disk.Read(p.image, w.Rows, r.layout.pageStart(w.page))
	}
}

// fetch copies what is in the store.
func (r *reading) fetch(ctx context.Context) error {
	defer func() { r.a.cache.lost(r.disk.Lost, r.a) }() // also after a panic of the target
	return r.disk.Fetch(ctx, func(copied int) {
		r.done += int64(copied)
		r.progress(ctx)
	})
}

// ReadAt fills p with the bytes from off on.
func (a *Allocation) ReadAt(ctx context.Context, p []byte, off int64) error {
	return a.Turn().Read(ctx, off, int64(len(p)), func(int64) (driver.Buffer, error) { return driver.Bytes(p), nil }, nil)
}

// ReadRect copies a rectangle into the buffer that target makes for n bytes, row after row. target is called when
// the turn has come and the rectangle is known to be right. Of tiles on disk only the records that have bytes of the
// rectangle are fetched. In all else it is like [Turn.Read].
//
// Errors: [RangeError], [ArgumentError] when it is no surface, and those of Read.
func (t *Turn) ReadRect(ctx context.Context, r Rect, target func(n int64) (driver.Buffer, error), o *CallOptions) error {
	a, c := t.a, t.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	defer t.end()
	if err := t.begin(ctx); err != nil {
		return err
	}
	c.calls.Add(1)
	defer c.calls.Done()
	reading := reading{a: a, rect: &rect{Rect: r, length: -1}, options: o}
	return reading.run(ctx, t, func() error {
		err := reading.rect.checkWhole(a)
		reading.layout = a.layout
		reading.total = reading.rect.Width * reading.rect.Height * a.layout.bpp
		return err
	}, target)
}

// ReadRect fills p, which must have the right length, with a rectangle.
func (a *Allocation) ReadRect(ctx context.Context, r Rect, p []byte) error {
	return a.Turn().ReadRect(ctx, r, func(n int64) (driver.Buffer, error) {
		if n != int64(len(p)) {
			return nil, outOfRange("length", int64(len(p)), n, n)
		}
		return driver.Bytes(p), nil
	}, nil)
}
