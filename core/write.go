package core

import (
	"context"

	"asposecache/core/driver"
)

// Write replaces the bytes from off on by those of src. If it can't be done at once and src is a
// [Keeper], src is asked to keep its bytes before the first wait, unless they are more than 64 MiB.
//
// When it returns, every later read sees the bytes. On disk they may still wait to be stored, in a
// bounded buffer; past the bound it waits. A page that snapshots share is copied; where the copies do not fit
// in memory, the old pages go to disk, if the settings allow it. An end of ctx is honoured until the bytes
// are in place.
//
// Errors: [RangeError]; [ErrDisposed]; [ErrClosed]; [FullError] when there is no room for the copies, or, of reason
// [ByMemory], when more than 256 MiB of copies of sources wait; why storing earlier writes to this allocation failed,
// once; why storing fails, when there is no room to wait; the cause of ctx's end. After an error nothing has changed;
// only a source that was not kept and fails in the middle may leave a part of its bytes.
func (t *Turn) Write(ctx context.Context, src driver.Buffer, off int64, o *CallOptions) error {
	t.a.cache.mu.Lock()
	defer t.a.cache.mu.Unlock()
	w := writing{t: t, src: src, off: off, n: int64(src.Len()), options: o}
	return w.run(ctx)
}

// run does the write when its turn has come.
func (w *writing) run(ctx context.Context) error {
	t := w.t
	c := t.a.cache
	defer t.end()
	defer w.close()
	if t.mustWait() {
		if _, err := w.keep(ctx); err != nil {
			return err
		}
	}
	if err := t.begin(ctx); err != nil {
		return err
	}
	w.begun = true
	err := w.write(ctx)
	c.giveWay(ctx)
	if err == nil {
		c.progress(ctx, w.options, w.n, w.n)
	}
	return err
}

func (w *writing) write(ctx context.Context) error {
	a, c := w.t.a, w.t.a.cache
	if err := w.check(); err != nil || w.n == 0 {
		return err
	}
	var err error
	for again := true; again; {
		err = nil
		if !w.isOwn() {
			err = w.prepare(ctx)
		}
		again = err != nil && c.dropFor(a, err, w.startAgain)
	}
	if err == nil {
		err = w.copyIn(ctx)
	}
	if w.copies != nil {
		c.spillAhead(w.t.settings, WhyCopy, w.stretch)
	}
	if a.disposed {
		return nil // nobody will miss the bytes
	}
	return err
}

func (w *writing) close() {
	w.t.a.cache.queued -= w.kept
	if w.begun { // or the room is that of the call before
		w.release()
	}
}

// release gives back what the write has made or taken and not put in place.
func (w *writing) release() {
	a, c := w.t.a, w.t.a.cache
	for _, p := range w.fresh {
		c.unref(p)
	}
	w.fresh = nil
	w.copying.giveUp(c)
	a.giveRoom()
	w.disengage()
	c.disk.Pump()
}

// startAgain gives back what the write has made, and returns what it needs.
func (w *writing) startAgain() shortage {
	a := w.t.a
	w.release()
	w.copying, w.back, w.unreserved, w.done = copying{}, nil, 0, 0
	s := shortage{settings: w.t.settings, mayMove: true}
	var onDisk []piece
	for _, at := range w.list() {
		switch p := a.pages.get(at.page); {
		case p == nil || p.block == nil:
			onDisk = append(onDisk, at)
		case p.refs > 1:
			s.add(a.pageLen(at.page), p)
		}
	}
	s.disk, _ = w.needOnDisk(onDisk)
	return s
}

// check checks the range or the rectangle against the allocation as it is now.
func (w *writing) check() error {
	if w.rect != nil {
		return w.rect.check(w.t.a)
	}
	if w.t.a.layout.tiled() {
		return errTiled
	}
	_, err := w.t.a.checkRange(w.off, w.n)
	return err
}

// isOwn reports whether all pages are in memory and nobody else needs them as they are.
func (w *writing) isOwn() bool {
	if w.rect == nil { // the short way, without a list
		for at := range pieces(w.off, w.n) {
			if !w.isOwnPage(at.page) {
				return false
			}
		}
		return true
	}
	for _, at := range w.list() {
		if !w.isOwnPage(at.page) {
			return false
		}
	}
	return true
}

func (w *writing) isOwnPage(i int64) bool {
	p := w.t.a.pages.get(i)
	return p != nil && p.block != nil && p.sole()
}

// prepare does all that can fail and then puts what it has made in place, so that the write takes effect
// wholly or not at all: versions of the pages on disk, and room for copies of the pages in memory that
// others share. What is left to be done is to copy in place. While it waits, pages may leave memory, or come back.
func (w *writing) prepare(ctx context.Context) error {
	a := w.t.a
	var onDisk, inMemory []piece
	for _, at := range w.list() {
		if p := a.pages.get(at.page); p != nil && p.block != nil {
			inMemory = append(inMemory, at)
		} else {
			onDisk = append(onDisk, at)
		}
	}
	if len(onDisk) > 0 {
		if err := a.takeStoreErr(); err != nil {
			return err
		}
	}
	whole := len(inMemory) == 0
	for {
		if err := w.stageAll(ctx, onDisk, whole); err != nil {
			return err
		}
		inMemory = append(inMemory, w.back...)
		onDisk, w.back, whole = nil, nil, false
		rest := inMemory[:0]
		for _, at := range inMemory {
			if p := a.pages.get(at.page); p.block == nil && w.copies[p] == nil {
				onDisk = append(onDisk, at)
			} else {
				rest = append(rest, at)
			}
		}
		inMemory = rest
		if len(onDisk) > 0 {
			continue
		}
		ready, err := w.own(ctx, inMemory)
		if err != nil {
			return err
		}
		if ready {
			w.commit(inMemory)
			return nil
		}
	}
}

// commit puts what was made in place.
func (w *writing) commit(inMemory []piece) {
	a := w.t.a
	a.giveRoom() // the pages are counted now
	a.reserve(a.reserved - w.unreserved)
	for _, p := range w.fresh {
		a.put(p.number, p)
	}
	w.fresh = nil
	w.prepared = true
	w.inPlace = w.commitCopies(inMemory)
}

// copyIn copies into the pages in memory that nobody else needs. They stay there, although others may go on
// now and then.
func (w *writing) copyIn(ctx context.Context) error {
	if !w.prepared && w.n <= pauseEvery && w.rect == nil {
		for at := range pieces(w.off, w.n) {
			if err := w.copyPiece(at); err != nil {
				return err
			}
		}
		return nil
	}
	if !w.prepared {
		w.inPlace = w.list()
	}
	w.engage()
	w.pin(true)
	defer w.pin(false)
	mayPause := true
	for _, at := range w.inPlace {
		if mayPause && w.stretch.over() {
			// If src can't be kept it is too late to refuse the write: the rest is copied without a pause.
			mayPause = w.pause(ctx, w.done) == nil
		}
		if err := w.copyPiece(at); err != nil {
			return err
		}
	}
	return nil
}

// engage and disengage are those of the cache. A second call does nothing.
func (w *writing) engage() {
	if w.engaged == 0 {
		w.engaged = w.t.a.cache.engage()
	}
}

//go:noinline
func (w *writing) disengage() {
	w.t.a.cache.disengage(w.engaged)
	w.engaged = 0
}

func (w *writing) copyPiece(at piece) error {
	w.stretch.bytes += at.Len()
	w.done += int64(at.Len())
	return w.t.a.pages.get(at.page).copyIn(at, w.src)
}

// pin notes whether the pages that are changed in place have to stay in memory.
func (w *writing) pin(pinned bool) {
	a := w.t.a
	for _, at := range w.inPlace {
		p := a.pages.get(at.page)
		p.pinned = pinned
		a.cache.relist(p)
	}
}

// WriteAt replaces the bytes from off on by those of p.
func (a *Allocation) WriteAt(ctx context.Context, p []byte, off int64) error {
	return a.Turn().Write(ctx, driver.Bytes(p), off, nil)
}

// WriteRect replaces a rectangle by the rows of src, of which each begins stride bytes after the one before; 0: they
// follow each other. src ends with its last row, or with its last stride. In all else it is like [Turn.Write].
//
// Errors: [RangeError], also for a stride that is too small and a src that is too short or too long;
// [ArgumentError] when it is no surface; those of Write.
func (t *Turn) WriteRect(ctx context.Context, r Rect, src driver.Buffer, stride int64, o *CallOptions) error {
	t.a.cache.mu.Lock()
	defer t.a.cache.mu.Unlock()
	w := writing{t: t, src: src, n: int64(src.Len()), options: o, rect: &rect{Rect: r, stride: stride, length: int64(src.Len())}}
	return w.run(ctx)
}

// WriteRect replaces a rectangle by p, row after row.
func (a *Allocation) WriteRect(ctx context.Context, r Rect, p []byte) error {
	return a.Turn().WriteRect(ctx, r, driver.Bytes(p), 0, nil)
}
