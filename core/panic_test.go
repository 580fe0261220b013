package core_test

import (
	"context"
	"errors"
	"testing"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
)

// What a caller passes may panic, wherever it is used, and whoever calls may panic between a turn and its call. Nobody
// else is to notice.

// bad is a buffer that panics when it is touched.
type bad struct{ driver.Bytes }

var errOfBad = errors.New("a buffer that panics")

func (bad) ReadAt([]byte, int) error  { panic(errOfBad) }
func (bad) WriteAt([]byte, int) error { panic(errOfBad) }
func (bad) Clear(int, int) error      { panic(errOfBad) }

// badKeeper panics when it is asked to keep its bytes.
type badKeeper struct{ driver.Bytes }

func (badKeeper) Keep() error { panic(errOfBad) }

func panicOfProgress(int64, int64) { panic(errOfBad) }

func TestAPanicInACallBlocksNobody(t *testing.T) {
	loud := &core.CallOptions{Progress: panicOfProgress}
	newBad := func(n int64) (driver.Buffer, error) { return bad{make(driver.Bytes, n)}, nil }
	newNone := func(int64) (driver.Buffer, error) { panic(errOfBad) }
	newGood := func(n int64) (driver.Buffer, error) { return make(driver.Bytes, n), nil }
	calls := map[string]func(*core.Turn) error{
		"read, the target":             func(t *core.Turn) error { return t.Read(ctx, 0, -1, newBad, nil) },
		"read, making the target":      func(t *core.Turn) error { return t.Read(ctx, 0, -1, newNone, nil) },
		"read, progress":               func(t *core.Turn) error { return t.Read(ctx, 0, -1, newGood, loud) },
		"write, the source":            func(t *core.Turn) error { return t.Write(ctx, bad{make(driver.Bytes, 2*page)}, 5, nil) },
		"write, progress":              func(t *core.Turn) error { return t.Write(ctx, make(driver.Bytes, 2*page), 0, loud) },
		"write of a piece, the source": func(t *core.Turn) error { return t.Write(ctx, bad{make(driver.Bytes, 100)}, 5, nil) },
		"move to disk, progress":       func(t *core.Turn) error { return t.MoveToDisk(ctx, loud) },
		"reallocate, progress":         func(t *core.Turn) error { return t.Grow(ctx, 20*page, loud) },
		"flush, progress":              func(t *core.Turn) error { return t.Flush(ctx, loud) },
		"never made":                   func(t *core.Turn) error { panic(errOfBad) },
	}
	for _, where := range []string{"in memory", "on disk, waiting", "on disk, stored", "shared", "shared, memory full", "shared, coldest"} {
		for name, call := range calls {
			t.Run(name+", "+where, func(t *testing.T) {
				inBubble(t, core.Settings{}, func(b *bench) {
					content := picture(3*page, 1)
					a := b.allocate(3 * page)
					switch where {
					case "on disk, waiting", "on disk, stored":
						b.is(a.MoveToDisk(ctx), nil)
					}
					b.write(a, content, 0)
					switch where {
					case "on disk, stored":
						b.is(a.Flush(ctx), nil)
					case "shared", "shared, memory full", "shared, coldest":
						b.snapshot(a)
						b.allocate(page)
					}
					switch where {
					case "shared, memory full":
						b.configure(core.Settings{MaxMemoryForCache: 4 * page})
					case "shared, coldest":
						b.configure(coldest(5))
					}
					turn := a.Turn()
					next := a.Turn()
					func() {
						defer turn.GiveUp()
						defer func() { _ = recover() }()
						_ = call(turn)
					}()
					done := later(func() error {
						return next.Read(ctx, 0, -1, func(n int64) (driver.Buffer, error) { return make(driver.Bytes, n), nil }, nil)
					})
					if waits(done) {
						b.Fatal("the next call waits for ever")
					}
					b.is(<-done, nil)
					timePasses()
					if err := b.Check(); err != nil {
						b.Error(err)
					}
					b.is(a.Reallocate(ctx, 3*page), nil)
					b.write(a, content, 0)
					b.holds(a, a.Medium(), content)
				})
			})
		}
	}
}

func TestAPanicOfASourceThatIsToBeKept(t *testing.T) {
	inBubble(t, core.Settings{CacheType: core.CacheOnDiskOnly}, func(b *bench) {
		a := b.allocate(page)
		b.write(a, picture(page, 1), 0)
		b.is(a.Flush(ctx), nil)
		first, second := a.Turn(), a.Turn()
		func() {
			defer func() { _ = recover() }()
			_ = second.Write(ctx, badKeeper{make(driver.Bytes, 10)}, 0, nil) // it has to wait
		}()
		b.is(first.Write(ctx, driver.Bytes("first"), 0, nil), nil)
		if n := b.Statistics().QueuedBytes; n != 0 {
			b.Errorf("%d bytes are kept", n)
		}
	})
}

func TestAPanicOfAWriteThatDoesNotWait(t *testing.T) {
	inBubble(t, core.Settings{CacheType: core.CacheOnDiskOnly}, func(b *bench) {
		a := b.allocate(page)
		func() {
			defer func() { _ = recover() }()
			a.WriteNow(bad{make(driver.Bytes, 10)}, 0)
		}()
		b.counts(0, page)
		b.holds(a, core.Disk, make([]byte, page))
	})
}

func TestSurfacesSurviveAPanicToo(t *testing.T) {
	newNone := func(int64) (driver.Buffer, error) { panic(errOfBad) }
	r := core.Rect{Width: 300, Height: 300}
	for name, call := range map[string]func(*core.Turn) error{
		"read":        func(t *core.Turn) error { return t.ReadRect(ctx, r, newNone, nil) },
		"read scaled": func(t *core.Turn) error { return t.ReadRectScaled(ctx, r, 2, core.Average, newNone, nil) },
		"write":       func(t *core.Turn) error { return t.WriteRect(ctx, r, bad{make(driver.Bytes, 300*300*4)}, 0, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, core.Settings{}, func(b *bench) {
				a, err := b.AllocateSurface(ctx, core.SurfaceSpec{Width: 300, Height: 300, BytesPerPixel: 4})
				b.is(err, nil)
				turn := a.Turn()
				func() {
					defer func() { _ = recover() }()
					_ = call(turn)
				}()
				b.is(a.WriteRect(ctx, r, make([]byte, 300*300*4)), nil)
				b.counts(300*300*4, 0)
			})
		})
	}
}

func TestATurnThatIsGivenUp(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.allocate(10)
		first, second, third := a.Turn(), a.Turn(), a.Turn()
		second.GiveUp()
		done := later(func() error { return third.Write(ctx, driver.Bytes("third"), 0, nil) })
		if !waits(done) {
			b.Error("the first one was forgotten")
		}
		first.GiveUp()
		first.GiveUp()
		b.is(<-done, nil)
		third.GiveUp() // it is over
		b.write(a, []byte("x"), 0)
	})
}

func TestAWriteThatGivesUpLeavesTheRoomOfTheCallBefore(t *testing.T) {
	s := core.Settings{MaxMemoryForCache: page, ExactReallocateOnly: true}
	inBubble(t, s, func(b *bench) {
		a := b.allocate(page)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		growing := later(func() error { return a.Reallocate(ctx, 2*page) })
		b.counts(page, 2*page) // it moves, and has room for what it grows by
		why := errors.New("enough")
		stop, cancel := context.WithCancelCause(ctx)
		writing := later(func() error { return a.WriteAt(stop, []byte("x"), 0) })
		cancel(why)
		b.is(<-writing, why)
		b.counts(page, 2*page)
		close(release)
		b.is(<-growing, nil)
		b.counts(0, 2*page)
	})
}
