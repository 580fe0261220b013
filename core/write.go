package core

import "context"

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
// bounded buffer; past the bound it waits. An end of ctx is honoured until the bytes are in place.
//
// Errors: [RangeError], [ErrDisposed], [ErrClosed], [FullError] of reason [ByMemory] when more than
// 256 MiB of copies wait, why storing earlier writes to this allocation failed, once, or why storing
// fails when there is no room to wait, the cause of ctx's end. After an error nothing has changed; only
// a source that was not kept and fails in the middle may leave a part of its bytes in memory.
func (t *Turn) Write(ctx context.Context, src Buffer, off int64, o *CallOptions) error {
	w := writing{a: t.a, src: src, off: off, n: int64(src.Len()), options: o}
	if t.mustWait() {
		if err := w.keep(); err != nil {
			t.giveUp()
			w.close()
			return err
		}
	}
	if err := t.begin(ctx); err != nil {
		w.close()
		return err
	}
	defer func() {
		w.close()
		t.end()
	}()
	a, c := t.a, t.a.cache
	c.mu.Lock()
	_, err := a.checkRange(off, w.n)
	medium := a.medium
	c.mu.Unlock()
	switch {
	case err != nil:
		return err
	case w.n == 0:
		return nil
	case medium == Memory:
		return w.toMemory()
	}
	if err = w.toDisk(ctx); err != nil && a.isDisposed() {
		return nil // nobody will miss the bytes
	}
	return err
}

// A writing is one Write under way.
type writing struct {
	a       *Allocation
	src     Buffer
	off, n  int64
	kept    int64
	fresh   []*page // on disk: pages that are to take the place of others
	options *CallOptions
	// alone: the write is one group, so that nothing can go wrong after its pages are made.
	alone bool
}

// keep makes sure that src stays as it is while the write waits.
func (w *writing) keep() error {
	k, ok := w.src.(Keeper)
	if !ok || w.kept > 0 || w.n == 0 || w.n > mostKept {
		return nil
	}
	c := w.a.cache
	c.mu.Lock()
	if c.queued+w.n > mostQueued {
		err := &FullError{Medium: Memory, Requested: w.n, Allocated: c.queued, Limit: mostQueued, Reason: ByMemory}
		c.mu.Unlock()
		return c.refused(err)
	}
	c.queued += w.n
	w.kept = w.n
	c.mu.Unlock()
	return k.Keep()
}

func (w *writing) close() {
	c := w.a.cache
	c.mu.Lock()
	c.queued -= w.kept
	for _, p := range w.fresh {
		c.unref(p)
	}
	c.disk.pump()
	c.mu.Unlock()
}

func (w *writing) toMemory() error {
	a, c := w.a, w.a.cache
	unpaused := 0
	for at := range pieces(w.off, w.n) {
		if unpaused >= pauseEvery {
			unpaused = 0
			if err := w.keep(); err != nil {
				return err
			}
			w.options.progress(at.at, w.n)
			c.pause()
		}
		c.mu.Lock()
		err := CopyBuffer(a.pages.get(at.page).memory(), at.from, w.src, int(at.at), at.len())
		c.mu.Unlock()
		if err != nil {
			return err
		}
		unpaused += at.len()
	}
	w.options.progress(w.n, w.n)
	return nil
}
