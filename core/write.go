package core

import (
	"context"
	"slices"

	"asposecache/core/driver"
)

// Bounds of what writes that wait may hold. A write of more than mostKept is not copied when it has to
// wait: its source has to stay as it is.
const (
	mostKept   = 64 << 20
	mostQueued = 256 << 20
)

// Write replaces the bytes from off on by those of src. If it can't be done at once and src is a
// [Keeper], src is asked to keep its bytes before the first wait, unless they are more than 64 MiB.
//
// When it returns, every later read sees the bytes. On disk they may still wait to be stored, in a
// bounded buffer; past the bound it waits. A page that snapshots share is copied; where the copies do not fit
// in memory, the old pages go to disk, if the settings allow it. An end of ctx is honoured until the bytes
// are in place.
//
// Errors: [RangeError], [ErrDisposed], [ErrClosed], [FullError] when there is no room for the copies, or, of
// reason [ByMemory], when more than 256 MiB of copies of sources wait, why storing earlier writes to this
// allocation failed, once, or why storing fails when there is no room to wait, the cause of ctx's end.
// After an error nothing has changed; only a source that was not kept and fails in the middle may leave a
// part of its bytes.
func (t *Turn) Write(ctx context.Context, src driver.Buffer, off int64, o *CallOptions) error {
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
		if err := w.keep(); err != nil {
			return err
		}
	}
	if err := t.begin(ctx); err != nil {
		return err
	}
	w.begun = true
	err := w.write(ctx)
	c.giveWay()
	if err == nil {
		w.options.progress(w.n, w.n)
	}
	return err
}

func (w *writing) write(ctx context.Context) error {
	a, c := w.t.a, w.t.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := w.check(); err != nil || w.n == 0 {
		return err
	}
	var err error
	for again := true; again; {
		err = nil
		if !w.isOwn() {
			err = w.prepare(ctx)
		}
		again = err != nil && c.drop(a, err, w.startAgain)
	}
	if err == nil {
		err = w.copyIn()
	}
	if w.copies != nil {
		c.spillAhead(w.t.settings, WhyCopy)
	}
	if a.disposed {
		return nil // nobody will miss the bytes
	}
	return err
}

// A writing is one Write under way.
type writing struct {
	t       *Turn
	src     driver.Buffer
	off, n  int64
	rect    *rect // of a surface, what is written in the place of a range
	begun   bool  // its turn has come
	kept    int64
	asked   bool // src was asked to keep its bytes
	options *CallOptions

	fresh []*page // on disk: pages that are to take the place of others
	// alone: the write is one group, so that nothing can go wrong after its pages are made.
	alone bool
	// unreserved is how much of what the allocation has reserved the fresh pages will use.
	unreserved int64
	copying    // see copyonwrite.go

	all      []piece // see list
	prepared bool
	inPlace  []piece // once it is prepared: what is left to be copied in place
	stretch  stretch
	done     int64 // bytes staged or copied so far
	reported int64
}

// keep makes sure that src stays as it is while the write waits.
func (w *writing) keep() error {
	k, ok := w.src.(Keeper)
	if !ok || w.kept > 0 || w.n == 0 || w.n > mostKept {
		return nil
	}
	if err := w.queue(); err != nil {
		return err
	}
	return k.Keep()
}

// queue takes room for a copy of src.
func (w *writing) queue() error {
	c := w.t.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queued+w.n > mostQueued {
		return &FullError{Medium: Memory, Requested: w.n, Allocated: c.queued, Limit: mostQueued, Reason: ByMemory}
	}
	c.queued += w.n
	w.kept = w.n
	return nil
}

func (w *writing) close() {
	c := w.t.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queued -= w.kept
	if w.begun { // or the room is that of the call before
		w.release()
	}
}

// release gives back what the write has made or taken and not put in place. The cache is locked.
func (w *writing) release() {
	a, c := w.t.a, w.t.a.cache
	for _, p := range w.fresh {
		c.unref(p)
	}
	w.fresh = nil
	w.copying.giveUp(c)
	a.giveRoom()
	c.disk.Pump()
}

// startAgain gives back what the write has made, and answers what it needs.
func (w *writing) startAgain() shortage {
	a := w.t.a
	w.release()
	w.copying, w.unreserved, w.done = copying{}, 0, 0
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

// list is all pieces of the write.
func (w *writing) list() []piece {
	switch {
	case w.all != nil:
	case w.rect != nil:
		w.all = slices.Collect(w.t.a.layout.rectPieces(w.rect.Rect, w.rect.stride))
	default:
		for at := range pieces(w.off, w.n) {
			w.all = append(w.all, at)
		}
	}
	return w.all
}

// isOwn tells whether all pages are in memory and nobody else needs them as they are.
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
// others share. What is left to be done is to copy in place. The cache is locked, but not while it waits;
// meanwhile pages may leave memory, but none comes back.
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
		onDisk, whole = nil, false
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
// now and then. The cache is locked, but not during pauses.
func (w *writing) copyIn() error {
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
	w.pin(true)
	defer w.pin(false)
	for _, at := range w.inPlace {
		if w.stretch.over() {
			if err := w.pause(w.done); err != nil {
				return err
			}
		}
		if err := w.copyPiece(at); err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) copyPiece(at piece) error {
	w.stretch.bytes += at.Len()
	w.done += int64(at.Len())
	return at.CopyIn(w.t.a.pages.get(at.page).memory(), 0, w.src)
}

// pin keeps the pages that are changed in place in memory.
func (w *writing) pin(pinned bool) {
	a := w.t.a
	for _, at := range w.inPlace {
		p := a.pages.get(at.page)
		p.pinned = pinned
		a.cache.relist(p)
	}
}

// pause lets others go on. The cache is locked, but not during the pause.
func (w *writing) pause(done int64) error {
	c := w.t.a.cache
	if _, err := w.keepLocked(); err != nil {
		return err
	}
	c.unlocked(func() {
		w.report(done)
		c.pause()
	})
	w.stretch = stretch{}
	return nil
}

// report tells how many bytes are done, which are never fewer than before.
func (w *writing) report(done int64) {
	w.reported = max(w.reported, done)
	w.options.progress(w.reported, w.n)
}
