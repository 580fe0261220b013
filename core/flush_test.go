package core_test

import (
	"testing"
	"time"

	"asposecache/core"
	"asposecache/core/driver/drivertest"
)

// What was written before a flush can go on to another version of its page while it is being stored.
func TestFlushWaitsForTheVersionThatTookThePlace(t *testing.T) {
	rewritten := func(b *bench, a *core.Allocation, fault drivertest.Fault) (flushed <-chan error) {
		b.store.SetHook(func(c drivertest.Call) (f drivertest.Fault) {
			if c.Op == drivertest.Apply {
				f = fault
			}
			return f
		})
		b.write(a, picture(1000, 1), 0)
		flushed = later(func() error { return a.Flush(ctx) })
		if !waits(flushed) {
			b.Fatal("nothing is under way")
		}
		b.write(a, picture(1000, 2), 5000) // another range of the same page
		return flushed
	}
	t.Run("storing fails", func(t *testing.T) {
		inBubble(t, onDisk, func(b *bench) {
			a, release := b.allocate(100_000), make(chan struct{})
			flushed := rewritten(b, a, drivertest.Fault{Wait: release, Err: errBroken})
			close(release)
			b.is(<-flushed, errBroken)
			b.store.SetHook(nil)
			b.is(a.Flush(ctx), nil)
		})
	})
	t.Run("something else wakes it", func(t *testing.T) {
		inBubble(t, onDisk, func(b *bench) {
			a, release := b.allocate(100_000), make(chan struct{})
			flushed := rewritten(b, a, drivertest.Fault{Wait: release})
			all := later(func() error { return b.Flush(ctx) })
			b.allocate(1000).Dispose()
			if !waits(flushed) || !waits(all) {
				b.Error("it was told that what is under way is stored")
			}
			close(release)
			b.is(<-flushed, nil)
			b.is(<-all, nil)
		})
	})
	t.Run("the version is dropped before it is stored", func(t *testing.T) {
		inBubble(t, onDisk, func(b *bench) {
			a, release := b.allocate(100_000), make(chan struct{})
			flushed := rewritten(b, a, drivertest.Fault{Wait: release, Err: errBroken})
			s := b.snapshot(a) // so the next write makes a third version
			b.write(a, picture(1000, 3), 9000)
			s.Dispose()
			if !waits(flushed) {
				b.Error("it does not wait for the third version")
			}
			close(release)
			b.is(<-flushed, errBroken)
		})
	})
	t.Run("nobody has the page any more", func(t *testing.T) {
		inBubble(t, onDisk, func(b *bench) {
			a, release := b.allocate(100_000), make(chan struct{})
			flushed := rewritten(b, a, drivertest.Fault{Wait: release})
			a.Dispose()
			b.is(<-flushed, core.ErrDisposed)
			close(release)
		})
	})
}

// Two transactions can be under way, and one of them fail.
func TestFlushOfWhatIsUnderWayWhileSomethingElseFails(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		x, y := b.allocate(8<<20), b.allocate(8<<20)
		first, second := make(chan struct{}), make(chan struct{})
		b.store.SetHook(func(c drivertest.Call) (f drivertest.Fault) {
			switch {
			case c.Op != drivertest.Apply:
			case c.Nth == 1:
				f.Wait = first
			case c.Nth == 2:
				f.Wait, f.Err = second, errBroken
			}
			return f
		})
		b.write(x, picture(8<<20, 1), 0)
		b.settle() // the first transaction has begun
		b.write(y, picture(8<<20, 2), 0)
		flushed := later(func() error { return x.Flush(ctx) })
		close(second)
		if !waits(flushed) {
			b.Error("it was told of what another allocation has failed with")
		}
		close(first)
		b.is(<-flushed, nil)
	})
}

// Who paints on while others flush makes version after version of the same pages.
func TestFlushEndsWhileSomebodyPaints(t *testing.T) {
	for _, pages := range []int64{1, 2, 4} {
		inBubble(t, onDisk, func(b *bench) {
			b.slowStore(30 * time.Millisecond)
			a := b.allocate(pages * page)
			b.write(a, picture(int(pages)*page, 1), 0)
			stop := make(chan struct{})
			painted := later(func() error {
				for i := int64(0); ; i++ {
					select {
					case <-stop:
						return nil
					case <-time.After(4 * time.Millisecond):
					}
					if err := a.WriteAt(ctx, picture(100, byte(i)), i%pages*page+i%1000*100); err != nil {
						return err
					}
				}
			})
			for range 5 {
				began := time.Now()
				b.is(a.Flush(ctx), nil)
				b.is(b.Flush(ctx), nil)
				if took := time.Since(began); took > time.Second { // as the bubble has it
					b.Errorf("with %d pages it takes %v", pages, took)
				}
			}
			close(stop)
			b.is(<-painted, nil)
		})
	}
}
