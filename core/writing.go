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

// A writing is one Write under way.
type writing struct {
	t       *Turn
	src     driver.Buffer
	off, n  int64
	rect    *rect // of a surface, what is written in the place of a range
	begun   bool  // its turn has come
	engaged engagement
	kept    int64 // bytes of its copy of src, or 0
	asked   bool  // src was asked to keep its bytes
	options *CallOptions

	fresh []*page // on disk: pages that are to take the place of others
	// alone: the write is one group, so that nothing can go wrong after its pages are made.
	alone bool
	// back are pieces of which the page has come back to memory.
	back []piece
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

// copying is what a write needs of memory for the pages that others share.
type copying struct {
	copies map[*page]*page // by shared page, the one that is to take its place, with the new bytes
	// Where there is no room for a copy, the shared page begins to move to disk for the sake of the others;
	// then its block can be taken over.
	move   *move
	moving []*page
	// spilled: other pages were asked to make room. granted is the room that they have made and no copy has used.
	spilled bool
	granted int64
}

// keep makes sure, before the first wait, that src stays as it is. It reports whether that took a while, so that what
// the caller knows may be out of date.
func (w *writing) keep(context.Context) (asked bool, err error) {
	if w.asked {
		return false, nil
	}
	w.asked = true
	k, ok := w.src.(Keeper)
	if !ok || w.n == 0 || w.n > mostKept {
		return false, nil
	}
	if err := w.queue(); err != nil {
		return false, err
	}
	w.t.a.cache.unheard(func() { err = k.Keep() }) // a listener may change what src has
	return true, err
}

// queue takes room for a copy of src.
func (w *writing) queue() error {
	c := w.t.a.cache
	if c.queued+w.n > mostQueued {
		return &FullError{Medium: Memory, Requested: w.n, Allocated: c.queued, Limit: mostQueued, Reason: ByMemory}
	}
	c.queued += w.n
	w.kept = w.n
	return nil
}

// pause lets others go on, after it has made sure that src stays as it is.
func (w *writing) pause(ctx context.Context, done int64) error {
	if _, err := w.keep(ctx); err != nil {
		return err
	}
	w.report(ctx, done)
	w.t.a.cache.rest(ctx)
	w.stretch = stretch{}
	return nil
}

// report tells the caller how many bytes are done, which are never fewer than before.
func (w *writing) report(ctx context.Context, done int64) {
	w.reported = max(w.reported, done)
	w.t.a.cache.progress(ctx, w.options, w.reported, w.n)
}

// list returns all pieces of the write.
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
