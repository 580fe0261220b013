package core_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
	"asposecache/core/driver/mapstore"
)

// Random calls of all kinds at once, of which some end early and some are cut off by a panic, on a store that takes its
// time, fails and loses records, in memory that is short or fails: each of them ends, whatever the others do, and nothing
// is left. The clock is the bubble's, so who waits for ever is found at once.
func TestManyAtOnceAllEnd(t *testing.T) {
	inCrowds(t, 200, func(c *crowd) {
		c.run(func() func(*string) { return c.call })
	})
}

// inCrowds runs a test in so many crowds, each in a bubble of its own; in the short form of a test in a fifth of them.
func inCrowds(t *testing.T, crowds uint64, test func(c *crowd)) {
	if testing.Short() {
		crowds /= 5
	}
	for i := range crowds {
		n := seed() + i
		t.Run(strconv.FormatUint(n, 10), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(newCrowd(t, n)) })
		})
	}
}

// A crowd is some workers that make calls on allocations which all of them know.
type crowd struct {
	*testing.T
	*core.Cache
	store  *drivertest.Faulty
	disk   *mapstore.Store
	panics bool // listeners do, now and then
	closes bool // in the midst of it
	short  bool // of memory: for the machine, or for the store's buffers

	mu        sync.Mutex
	rand      *rand.Rand
	all       []*core.Allocation
	histories []*core.History
}

// uncertainMachine is memory that is sometimes not to be had.
type uncertainMachine struct {
	core.Machine
	*rand.Rand
}

func (m uncertainMachine) NewSlab(n int) []byte {
	if m.IntN(4) == 0 {
		return nil
	}
	return m.Machine.NewSlab(n)
}

func newCrowd(t *testing.T, seed uint64) *crowd {
	r := rand.New(rand.NewPCG(seed, 0))
	traits := mapstore.Traits
	switch r.IntN(3) {
	case 0:
		traits = mapstore.Small
	case 1:
		traits.WaitingBytes, traits.BatchBytes, traits.YieldBytes, traits.CacheBytes = 4*page, page, 1, 1
	}
	c := &crowd{T: t, rand: r, disk: mapstore.With(traits), panics: r.IntN(2) == 0, closes: r.IntN(3) == 0}
	c.store = drivertest.NewFaulty(c.disk)
	c.store.SetHook(c.faults())
	config := core.Config{Settings: c.settings(), Store: c.store, OnEvent: func(core.Event) { c.dawdle(2) }}
	switch r.IntN(4) {
	case 0:
		config.Machine = core.NewMachine(int64(1+r.IntN(10)) * 4 << 20)
	case 1:
		config.Machine = uncertainMachine{core.NewMachine(40 << 20), rand.New(rand.NewPCG(seed, 1))}
	}
	// No time passes in the bubble while a call works: with 0 it pauses whenever it can, with an hour only for its bytes.
	usual := core.SetPauseAfter(time.Duration(r.IntN(2)) * time.Hour)
	t.Cleanup(func() { core.SetPauseAfter(usual) })
	c.short = c.short || config.Machine != nil
	pause := time.Duration(r.IntN(7)) * time.Millisecond
	config.Pause = func() { time.Sleep(pause) }
	var err error
	if c.Cache, err = core.New(config); err != nil {
		t.Fatal(err)
	}
	return c
}

// faults returns what befalls the store: what it does takes time, may fail every so often, and records may be gone.
func (c *crowd) faults() func(drivertest.Call) drivertest.Fault {
	takes := time.Duration(1+c.n(30)) * time.Millisecond
	every := make(map[drivertest.Op]int)
	for _, op := range []drivertest.Op{drivertest.Open, drivertest.Apply, drivertest.Get, drivertest.Has, drivertest.NewBuffer} {
		if c.n(4) == 0 {
			every[op] = 3 + c.n(20)
			c.short = c.short || op == drivertest.NewBuffer
		}
	}
	lost := driver.Key(0)
	if c.n(4) == 0 {
		lost = driver.Key(5 + c.n(40))
	}
	return func(call drivertest.Call) (f drivertest.Fault) {
		switch call.Op {
		case drivertest.Close:
			return f
		case drivertest.NewBuffer:
		default:
			over := make(chan struct{})
			time.AfterFunc(takes, func() { close(over) })
			f.Wait = over
		}
		if n := every[call.Op]; n > 0 && call.Nth%n == n-1 {
			f.Err = errBroken
		}
		if lost > 0 && (call.Op == drivertest.Get || call.Op == drivertest.Has) {
			for _, key := range call.Keys {
				if key%lost == 1 {
					f.Lost = append(f.Lost, key)
				}
			}
		}
		return f
	}
}

func (c *crowd) n(n int) int { return int(c.n64(int64(n))) }

func (c *crowd) n64(n int64) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rand.Int64N(n)
}

func (c *crowd) settings() (s core.Settings) {
	if c.n(3) > 0 {
		s.MaxMemoryForCache = (4 + c.n64(30)) * page
	}
	if c.n(3) == 0 {
		s.MaxDiskSpaceForCache = (1 + c.n64(60)) * page
	}
	s.ExactReallocateOnly = c.n(2) == 0
	if c.n(4) > 0 {
		s.SpillPolicy = core.SpillColdest
	}
	if c.n(5) == 0 {
		s.CacheType = core.CacheType(c.n(3))
	}
	return s
}

// run has workers make their calls, and then looks at what is left. worker returns what a worker does each time; it says
// by its argument what that is.
func (c *crowd) run(worker func() func(doing *string)) {
	workers, calls := 2+c.n(8), 20+c.n(40)
	doing := make([]string, workers+1)
	var left sync.WaitGroup
	for id := range workers {
		call := worker()
		left.Go(func() {
			for range calls {
				call(&doing[id])
				if c.n(3) == 0 {
					time.Sleep(time.Duration(c.n(40)) * time.Millisecond)
				}
			}
		})
	}
	if c.closes {
		left.Go(func() {
			time.Sleep(time.Duration(1+c.n(800)) * time.Millisecond)
			doing[workers] = "close"
			if err := c.Close(ctx); err != nil {
				c.Errorf("closing in the midst of it: %v", err)
			}
			doing[workers] = ""
		})
	}
	ended := make(chan struct{})
	go func() { left.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(time.Hour):
		c.Fatalf("they wait for ever: %q", doing)
	}
	c.panics = false
	c.quiet()
	for _, h := range c.histories {
		h.Dispose()
	}
	for _, a := range c.all {
		a.Dispose()
	}
	if s := c.Statistics(); s.Memory.Allocations+s.Disk.Allocations > 0 || s.Memory.AllocatedBytes+s.Disk.AllocatedBytes > 0 {
		c.Errorf("after all were disposed of: %+v", s)
	}
	c.store.SetHook(nil)
	c.quiet()
	if err := c.Close(ctx); err != nil {
		c.Errorf("closing: %v", err)
	}
	if s := c.Statistics(); s.Memory.OccupiedBytes != 0 || s.Disk.WaitingBytes != 0 || s.QueuedBytes != 0 {
		c.Errorf("after closing: %+v", s)
	}
	if n, m := c.disk.Records(), c.disk.Buffers(); n != 0 || m != 0 {
		c.Errorf("after closing there are %d records and %d buffers", n, m)
	}
}

// quiet waits until nothing goes on by itself any more, and checks that nobody has left anything under way.
func (c *crowd) quiet() {
	time.Sleep(time.Minute)
	synctest.Wait()
	check := c.Check
	if c.short {
		check = c.CheckRoughly
	}
	if err := check(); err != nil {
		c.Error(err)
	}
	if n := c.Leaving(); n != 0 {
		c.Errorf("%d bytes are still leaving", n)
	}
	if n := c.Engaged(); n != 0 {
		c.Errorf("%d calls are engaged", n)
	}
}

var errCutOff = errors.New("a listener that panics")

// call makes a random call, whose name is in doing meanwhile.
func (c *crowd) call(doing *string) {
	c.attempt(doing, func(ctx context.Context) error {
		name, call := c.choose(ctx)
		*doing = name
		return call()
	})
}

// attempt makes a call that may end early, and returns its error. The test fails if that is none that a call may return.
func (c *crowd) attempt(doing *string, call func(ctx context.Context) error) (err error) {
	limited, cancel := ctx, func() {}
	if c.n(6) == 0 {
		limited, cancel = context.WithTimeout(ctx, time.Duration(c.n(60))*time.Millisecond)
	}
	defer cancel()
	func() {
		defer func() {
			if p := recover(); p != nil {
				err = p.(error)
			}
		}()
		err = call(limited)
	}()
	var full *core.FullError
	var argument *core.ArgumentError
	var outside *core.RangeError
	usual := err == nil || errors.As(err, &full) || errors.As(err, &argument) || errors.As(err, &outside)
	for _, one := range []error{
		core.ErrDisposed, core.ErrClosed, core.ErrBusy, core.ErrNotInMemory, core.ErrLost,
		driver.ErrUnavailable, context.DeadlineExceeded, errBroken, errCutOff, errSource,
	} {
		usual = usual || errors.Is(err, one)
	}
	if !usual {
		c.Errorf("%s: %v", *doing, err)
	}
	*doing = ""
	return err
}

// dawdle takes a moment, one time in n.
func (c *crowd) dawdle(n int) {
	if c.n(n) == 0 {
		time.Sleep(time.Duration(c.n(4)) * time.Millisecond)
	}
}

func (c *crowd) options() *core.CallOptions {
	if c.n(3) > 0 {
		return nil
	}
	return &core.CallOptions{Progress: func(int64, int64) {
		c.dawdle(2)
		if c.panics && c.n(30) == 0 {
			panic(errCutOff)
		}
	}}
}

func target(n int64) (driver.Buffer, error) { return make(driver.Bytes, n), nil }

func source(n int64, seed byte) driver.Buffer { return driver.Bytes(picture(int(n), seed)) }

func (c *crowd) size() int64 { return (1+c.n64(16))*page/2 - c.n64(100) }

func (c *crowd) surface() core.SurfaceSpec {
	return core.SurfaceSpec{Width: 1 + c.n64(900), Height: 1 + c.n64(900), BytesPerPixel: 1 + c.n(4)}
}

// rect returns a rectangle of a surface; of what is none, one that is refused.
func (c *crowd) rect(a *core.Allocation) core.Rect {
	s := a.Surface()
	if s.Width == 0 {
		return core.Rect{Width: 1, Height: 1}
	}
	x, y := c.n64(s.Width), c.n64(s.Height)
	return core.Rect{X: x, Y: y, Width: 1 + c.n64(s.Width-x), Height: 1 + c.n64(s.Height-y)}
}

// span returns a range of an allocation of n bytes, n > 0.
func (c *crowd) span(n int64) (off, length int64) {
	if c.n(2) == 0 {
		return 0, n
	}
	off = c.n64(n)
	return off, 1 + c.n64(n-off)
}

func one[T any](c *crowd, of []T) (t T) {
	if len(of) > 0 {
		t = of[c.n(len(of))]
	}
	return t
}

func (c *crowd) add(a *core.Allocation, err error) error {
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all = append(c.all, a)
	}
	return err
}

func (c *crowd) dispose(a *core.Allocation) {
	a.Dispose()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = slices.DeleteFunc(slices.Clone(c.all), func(other *core.Allocation) bool { return other == a })
}

// choose returns a random call.
func (c *crowd) choose(ctx context.Context) (name string, call func() error) {
	c.mu.Lock()
	all, histories := c.all, c.histories
	c.mu.Unlock()
	a, b, h := one(c, all), one(c, all), one(c, histories)
	calls := []choice{
		{"allocate", func() error { return c.add(c.Allocate(ctx, c.size())) }},
		{"allocateSurface", func() error { return c.add(c.AllocateSurface(ctx, c.surface())) }},
		{"allocateInMemory", func() error { return c.add(c.AllocateInMemory(c.size())) }},
		{"allocateSurfaceInMemory", func() error { return c.add(c.AllocateSurfaceInMemory(c.surface())) }},
		{"flush all", func() error { return c.Flush(ctx) }},
		{"configure", func() error { return c.Configure(c.settings()) }},
		{"statistics", func() error { c.Statistics(); return nil }},
	}
	if a != nil {
		calls = append(calls, c.ofAllocation(ctx, a, b)...)
	}
	if h != nil {
		calls = append(calls, c.ofHistory(ctx, h)...)
	}
	chosen := one(c, calls)
	return chosen.name, chosen.call
}

// A choice is a call that can be made.
type choice struct {
	name string
	call func() error
}

func (c *crowd) ofAllocation(ctx context.Context, a, b *core.Allocation) []choice {
	write := func() error {
		n := a.Size()
		if n == 0 {
			return nil
		}
		off, n := c.span(n)
		return a.Turn().Write(ctx, source(n, 1), off, c.options())
	}
	writeRect := func() error {
		r := c.rect(a)
		n := r.Width * r.Height * int64(max(1, a.Surface().BytesPerPixel))
		return a.Turn().WriteRect(ctx, r, source(n, 2), 0, c.options())
	}
	moveToDisk := func() error { return a.Turn().MoveToDisk(ctx, c.options()) }
	moveToMemory := func() error { return a.Turn().MoveToMemory(ctx, c.options()) }
	snapshot := func() error { return c.add(a.Snapshot(ctx)) }
	return []choice{
		{"write", write}, {"write", write}, {"write", write},
		{"writeRect", writeRect}, {"writeRect", writeRect}, {"writeRect", writeRect},
		{"moveToDisk", moveToDisk}, {"moveToDisk", moveToDisk}, {"moveToDisk", moveToDisk},
		{"moveToMemory", moveToMemory}, {"moveToMemory", moveToMemory}, {"moveToMemory", moveToMemory},
		{"snapshot", snapshot}, {"snapshot", snapshot},
		{"restore", func() error { return a.Restore(ctx, b) }},
		{"read", func() error { return a.Turn().Read(ctx, 0, -1, target, c.options()) }},
		{"readRect", func() error { return a.Turn().ReadRect(ctx, c.rect(a), target, c.options()) }},
		{"readRectScaled", func() error {
			return a.Turn().ReadRectScaled(ctx, core.Whole, c.n(5), core.How(c.n(2)), target, c.options())
		}},
		{"reallocate", func() error { return a.Turn().Reallocate(ctx, c.size(), c.options()) }},
		{"grow", func() error { return a.Turn().Grow(ctx, a.Size()+c.n64(3*page), c.options()) }},
		{"resize", func() error {
			s := c.surface()
			return a.Turn().Resize(ctx, s.Width, s.Height, c.options())
		}},
		{"flush", func() error { return a.Turn().Flush(ctx, c.options()) }},
		{"access", func() error {
			n := a.Size()
			if n == 0 {
				return nil
			}
			off, n := c.span(n)
			if _, err := a.Access(off, n, core.Purpose(c.n(3))); err == nil {
				return nil
			}
			return a.Claim(off, n, core.Purpose(c.n(3)))
		}},
		{"accessRect", func() error {
			r := c.rect(a)
			if a.Surface().Width == 0 || a.AccessRect(r, core.Purpose(c.n(3))) == nil {
				return nil
			}
			return a.ClaimRect(r, core.Purpose(c.n(3)))
		}},
		{"writeNow and readNow", func() error {
			n := min(a.Size(), 1+c.n64(page))
			a.WriteNow(driver.Bytes(picture(int(n), 3)), 0)
			a.ReadNow(make(driver.Bytes, n), 0)
			return nil
		}},
		{"difference", func() error {
			_, err := core.Difference(a, b)
			return err
		}},
		{"newHistory", func() error {
			h, err := core.NewHistory(ctx, a, core.HistoryOptions{
				MaxEntries: c.n(4),
				MaxBytes:   c.n64(2) * c.n64(20) * page,
				WhenFull:   core.WhenFull(c.n(2)),
			})
			if err == nil {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.histories = append(c.histories, h)
			}
			return err
		}},
		{"dispose", func() error { c.dispose(a); return nil }},
		{"dispose", func() error { c.dispose(b); return nil }},
	}
}

func (c *crowd) ofHistory(ctx context.Context, h *core.History) []choice {
	moved := func(_ bool, err error) error { return err }
	commit := func() error { return h.Commit(ctx, "a stroke") }
	return []choice{
		{"commit", commit}, {"commit", commit},
		{"undo", func() error { return moved(h.Undo(ctx)) }},
		{"redo", func() error { return moved(h.Redo(ctx)) }},
		{"goTo", func() error { return moved(h.GoTo(ctx, c.n64(4))) }},
		{"entries", func() error { h.Entries(); return nil }},
		{"dispose of a history", func() error {
			if c.n(4) == 0 {
				h.Dispose()
			}
			return nil
		}},
	}
}
