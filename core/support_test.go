package core_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
	"asposecache/core/driver/mapstore"
)

var ctx = context.Background()

// A bench is a cache over a store whose faults a test decides on.
type bench struct {
	*testing.T
	*core.Cache
	store *drivertest.Faulty
	disk  *mapstore.Store

	mu     sync.Mutex
	events []core.Event
}

// inBubble runs a test whose clock is its own and stands still while anything can go on, so that what
// waits can be seen waiting: settle returns when everything does. At the end of the test everything is
// disposed of, and nothing may be left.
func inBubble(t *testing.T, settings core.Settings, test func(b *bench)) {
	t.Helper()
	withMachine(t, settings, core.NewMachine(1<<30), test)
}

func withMachine(t *testing.T, settings core.Settings, m core.Machine, test func(b *bench)) {
	t.Helper()
	inBubbleWith(t, core.Config{Settings: settings, Machine: m}, test)
}

// inBubbleWith is inBubble with a cache of which more is decided. The store and the listener are the bench's.
func inBubbleWith(t *testing.T, config core.Config, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{T: t, disk: mapstore.New()}
		b.store = drivertest.NewFaulty(b.disk)
		config.Store = b.store
		config.OnEvent = func(e core.Event) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.events = append(b.events, e)
		}
		c, err := core.New(config)
		if err != nil {
			t.Fatal(err)
		}
		b.Cache = c
		test(b)
		b.store.SetHook(nil)
		if err := c.Close(ctx); err != nil {
			t.Errorf("closing: %v", err)
		}
		b.counts(0, 0)
		if s := c.Statistics(); s.Memory.OccupiedBytes != 0 || s.Disk.WaitingBytes != 0 || s.QueuedBytes != 0 {
			t.Errorf("after closing: %+v", s)
		}
		if n, m := b.disk.Records(), b.disk.Buffers(); n != 0 || m != 0 {
			t.Errorf("after closing there are %d records and %d buffers", n, m)
		}
	})
}

func (b *bench) settle() { synctest.Wait() }

func (b *bench) configure(s core.Settings) {
	b.Helper()
	if err := b.Configure(s); err != nil {
		b.Fatal(err)
	}
}

// counts compares both counters.
func (b *bench) counts(memory, disk int64) {
	b.Helper()
	if m, d := b.Allocated(core.Memory), b.Allocated(core.Disk); m != memory || d != disk {
		b.Errorf("%d bytes in memory and %d on disk, want %d and %d", m, d, memory, disk)
	}
	if err := b.Check(); err != nil {
		b.Error(err)
	}
}

func (b *bench) allocate(size int64) *core.Allocation {
	b.Helper()
	a, err := b.Allocate(ctx, size)
	if err != nil {
		b.Fatal(err)
	}
	return a
}

func (b *bench) snapshot(a *core.Allocation) *core.Allocation {
	b.Helper()
	s, err := a.Snapshot(ctx)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// soil leaves bytes in the memory that is used next.
func (b *bench) soil(n int64) {
	b.Helper()
	a := b.allocate(n)
	b.write(a, bytes.Repeat([]byte{0xA5}, int(n)), 0)
	a.Dispose()
}

// spills returns what has moved and why, and forgets it.
func (b *bench) spills() (told []core.Event) {
	b.settle()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Kind == core.Spill {
			told = append(told, e)
		}
	}
	b.events = nil
	return told
}

func (b *bench) write(a *core.Allocation, p []byte, off int64) {
	b.Helper()
	if err := a.WriteAt(ctx, p, off); err != nil {
		b.Fatalf("writing %d bytes at %d: %v", len(p), off, err)
	}
}

// holds compares all that an allocation holds.
func (b *bench) holds(a *core.Allocation, medium core.Medium, want []byte) {
	b.Helper()
	if a.Medium() != medium || a.Size() != int64(len(want)) {
		b.Fatalf("it has %d bytes in %v, want %d in %v", a.Size(), a.Medium(), len(want), medium)
	}
	got := bytes.Repeat([]byte{0xA5}, len(want))
	if err := a.ReadAt(ctx, got, 0); err != nil {
		b.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		b.Fatalf("its %d bytes in %v differ", len(want), medium)
	}
}

// full looks at a refusal.
func (b *bench) full(err error, medium core.Medium, requested, allocated, limit int64, reason core.Reason) *core.FullError {
	b.Helper()
	var full *core.FullError
	if !errors.As(err, &full) {
		b.Fatalf("want a FullError, got %v", err)
	}
	if full.Medium != medium || full.Requested != requested || full.Allocated != allocated || full.Limit != limit || full.Reason != reason {
		b.Errorf("refused with %+v", full)
	}
	return full
}

func (b *bench) is(err, want error) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Errorf("got the error %v, want %v", err, want)
	}
}

// told returns the events of a kind so far.
func (b *bench) told(kind core.EventKind) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// later begins a call now and returns where its error will be.
func later(call func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	synctest.Wait()
	return done
}

// waits reports whether a call has not returned yet.
func waits(done <-chan error) bool {
	synctest.Wait()
	return len(done) == 0
}

// picture is n bytes that repeat nowhere.
func picture(n int, seed byte) []byte {
	p := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(p)
	return p
}

// timePasses is longer than anything waits by itself, but for the store to open.
func timePasses() {
	time.Sleep(time.Second)
	synctest.Wait()
}

func newStore() driver.Store { return mapstore.New() }

// slowStore makes each transaction take so long.
func (b *bench) slowStore(takes time.Duration) {
	b.store.SetHook(func(c drivertest.Call) (f drivertest.Fault) {
		if c.Op == drivertest.Apply {
			over := make(chan struct{})
			time.AfterFunc(takes, func() { close(over) })
			f.Wait = over
		}
		return f
	})
}
