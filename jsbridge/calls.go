//go:build js && wasm

package jsbridge

import (
	"context"
	"errors"
	"fmt"
	"syscall/js"
	"time"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/jsbridge/jsbuf"
	"asposecache/jsbridge/webapi"
)

// call is the one function through which JavaScript asks for what an export can't do. args[0] is a name. After the
// name of a request come the request's arguments, and the answer is returned. After the name of an operation come the
// number by which the call is settled, whether the call has a signal, and the operation's arguments.
func (b *bridge) call(_ js.Value, args []js.Value) (answer any) {
	var o *operation
	defer func() {
		if r := recover(); r != nil {
			if o != nil {
				o.end()
			}
			answer = object("error", describe(fmt.Errorf("unexpected: %v", r)))
		}
	}()
	b.machine.entered()
	name := args[0].String()
	if r, ok := requests[name]; ok {
		mustTake(r.args, args[1:])
		answer, err := r.answer(b, args[1:])
		return object("answer", answer, "error", describe(err))
	}
	number := args[1].Int()
	if !b.machine.Spare() && name != "close" {
		return object("error", describe(b.noMemory(0)))
	}
	kind := operations[name]
	mustTake(kind.args, args[3:])
	o = &operation{b: b, number: number, args: args[3:]}
	ctx := context.Background()
	if args[2].Truthy() {
		var cancel context.CancelCauseFunc
		ctx, cancel = context.WithCancelCause(ctx)
		b.cancels[number] = cancel
	}
	// What fixes a call's place in the order is done here, the rest in a goroutine of its own, which
	// runs up to where it has to wait before JavaScript goes on.
	run := kind.begin(o)
	go o.run(ctx, run)
	return nil
}

// mustTake panics unless there are n arguments.
func mustTake(n int, args []js.Value) {
	if len(args) != n {
		panic(fmt.Sprintf("%d arguments, and it takes %d", len(args), n))
	}
}

// An operation is one call under way.
type operation struct {
	b      *bridge
	number int
	args   []js.Value
	// turn is the place in the order that was taken for it, if any was.
	turn *core.Turn
	// made is the array that the caller gets if all goes well, kept a copy of one that the caller has lent. JavaScript
	// itself takes away from the program what it gets, and what it has lent.
	made, kept *jsbuf.Buffer
	// after is done when the call is settled.
	after func()
}

// end gives up what the call has taken, whether it was made, cut off or never begun.
func (o *operation) end() {
	if o.turn != nil {
		o.turn.GiveUp()
	}
	if cancel := o.b.cancels[o.number]; cancel != nil {
		delete(o.b.cancels, o.number)
		cancel(nil)
	}
}

// run does the call and settles it. Whatever goes wrong is told to the caller of this one call.
func (o *operation) run(ctx context.Context, f step) {
	var answer any
	err := errors.New("unexpected end")
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("unexpected: %v", r)
		}
		o.end()
		o.kept.Release()
		if err != nil {
			o.made.Release()
			o.settle(false, describe(err))
		} else {
			o.settle(true, answer)
		}
		if o.after != nil {
			o.after()
		}
	}()
	answer, err = f(ctx)
}

// settle answers the call. It must not fail: nobody is left to tell.
func (o *operation) settle(ok bool, value any) {
	defer recovered()
	o.b.host.settle.Invoke(o.number, ok, value)
}

func (o *operation) int(i int) int64 { return int64(o.args[i].Float()) }

// options returns options that report progress if the second argument says so, or else nil.
func (o *operation) options() *core.CallOptions {
	if !o.args[1].Truthy() {
		return nil
	}
	return &core.CallOptions{Progress: func(done, total int64) {
		o.b.host.progress.Invoke(o.number, done, total)
	}}
}

// A request is answered at once.
type request struct {
	args   int // how many it takes
	answer func(b *bridge, args []js.Value) (any, error)
}

// requests are the requests by name: those of web/src/border.ts.
var requests = map[string]request{
	"configure": {1, func(b *bridge, args []js.Value) (any, error) {
		s, err := settingsFrom(args[0])
		if err != nil {
			return nil, err
		}
		if err := b.disk.SetFolder(args[0].Get("cacheFolder").String()); err != nil {
			return nil, err
		}
		return nil, b.cache.Configure(s)
	}},
	// allocateSync(size) answers the number of an allocation in memory.
	"allocateSync": {1, func(b *bridge, args []js.Value) (any, error) {
		a, err := b.cache.AllocateInMemory(int64(args[0].Float()))
		if err != nil {
			return nil, err
		}
		b.live[a.ID()] = a
		return a.ID(), nil
	}},
	// allocateSurfaceSync(width, height, bytes per pixel) answers the number of a surface in memory.
	"allocateSurfaceSync": {3, func(b *bridge, args []js.Value) (any, error) {
		a, err := b.cache.AllocateSurfaceInMemory(surfaceSpec(args))
		if err != nil {
			return nil, err
		}
		b.live[a.ID()] = a
		return a.ID(), nil
	}},
	// access(id, for writing, offset, length) and accessRect(id, for writing, x, y, width, height) are called when
	// the exports of those names have returned 0. They make room, so that the exports succeed now, or return why not.
	"access": {4, func(b *bridge, args []js.Value) (any, error) {
		a := b.live[int64(args[0].Float())]
		if a == nil {
			return nil, core.ErrDisposed
		}
		return nil, a.Claim(int64(args[2].Float()), int64(args[3].Float()), purposeOf(args[1]))
	}},
	"accessRect": {6, func(b *bridge, args []js.Value) (any, error) {
		a := b.live[int64(args[0].Float())]
		if a == nil {
			return nil, core.ErrDisposed
		}
		return nil, a.ClaimRect(rectFrom(args[2:]), purposeOf(args[1]))
	}},
	// refuse(length) answers the error of who has no memory for so many bytes.
	"refuse": {1, func(b *bridge, args []js.Value) (any, error) {
		return nil, b.noMemory(int64(args[0].Float()))
	}},
	// difference(id, id) answers where two allocations, or two surfaces, differ.
	"difference": {2, func(b *bridge, args []js.Value) (any, error) {
		one, other := b.live[int64(args[0].Float())], b.live[int64(args[1].Float())]
		if one == nil || other == nil {
			return nil, core.ErrDisposed
		}
		if one.Surface().BytesPerPixel > 0 {
			rects, err := core.DifferenceRects(one, other)
			return rectsArray(rects), err
		}
		spans, err := core.Difference(one, other)
		return spansArray(spans), err
	}},
	// entries(number of a history)
	"entries": {1, func(b *bridge, args []js.Value) (any, error) {
		if h := b.histories[args[0].Int()]; h != nil {
			return entriesObject(h.Entries()), nil
		}
		return nil, core.ErrDisposed
	}},
	"disposeHistory": {1, func(b *bridge, args []js.Value) (any, error) {
		if h := b.histories[args[0].Int()]; h != nil {
			delete(b.histories, args[0].Int())
			h.Dispose()
		}
		return nil, nil
	}},
	"folderIsFixed": {0, func(b *bridge, _ []js.Value) (any, error) {
		_, fixed := b.disk.Folder()
		return fixed, nil
	}},
	"abort": {1, func(b *bridge, args []js.Value) (any, error) {
		if cancel := b.cancels[args[0].Int()]; cancel != nil {
			cancel(errAborted)
		}
		return nil, nil
	}},
}

// A step is what is left of an operation once its place in the order is fixed.
type step func(context.Context) (any, error)

// A kind is a kind of operation. Operations take time.
type kind struct {
	args int // how many it takes
	// begin fixes the operation's place in the order and returns the step that does the rest.
	begin func(o *operation) step
}

// operations are the kinds of operations by name: those of web/src/border.ts.
var operations = map[string]kind{
	// allocate(size)
	"allocate": {1, func(o *operation) step {
		return func(ctx context.Context) (any, error) {
			a, err := o.b.cache.Allocate(ctx, o.int(0))
			if err != nil {
				return nil, err
			}
			o.b.live[a.ID()] = a
			return a.ID(), nil
		}
	}},
	// allocateSurface(width, height, bytes per pixel)
	"allocateSurface": {3, func(o *operation) step {
		return func(ctx context.Context) (any, error) {
			a, err := o.b.cache.AllocateSurface(ctx, surfaceSpec(o.args))
			if err != nil {
				return nil, err
			}
			o.b.live[a.ID()] = a
			return a.ID(), nil
		}
	}},
	// read(id, progress, offset, length or -1)
	"read": {4, onAllocation(func(ctx context.Context, o *operation, t *core.Turn) (any, error) {
		if err := t.Read(ctx, o.int(2), o.int(3), o.makeArray, o.options()); err != nil {
			return nil, err
		}
		return o.made.Array()
	})},
	// readInto(id, progress, offset, target)
	"readInto": {4, onAllocation(func(ctx context.Context, o *operation, t *core.Turn) (any, error) {
		into := o.adopt(3)
		n := int64(into.Len())
		return n, t.Read(ctx, o.int(2), n, func(int64) (driver.Buffer, error) { return into, nil }, o.options())
	})},
	// write(id, progress, offset, data)
	"write": {4, onAllocation(func(ctx context.Context, o *operation, t *core.Turn) (any, error) {
		return nil, t.Write(ctx, &source{o.adopt(3), o}, o.int(2), o.options())
	})},
	// readRect(id, progress, x, y, width, height) answers the bytes and the width, which only its turn tells
	// if all of the surface was asked for.
	"readRect": {6, onAllocation(func(ctx context.Context, o *operation, t *core.Turn) (any, error) {
		r := rectFrom(o.args[2:])
		width := r.Width
		err := t.ReadRect(ctx, r, func(n int64) (driver.Buffer, error) {
			if r == core.Whole {
				width = t.Allocation().Surface().Width
			}
			return o.makeArray(n)
		}, o.options())
		if err != nil {
			return nil, err
		}
		data, err := o.made.Array()
		return object("data", data, "width", width), err
	})},
	// readRectScaled(id, progress, x, y, width, height, shift, how)
	"readRectScaled": {8, onAllocation(func(ctx context.Context, o *operation, t *core.Turn) (any, error) {
		shift, how := int(o.int(6)), core.How(o.int(7))
		if err := t.ReadRectScaled(ctx, rectFrom(o.args[2:]), shift, how, o.makeArray, o.options()); err != nil {
			return nil, err
		}
		return o.made.Array()
	})},
	// writeRect(id, progress, x, y, width, height, stride, data)
	"writeRect": {8, onAllocation(func(ctx context.Context, o *operation, t *core.Turn) (any, error) {
		data := &source{o.adopt(7), o}
		return nil, t.WriteRect(ctx, rectFrom(o.args[2:]), data, o.int(6), o.options())
	})},
	// resize(id, progress, width, height)
	"resize": {4, onAllocation(func(ctx context.Context, o *operation, t *core.Turn) (any, error) {
		return nil, t.Resize(ctx, o.int(2), o.int(3), o.options())
	})},
	// moveToDisk(id, progress)
	"moveToDisk": {2, onAllocation(func(ctx context.Context, o *operation, t *core.Turn) (any, error) {
		return nil, t.MoveToDisk(ctx, o.options())
	})},
	// moveToMemory(id, progress)
	"moveToMemory": {2, onAllocation(func(ctx context.Context, o *operation, t *core.Turn) (any, error) {
		return nil, t.MoveToMemory(ctx, o.options())
	})},
	// snapshot(id, progress) answers the number of the snapshot.
	"snapshot": {2, onAllocation(func(ctx context.Context, o *operation, t *core.Turn) (any, error) {
		s, err := t.Snapshot(ctx)
		if err != nil {
			return nil, err
		}
		o.b.live[s.ID()] = s
		return s.ID(), nil
	})},
	// restore(id, progress, id of the one whose content it gets)
	"restore": {3, func(o *operation) step {
		a, from := o.b.live[o.int(0)], o.b.live[o.int(2)]
		if a == nil || from == nil {
			return func(context.Context) (any, error) { return nil, core.ErrDisposed }
		}
		restore := a.BeginRestore(from)
		return func(ctx context.Context) (any, error) { return nil, restore(ctx) }
	}},
	// history(id, progress, most bytes, most entries, core.WhenFull) answers the number of a history.
	"history": {5, onAllocation(func(ctx context.Context, o *operation, t *core.Turn) (any, error) {
		h, err := t.NewHistory(ctx, core.HistoryOptions{
			MaxBytes: o.int(2), MaxEntries: int(o.int(3)), WhenFull: core.WhenFull(o.int(4)),
		})
		if err != nil {
			return nil, err
		}
		o.b.lastHistory++
		o.b.histories[o.b.lastHistory] = h
		return o.b.lastHistory, nil
	})},
	// commit(number of a history, label), step(number of a history, 1 or -1) and goTo(number of a history, index)
	"commit": {2, onHistory(func(o *operation, h *core.History) step {
		label := o.args[1].String()
		commit := h.BeginCommit(label)
		return func(ctx context.Context) (any, error) { return nil, commit(ctx) }
	})},
	"step": {2, onHistory(func(o *operation, h *core.History) step {
		move := h.BeginStep(o.args[1].Int())
		return func(ctx context.Context) (any, error) { return move(ctx) }
	})},
	"goTo": {2, onHistory(func(o *operation, h *core.History) step {
		move := h.BeginGoTo(o.int(1))
		return func(ctx context.Context) (any, error) { return move(ctx) }
	})},
	// reallocate(id, progress, newSize)
	"reallocate": {3, onAllocation(func(ctx context.Context, o *operation, t *core.Turn) (any, error) {
		return nil, t.Reallocate(ctx, o.int(2), o.options())
	})},
	// grow(id, progress, newSize)
	"grow": {3, onAllocation(func(ctx context.Context, o *operation, t *core.Turn) (any, error) {
		return nil, t.Grow(ctx, o.int(2), o.options())
	})},
	// flush(id, progress)
	"flush": {2, onAllocation(func(ctx context.Context, o *operation, t *core.Turn) (any, error) {
		return nil, t.Flush(ctx, o.options())
	})},
	// flushAll()
	"flushAll": {0, func(o *operation) step {
		return func(ctx context.Context) (any, error) { return nil, o.b.cache.Flush(ctx) }
	}},
	// close()
	"close": {0, func(o *operation) step {
		return func(ctx context.Context) (any, error) {
			o.after = func() { close(o.b.closed) }
			err := o.b.cache.Close(ctx)
			o.b.sweeps.Wait()
			// Others may have died while this one lived, and nobody may come after it.
			_, _ = o.b.disk.Sweep(ctx, time.Second/2) // who closes does not wait for long
			webapi.Pause()                            // the program does not end inside of the call that asks for it
			return nil, err
		}
	}},
	// sweep() removes what dead instances left.
	"sweep": {0, func(o *operation) step {
		o.b.sweeps.Add(1)
		return func(ctx context.Context) (any, error) {
			defer o.b.sweeps.Done()
			return o.b.disk.Sweep(ctx, 2*time.Second) // whoever lives may be busy, and nobody waits
		}
	}},
}

// onAllocation returns the begin of an operation on the allocation that its first argument names. The second says
// whether JavaScript wants to know of progress.
func onAllocation(f func(context.Context, *operation, *core.Turn) (any, error)) func(*operation) step {
	return func(o *operation) step {
		a := o.b.live[o.int(0)]
		if a == nil {
			return func(context.Context) (any, error) { return nil, core.ErrDisposed }
		}
		o.turn = a.Turn()
		return func(ctx context.Context) (any, error) { return f(ctx, o, o.turn) }
	}
}

// adopt returns the array in an argument, an object, as a buffer. JavaScript takes the array away when the call is
// settled.
func (o *operation) adopt(i int) *jsbuf.Buffer { return jsbuf.Adopt(o.args[i].Get("data")) }

// makeArray makes the array that a read fills.
func (o *operation) makeArray(n int64) (driver.Buffer, error) {
	b, err := jsbuf.New(int(n))
	if err != nil {
		return nil, o.b.noMemory(n)
	}
	o.made = b
	return zeroed{b}, nil
}

// zeroed is a new array for a read. All of it is zero, and the read puts each byte in place once: there is nothing to
// clear.
type zeroed struct{ *jsbuf.Buffer }

// Clear does nothing.
func (zeroed) Clear(int, int) error { return nil }

// onHistory returns the begin of an operation on the history that its first argument names.
func onHistory(f func(*operation, *core.History) step) func(*operation) step {
	return func(o *operation) step {
		if h := o.b.histories[int(o.int(0))]; h != nil {
			return f(o, h)
		}
		return func(context.Context) (any, error) { return nil, core.ErrDisposed }
	}
}

// A source is what a caller gave to write. It is the caller's, so a copy is made if the write has to
// wait.
type source struct {
	*jsbuf.Buffer
	o *operation
}

// Keep makes the copy.
func (s *source) Keep() error {
	own, err := jsbuf.New(s.Len())
	if err != nil {
		return s.o.b.noMemory(int64(s.Len()))
	}
	s.o.kept = own
	if _, err := own.CopyFrom(0, s.Buffer, 0, s.Len()); err != nil {
		return err
	}
	s.Buffer = own
	return nil
}
