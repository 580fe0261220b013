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

func TestMovingToDisk(t *testing.T) {
	const n = 20<<20 + 123
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.allocate(n)
		content := picture(n, 1)
		b.write(a, content, 0)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		s := b.snapshot(a)
		var last int64
		progress := func(done, total int64) {
			if done < last || total != n {
				b.Errorf("%d of %d after %d", done, total, last)
			}
			last = done
		}
		moved := later(func() error { return a.Turn().MoveToDisk(ctx, &core.CallOptions{Progress: progress}) })
		b.counts(n, n) // it counts in memory until it is stored, and its room is taken from the start
		b.holds(s, core.Memory, content)
		changed := bytes.Clone(content)
		b.write(s, []byte("now"), 3*page) // a version of its own
		copy(changed[3*page:], "now")
		b.counts(n+page, n)
		if !waits(moved) {
			b.Error("it did not wait for the store")
		}
		close(release)
		b.is(<-moved, nil)
		if last != n {
			b.Errorf("the last that was told is %d", last)
		}
		b.counts(page, n)
		b.holds(a, core.Disk, content)
		b.holds(s, core.Memory, changed)
		if told := b.spills(); len(told) != 1 || told[0].Allocation != a || told[0].Bytes != n || told[0].Why != core.WhyMoveToDisk {
			b.Errorf("%+v", told)
		}
		b.is(a.MoveToDisk(ctx), nil) // there is nothing to do
		if told := b.spills(); len(told) != 0 {
			b.Errorf("%+v", told)
		}
		b.is(access(a, 0, 1), core.ErrNotInMemory)
		if st := b.Statistics(); st.Memory.Allocations != 1 || st.Disk.Allocations != 1 || st.Spills != 1 {
			b.Errorf("%+v", st)
		}
		s.Dispose()
		b.counts(0, n)
		b.write(a, []byte("x"), n-1)
		content[n-1] = 'x'
		b.holds(a, core.Disk, content)
		empty := b.allocate(0)
		b.is(empty.MoveToDisk(ctx), nil)
		if empty.Medium() != core.Disk {
			b.Error("nothing at all does not move")
		}
	})
}

func TestAMoveIsAllOrNothing(t *testing.T) {
	const n = 20 << 20
	why := errors.New("enough")
	for _, test := range []struct {
		name     string
		settings core.Settings
		hook     drivertest.Hook
		want     error
	}{
		{"the disk can't be opened", core.Settings{}, drivertest.Fail(errBroken, drivertest.Open), driver.ErrUnavailable},
		{"storing fails", core.Settings{}, drivertest.Fail(errBroken, drivertest.Apply), errBroken},
		{"storing fails at the end", core.Settings{}, drivertest.FailNth(errBroken, drivertest.Apply, 3, 100), errBroken},
		{"the quota is used up", core.Settings{}, drivertest.Fail(driver.ErrQuota, drivertest.Apply), driver.ErrQuota},
		{"there is no buffer", core.Settings{}, drivertest.FailNth(errBroken, drivertest.NewBuffer, 20, 100), errBroken},
		{"there is no room", core.Settings{MaxDiskSpaceForCache: n - 1}, nil, nil},
		{"it is aborted", core.Settings{}, nil, why},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, test.settings, func(b *bench) {
				a := b.allocate(n)
				content := picture(n, 1)
				b.write(a, content, 0)
				b.store.SetHook(test.hook)
				release := make(chan struct{})
				if test.want == why {
					b.store.SetHook(drivertest.Block(release, drivertest.Apply))
				}
				stop, cancel := context.WithCancelCause(ctx)
				done := later(func() error { return a.Turn().MoveToDisk(stop, nil) })
				cancel(why)
				err := <-done
				if test.want == nil {
					b.full(err, core.Disk, n, 0, n-1, core.ByLimit)
				} else {
					b.is(err, test.want)
				}
				b.counts(n, 0)
				b.holds(a, core.Memory, content)
				close(release)
				b.store.SetHook(nil)
				b.configure(core.Settings{})
				copy(content, "changed")
				b.write(a, content[:10], 0)
				b.is(a.MoveToDisk(ctx), nil)
				b.counts(0, n)
				b.holds(a, core.Disk, content)
			})
		})
	}
}

func TestDisposingOfWhatMoves(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.allocate(20 << 20)
		s := b.snapshot(a)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		moved := later(func() error { return a.MoveToDisk(ctx) })
		s.Dispose()
		b.counts(20<<20, 20<<20)
		a.Dispose()
		b.counts(0, 0)
		b.is(<-moved, core.ErrDisposed) // at once
		if n := b.Statistics().Memory.OccupiedBytes; n != 0 {
			b.Errorf("%d bytes are occupied", n)
		}
		close(release)
	})
}

func TestWritingToWhatMovesWithoutMemoryForACopy(t *testing.T) {
	inBubble(t, core.Settings{MaxMemoryForCache: 3 * page}, func(b *bench) {
		a, s, content := shared(b, 3)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		moved := later(func() error { return a.MoveToDisk(ctx) })
		b.counts(3*page, 3*page)
		b.write(s, []byte("x"), page) // it takes the block over
		b.counts(3*page, 3*page)
		changed := bytes.Clone(content)
		changed[page] = 'x'
		b.holds(s, core.Memory, changed)
		close(release)
		b.is(<-moved, nil)
		b.counts(page, 3*page)
		b.holds(a, core.Disk, content)
		s.Dispose()
		b.counts(0, 3*page)
	})
}
