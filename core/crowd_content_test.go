package core_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"asposecache/core"
	"asposecache/core/driver"
)

// A crowd whose workers know what their allocations and snapshots hold, whatever becomes of their calls and of where the
// bytes are: others move them, there is no room, the store fails, a source changes once it is kept or can't be read.
func TestManyAtOnceHoldWhatTheyShould(t *testing.T) {
	inCrowds(t, 100, func(c *crowd) {
		c.closes = false
		known := &knowledge{crowd: c}
		c.run(func() func(*string) { return (&owner{knowledge: known}).step })
	})
}

// knowledge is what all owners know: snapshots, which nobody changes.
type knowledge struct {
	*crowd
	mu     sync.Mutex
	frozen []*owned
}

// An owner is the only one who changes what its allocations hold.
type owner struct {
	*knowledge
	mine []*owned
}

// An owned is an allocation and what it holds.
type owned struct {
	a       *core.Allocation
	spec    core.SurfaceSpec // of a surface
	want    []byte
	history *core.History
	states  map[string][]byte // by label
}

var errSource = errors.New("a source that can't be read")

// failingSource can be read a few times.
type failingSource struct {
	driver.Bytes
	reads int
}

func (s *failingSource) ReadAt(p []byte, off int) error {
	if s.reads--; s.reads < 0 {
		return errSource
	}
	return s.Bytes.ReadAt(p, off)
}

// changing is a source of somebody who changes it as soon as time passes, unless it is kept.
type changing struct {
	driver.Bytes
	mu   sync.Mutex
	kept bool
}

func (s *changing) ReadAt(p []byte, off int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Bytes.ReadAt(p, off)
}

func (s *changing) Keep() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = true
	return nil
}

func (s *changing) change() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.kept {
		clear(s.Bytes)
	}
}

func (w *owner) step(doing *string) {
	o := one(w.crowd, w.mine)
	if o == nil || len(w.mine) < 5 && w.n(8) == 0 {
		w.allocate(doing)
		return
	}
	steps := []func(*string, *owned){
		w.write, w.write, w.write, w.write, w.resize, w.resize, w.move, w.move, w.snapshot, w.snapshot, w.restore, w.restore,
		w.look, w.commit, w.commit, w.undo, w.undo, w.flushOrConfigure, w.dispose,
	}
	one(w.crowd, steps)(doing, o)
	if slices.Contains(w.mine, o) {
		w.verify(o)
	}
}

func (w *owner) allocate(doing *string) {
	*doing = "allocate"
	o := &owned{}
	if w.attempt(doing, func(ctx context.Context) (err error) {
		if w.n(2) == 0 {
			o.spec = w.surface()
			o.a, err = w.AllocateSurface(ctx, o.spec)
		} else {
			o.a, err = w.Allocate(ctx, w.size())
		}
		return w.add(o.a, err)
	}) == nil {
		o.want = make([]byte, o.a.Size())
		w.mine = append(w.mine, o)
	}
}

// read returns what an allocation holds, or nothing if it can't be read.
func (w *owner) read(o *owned) []byte {
	got := make([]byte, len(o.want))
	var doing string
	err := w.attempt(&doing, func(context.Context) error {
		if o.spec.Width > 0 {
			return o.a.ReadRect(ctx, core.Whole, got)
		}
		return o.a.ReadAt(ctx, got, 0)
	})
	if err != nil {
		return nil
	}
	return got
}

func (w *owner) verify(o *owned) {
	if n := o.a.Size(); n != int64(len(o.want)) {
		w.Errorf("it has %d bytes, not %d", n, len(o.want))
	} else if got := w.read(o); got != nil && !bytes.Equal(got, o.want) {
		w.Errorf("%d bytes of %v differ", len(got), o.a.Medium())
		o.want = got // told once
	}
}

// uncertain checks that each byte is as before or as in then, and notes what is there. What can't be read is disposed of.
func (w *owner) uncertain(doing *string, o *owned, then []byte) {
	got := w.read(o)
	for i := range got {
		if got[i] != o.want[i] && got[i] != then[i] {
			w.Error("bytes that were neither there nor written")
			break
		}
	}
	if o.want = got; got == nil {
		w.dispose(doing, o)
	}
}

func (w *owner) write(doing *string, o *owned) {
	if len(o.want) == 0 {
		return
	}
	*doing = "write"
	then := slices.Clone(o.want)
	r := w.rect(o.a)
	var off int64
	var data []byte
	if o.spec.Width > 0 {
		bpp := int64(o.spec.BytesPerPixel)
		row := r.Width * bpp
		data = picture(int(row*r.Height), byte(w.n(256)))
		for y := range r.Height {
			copy(then[((r.Y+y)*o.spec.Width+r.X)*bpp:], data[y*row:(y+1)*row])
		}
	} else {
		var n int64
		off, n = w.span(int64(len(o.want)))
		data = picture(int(n), byte(w.n(256)))
		copy(then[off:], data)
	}
	var src driver.Buffer = driver.Bytes(data)
	var whenBegun func()
	switch w.n(6) {
	case 0:
		src = &failingSource{driver.Bytes(data), 1 + w.n(6)}
	case 1, 2:
		s := &changing{Bytes: data}
		src, whenBegun = s, func() { time.AfterFunc(1, s.change) }
	}
	options := w.options()
	err := w.attempt(doing, func(ctx context.Context) error {
		t := o.a.Turn()
		if whenBegun != nil {
			whenBegun()
		}
		if o.spec.Width > 0 {
			return t.WriteRect(ctx, r, src, 0, options)
		}
		return t.Write(ctx, src, off, options)
	})
	switch {
	case err == nil:
		o.want = then
	case errors.Is(err, errSource), errors.Is(err, errCutOff):
		w.uncertain(doing, o, then)
	}
}

func (w *owner) resize(doing *string, o *owned) {
	*doing = "resize"
	var err error
	spec, then := o.spec, []byte(nil)
	if options := w.options(); spec.Width > 0 {
		spec.Width, spec.Height = 1+w.n64(700), 1+w.n64(700)
		bpp := int64(spec.BytesPerPixel)
		then = make([]byte, spec.Width*spec.Height*bpp)
		row := min(spec.Width, o.spec.Width) * bpp
		for y := range min(spec.Height, o.spec.Height) {
			copy(then[y*spec.Width*bpp:], o.want[y*o.spec.Width*bpp:][:row])
		}
		err = w.attempt(doing, func(ctx context.Context) error { return o.a.Turn().Resize(ctx, spec.Width, spec.Height, options) })
	} else {
		then = make([]byte, w.size())
		copy(then, o.want)
		err = w.attempt(doing, func(ctx context.Context) error { return o.a.Turn().Reallocate(ctx, int64(len(then)), options) })
	}
	if errors.Is(err, errCutOff) && len(then) == len(o.want) {
		w.dispose(doing, o) // either shape is possible
		return
	}
	if err == nil || errors.Is(err, errCutOff) && o.a.Size() == int64(len(then)) {
		o.spec, o.want = spec, then
	}
}

// move moves an allocation of anybody.
func (w *owner) move(doing *string, o *owned) {
	w.crowd.mu.Lock()
	all := w.all
	w.crowd.mu.Unlock()
	a := one(w.crowd, append(slices.Clone(all), o.a))
	*doing = "move"
	_ = w.attempt(doing, func(ctx context.Context) error {
		if w.n(2) == 0 {
			return a.Turn().MoveToDisk(ctx, w.options())
		}
		return a.Turn().MoveToMemory(ctx, w.options())
	})
}

func (w *owner) snapshot(doing *string, o *owned) {
	*doing = "snapshot"
	s := &owned{spec: o.spec, want: slices.Clone(o.want)}
	if w.attempt(doing, func(ctx context.Context) (err error) {
		s.a, err = o.a.Snapshot(ctx)
		return w.add(s.a, err)
	}) == nil {
		w.knowledge.mu.Lock()
		defer w.knowledge.mu.Unlock()
		w.frozen = append(w.frozen, s)
	}
}

// someFrozen returns a snapshot of the shape of like, or any if like is nil; nil if there is none.
func (w *owner) someFrozen(like *owned) *owned {
	w.knowledge.mu.Lock()
	defer w.knowledge.mu.Unlock()
	var fit []*owned
	for _, s := range w.frozen {
		if like == nil || s.spec == like.spec && len(s.want) == len(like.want) {
			fit = append(fit, s)
		}
	}
	return one(w.crowd, fit)
}

func (w *owner) restore(doing *string, o *owned) {
	s := w.someFrozen(o)
	if s == nil {
		return
	}
	*doing = "restore"
	err := w.attempt(doing, func(ctx context.Context) error { return o.a.Restore(ctx, s.a) })
	if err == nil {
		o.want = slices.Clone(s.want)
	}
}

// look looks at a snapshot, and sometimes disposes of it.
func (w *owner) look(doing *string, _ *owned) {
	s := w.someFrozen(nil)
	if s == nil {
		return
	}
	*doing = "look at a snapshot"
	if got := w.read(s); got != nil && !bytes.Equal(got, s.want) {
		w.Error("a snapshot has changed")
	}
	if w.n(3) == 0 {
		w.knowledge.mu.Lock()
		w.frozen = slices.DeleteFunc(w.frozen, func(other *owned) bool { return other == s })
		w.knowledge.mu.Unlock()
		w.crowd.dispose(s.a)
	}
}

func (w *owner) commit(doing *string, o *owned) {
	*doing = "commit"
	label := strconv.Itoa(len(o.states))
	if o.history == nil {
		o.states = make(map[string][]byte)
		label = ""
	}
	o.states[label] = slices.Clone(o.want)
	_ = w.attempt(doing, func(ctx context.Context) (err error) {
		if o.history != nil {
			return o.history.Commit(ctx, label)
		}
		h, err := core.NewHistory(ctx, o.a, core.HistoryOptions{MaxEntries: w.n(6), WhenFull: core.WhenFull(w.n(2))})
		if err == nil {
			o.history = h
			w.crowd.mu.Lock()
			defer w.crowd.mu.Unlock()
			w.histories = append(w.histories, h)
		}
		return err
	})
}

func (w *owner) undo(doing *string, o *owned) {
	if o.history == nil {
		return
	}
	*doing = "undo"
	there := false
	err := w.attempt(doing, func(ctx context.Context) (err error) {
		switch w.n(3) {
		case 0:
			there, err = o.history.Undo(ctx)
		case 1:
			there, err = o.history.Redo(ctx)
		default:
			_, err = o.history.GoTo(ctx, w.n64(4))
			there = err == nil
		}
		return err
	})
	if err != nil || !there {
		return
	}
	for _, e := range o.history.Entries() {
		if e.Current {
			o.want = slices.Clone(o.states[e.Label])
			o.spec = o.a.Surface()
		}
	}
}

// flushOrConfigure has what waits stored, or changes the settings.
func (w *owner) flushOrConfigure(doing *string, o *owned) {
	*doing = "flush or configure"
	_ = w.attempt(doing, func(ctx context.Context) error {
		switch w.n(3) {
		case 0:
			return w.Flush(ctx)
		case 1:
			return w.Configure(w.settings())
		}
		return o.a.Flush(ctx)
	})
}

func (w *owner) dispose(_ *string, o *owned) {
	if o.history != nil {
		o.history.Dispose()
	}
	w.crowd.dispose(o.a)
	w.mine = slices.DeleteFunc(w.mine, func(other *owned) bool { return other == o })
}
