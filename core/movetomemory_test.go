package core_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
)

func TestMovingToMemory(t *testing.T) {
	const n = 20<<20 + 123
	inBubble(t, core.Settings{}, func(b *bench) {
		b.soil(n)
		a := b.allocate(n)
		content := picture(n, 1)
		b.write(a, content, 0)
		s := b.snapshot(a)
		b.is(a.MoveToDisk(ctx), nil)
		b.counts(0, n)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Get))
		var last int64
		progress := func(done, total int64) {
			if done < last || total != n {
				b.Errorf("%d of %d after %d", done, total, last)
			}
			last = done
		}
		moved := later(func() error { return a.Turn().MoveToMemory(ctx, &core.CallOptions{Progress: progress}) })
		if !waits(moved) {
			b.Error("it did not wait for the store")
		}
		b.counts(n, n) // the room is taken first, and it counts on disk until it is there
		b.write(s, []byte("now"), 3*page)
		b.counts(n, n+page)
		close(release)
		b.is(<-moved, nil)
		if last != n {
			b.Errorf("the last that was told is %d", last)
		}
		b.counts(n, page) // what both share has come back for both
		b.holds(a, core.Memory, content)
		changed := bytes.Clone(content)
		copy(changed[3*page:], "now")
		b.holds(s, core.Memory, changed)
		b.is(access(a, 0, n), nil)
		b.is(access(s, 0, 3*page), nil)
		b.is(access(s, 3*page, 1), core.ErrNotInMemory)
		if st := b.Statistics(); st.Memory.Allocations != 2 || st.Disk.Allocations != 0 {
			b.Errorf("%+v", st)
		}
		b.is(s.MoveToMemory(ctx), nil)
		b.counts(n+page, 0)
		b.holds(s, core.Memory, changed)
		b.is(s.MoveToMemory(ctx), nil) // there is nothing to do
		timePasses()
		if b.disk.Records() != 0 {
			b.Errorf("%d records are left", b.disk.Records())
		}
	})
}

func TestMovingToMemoryWhatWasNeverWritten(t *testing.T) {
	const n = 10*page + 5
	inBubble(t, core.Settings{CacheType: core.CacheOnDiskOnly}, func(b *bench) {
		b.configure(core.Settings{})
		b.soil(n)
		b.configure(core.Settings{CacheType: core.CacheOnDiskOnly})
		a := b.allocate(n)
		want := make([]byte, n)
		want[4*page] = 1
		b.write(a, want[4*page:][:1], 4*page)
		s := b.snapshot(a) // it has no room for what was never written
		b.counts(0, n)
		b.is(a.MoveToMemory(ctx), nil)
		b.counts(n, 0)
		b.holds(a, core.Memory, want)
		b.is(s.MoveToMemory(ctx), nil)
		b.counts(n+n-page, 0)
		b.holds(s, core.Memory, want)
		b.is(access(s, 0, n), nil)

		empty := b.allocate(0)
		b.is(empty.MoveToMemory(ctx), nil)
		if empty.Medium() != core.Memory {
			b.Error("nothing at all does not move")
		}
		huge := b.allocate(1 << 50)
		b.full(huge.MoveToMemory(ctx), core.Memory, 1<<50, n+n-page, 0, core.ByMemory)
	})
}

// A page that another allocation has grown beyond stays on disk for that one.
func TestMovingToMemoryWhatSomebodyHasGrownBeyond(t *testing.T) {
	inBubble(t, core.Settings{CacheType: core.CacheOnDiskOnly}, func(b *bench) {
		a := b.allocate(page + 10)
		content := picture(page+10, 1)
		b.write(a, content, 0)
		s := b.snapshot(a)
		b.is(a.Reallocate(ctx, 3*page), nil)
		b.is(s.MoveToMemory(ctx), nil)
		b.counts(page+10, 2*page) // the first page has come back for both
		b.holds(s, core.Memory, content)
		grown := append(bytes.Clone(content), make([]byte, 2*page-10)...)
		b.holds(a, core.Memory, grown)
		b.write(a, []byte("xyz"), 2*page-3)
		copy(grown[2*page-3:], "xyz")
		b.holds(a, core.Memory, grown)
		b.is(a.MoveToMemory(ctx), nil)
		b.counts(3*page+10, 0)
		b.holds(a, core.Memory, grown)
		b.holds(s, core.Memory, content)
	})
}

func TestMovingToMemoryIsAllOrNothing(t *testing.T) {
	const n = 20 << 20
	why := errors.New("enough")
	for _, test := range []struct {
		name     string
		settings core.Settings
		hook     drivertest.Hook
		want     error
	}{
		{"reading fails", core.Settings{}, drivertest.Fail(errBroken, drivertest.Get), driver.ErrUnavailable},
		{"reading fails at the end", core.Settings{}, drivertest.FailNth(errBroken, drivertest.Get, 3, 100), errBroken},
		{"there is no room", core.Settings{MaxMemoryForCache: n - 1}, nil, nil},
		{"there is none for all of it", core.Settings{MaxMemoryForCache: n - 1, SpillPolicy: core.SpillColdest}, nil, nil},
		{"it is aborted", core.Settings{}, nil, why},
		{"it is disposed of", core.Settings{}, nil, core.ErrDisposed},
		{"it is lost", core.Settings{}, nil, core.ErrLost},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, core.Settings{}, func(b *bench) {
				a := b.allocate(n)
				content := picture(n, 1)
				b.write(a, content, 0)
				b.is(a.MoveToDisk(ctx), nil)
				b.configure(test.settings)
				b.store.SetHook(test.hook)
				release := make(chan struct{})
				if test.want == why || test.want == core.ErrDisposed {
					b.store.SetHook(drivertest.Block(release, drivertest.Get))
				}
				if test.want == core.ErrLost {
					b.disk.Lose(10)
				}
				stop, cancel := context.WithCancelCause(ctx)
				defer cancel(nil)
				done := later(func() error { return a.Turn().MoveToMemory(stop, nil) })
				switch test.want {
				case why:
					cancel(why)
					b.settle()
				case core.ErrDisposed:
					a.Dispose()
					b.counts(0, 0)
				}
				if test.want == why || test.want == core.ErrDisposed {
					close(release)
				}
				err := <-done
				if test.want == nil {
					b.full(err, core.Memory, n, 0, n-1, core.ByLimit)
				} else {
					b.is(err, test.want)
				}
				b.store.SetHook(nil)
				if st := b.Statistics(); st.Memory.OccupiedBytes != 0 {
					b.Errorf("%d bytes are occupied", st.Memory.OccupiedBytes)
				}
				if test.want == core.ErrDisposed {
					return
				}
				b.counts(0, n)
				if a.Medium() != core.Disk {
					b.Error("it has moved")
				}
				b.configure(core.Settings{})
				if test.want == core.ErrLost {
					if b.told(core.Lost) == 0 {
						b.Error("nobody was told")
					}
					b.write(a, content, 0)
				}
				b.is(a.MoveToMemory(ctx), nil)
				b.counts(n, 0)
				b.holds(a, core.Memory, content)
			})
		})
	}
}

func TestMovingToMemoryMakesRoom(t *testing.T) {
	inBubble(t, core.Settings{MaxMemoryForCache: 20 * page, SpillPolicy: core.SpillColdest}, func(b *bench) {
		a, cold := b.allocate(15*page), b.allocate(5*page)
		content, other := picture(15*page, 1), picture(5*page, 2)
		b.write(a, content, 0)
		b.write(cold, other, 0)
		b.is(a.MoveToDisk(ctx), nil)
		warm := b.allocate(10 * page)
		b.spills()
		b.is(a.MoveToMemory(ctx), nil)
		b.holds(a, core.Memory, content)
		b.settle()
		if a.Held(core.Disk) != 0 || cold.Held(core.Memory) != 0 {
			b.Errorf("%d bytes of it are on disk, %d of what is colder in memory", a.Held(core.Disk), cold.Held(core.Memory))
		}
		for _, e := range b.spills() {
			if e.Why != core.WhyMoveToMemory || e.Allocation == a {
				b.Errorf("%+v", e)
			}
		}
		b.holds(cold, core.Disk, other)
		_ = warm
		// It can leave again, as what was used last.
		b.allocate(20 * page)
		b.holds(a, core.Disk, content)
	})
}

// Somebody writes to a page on disk, and waits, while who shares it has it come back.
func TestAPageComesBackBelowAWrite(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.allocate(3 * page)
		content := picture(3*page, 1)
		b.write(a, content, 0)
		s := b.snapshot(a)
		b.is(a.MoveToDisk(ctx), nil)
		b.is(b.Flush(ctx), nil)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		b.configure(core.Settings{CacheType: core.CacheOnDiskOnly})
		other := b.allocate(64 << 20)
		filled := later(func() error { return other.WriteAt(ctx, make([]byte, 64<<20), 0) }) // no more may wait
		written := later(func() error { return a.WriteAt(ctx, bytes.Repeat([]byte("x"), 100), page-50) })
		if !waits(written) {
			b.Error("it does not wait for the disk")
		}
		b.is(s.MoveToMemory(ctx), nil)
		close(release)
		b.is(<-written, nil)
		b.is(<-filled, nil)
		changed := bytes.Clone(content)
		copy(changed[page-50:], bytes.Repeat([]byte("x"), 100))
		b.holds(a, core.Memory, changed)
		b.holds(s, core.Memory, content)
	})
}
