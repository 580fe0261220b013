package core_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"
	"unsafe"

	"asposecache/core"
	"asposecache/core/disk"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
)

var onDisk = core.Settings{CacheType: core.CacheOnDiskOnly}

func TestCallsTakeEffectInTheOrderOfTheirTurns(t *testing.T) {
	for _, settings := range []core.Settings{{}, onDisk} {
		t.Run(settings.CacheType.String(), func(t *testing.T) {
			inBubble(t, settings, func(b *bench) {
				a := b.allocate(4)
				got := make([]byte, 8)
				// The goroutines run in any order; the turns decide.
				turns := []*core.Turn{a.Turn(), a.Turn(), a.Turn(), a.Turn(), a.Turn()}
				read := later(func() error {
					return turns[3].Read(ctx, 0, -1, func(n int64) (driver.Buffer, error) {
						got = got[:n]
						return driver.Bytes(got), nil
					}, nil)
				})
				last := later(func() error { return turns[4].Write(ctx, driver.Bytes("zz"), 0, nil) })
				grow := later(func() error { return turns[1].Reallocate(ctx, 6, nil) })
				end := later(func() error { return turns[2].Write(ctx, driver.Bytes("yy"), 4, nil) })
				if !waits(read) || !waits(last) || !waits(grow) || !waits(end) {
					b.Fatal("somebody has jumped the queue")
				}
				if err := turns[0].Write(ctx, driver.Bytes("abcd"), 0, nil); err != nil {
					b.Fatal(err)
				}
				for _, done := range []<-chan error{grow, end, read, last} {
					if err := <-done; err != nil {
						b.Error(err)
					}
				}
				if string(got) != "abcdyy" {
					b.Errorf("it read %q", got)
				}
				b.holds(a, a.Medium(), []byte("zzcdyy"))
			})
		})
	}
}

func TestRangesAreCheckedWhenTheTurnComes(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.allocate(4)
		shrink, write := a.Turn(), a.Turn()
		done := later(func() error { return write.Write(ctx, driver.Bytes("abcd"), 0, nil) })
		if err := shrink.Reallocate(ctx, 3, nil); err != nil {
			b.Fatal(err)
		}
		var wrong *core.RangeError
		if err := <-done; !errors.As(err, &wrong) || wrong.Name != "length" || wrong.Most != 3 {
			b.Errorf("got %v", err)
		}
	})
}

func TestRanges(t *testing.T) {
	for _, settings := range []core.Settings{{}, onDisk} {
		for _, test := range []struct {
			name   string
			off, n int64
			wrong  string
		}{
			{"all", 0, 10, ""}, {"nothing at the end", 10, 0, ""}, {"nothing past the end", 11, 0, "offset"},
			{"one too many", 0, 11, "length"}, {"one too far", 1, 10, "length"}, {"before the start", -1, 1, "offset"},
			{"very far", core.MaxBytes, 1, "offset"},
		} {
			t.Run(test.name, func(t *testing.T) {
				inBubble(t, settings, func(b *bench) {
					a := b.allocate(10)
					content := picture(10, 2)
					b.write(a, content, 0)
					check := func(err error) {
						b.Helper()
						var wrong *core.RangeError
						if test.wrong == "" && err != nil || test.wrong != "" && (!errors.As(err, &wrong) || wrong.Name != test.wrong) {
							b.Errorf("got %v", err)
						}
					}
					p := make([]byte, test.n)
					check(a.ReadAt(ctx, p, test.off))
					if test.wrong == "" {
						copy(p, content[test.off:])
					}
					check(a.WriteAt(ctx, p, test.off))
					if a.Medium() == core.Memory {
						check(access(a, test.off, test.n))
					}
					b.holds(a, a.Medium(), content)
				})
			})
		}
	}
}

func TestAnAbortedCallIsAsIfItHadNotBeenMade(t *testing.T) {
	why := errors.New("the user changed her mind")
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.allocate(4)
		first, second, third := a.Turn(), a.Turn(), a.Turn()
		stop, cancel := context.WithCancelCause(ctx)
		aborted := later(func() error { return second.Write(stop, driver.Bytes("xxxx"), 0, nil) })
		last := later(func() error { return third.Write(ctx, driver.Bytes("y"), 3, nil) })
		cancel(why)
		b.is(<-aborted, why)
		if !waits(last) {
			b.Error("an aborted call let others overtake")
		}
		if err := first.Write(ctx, driver.Bytes("abcd"), 0, nil); err != nil {
			b.Fatal(err)
		}
		b.is(<-last, nil)
		b.holds(a, core.Memory, []byte("abcy"))
		b.is(a.Turn().Reallocate(stop, 100, nil), why)
		b.is(a.Turn().Flush(stop, nil), why)
		_, err := b.Allocate(stop, 10)
		b.is(err, why)
		b.counts(4, 0)
	})
}

func TestAbortingAnAllocationThatWaitsGivesItsRoomBack(t *testing.T) {
	why := errors.New("enough")
	inBubble(t, onDisk, func(b *bench) {
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Open))
		stop, cancel := context.WithCancelCause(ctx)
		aborted := later(func() error { _, err := b.Allocate(stop, 10); return err })
		other := later(func() error { _, err := b.Allocate(ctx, 20); return err })
		b.counts(0, 30)
		cancel(why)
		b.is(<-aborted, why)
		b.counts(0, 20)
		close(release)
		b.is(<-other, nil)
		b.counts(0, 20)
	})
}

func TestTwoAllocationsRaceForTheLastRoom(t *testing.T) {
	inBubble(t, core.Settings{CacheType: core.CacheOnDiskOnly, MaxDiskSpaceForCache: 10}, func(b *bench) {
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Open))
		first := later(func() error { _, err := b.Allocate(ctx, 6); return err })
		_, err := b.Allocate(ctx, 6)
		b.full(err, core.Disk, 6, 6, 10, core.ByLimit)
		// Settings that change while an allocation waits are not its settings.
		b.configure(core.Settings{CacheType: core.CacheInMemoryOnly, MaxDiskSpaceForCache: 1})
		close(release)
		b.is(<-first, nil)
		b.counts(0, 6)
	})
}

func TestReallocationGoesByTheSettingsOfItsCall(t *testing.T) {
	inBubble(t, core.Settings{MaxMemoryForCache: 10, ExactReallocateOnly: true}, func(b *bench) {
		a := b.allocate(10)
		first, grow := a.Turn(), a.Turn()
		b.configure(core.Settings{})
		done := later(func() error { return grow.Reallocate(ctx, 20, nil) })
		b.is(first.Write(ctx, driver.Bytes(nil), 0, nil), nil)
		b.is(<-done, nil)
		b.counts(0, 20)
	})
}

func TestDisposing(t *testing.T) {
	for _, settings := range []core.Settings{{}, onDisk} {
		t.Run(settings.CacheType.String(), func(t *testing.T) {
			inBubble(t, settings, func(b *bench) {
				const n = 2*core.PageSize + 10
				a := b.allocate(n)
				content := picture(n, 1)
				first, write, read, grow, flush := a.Turn(), a.Turn(), a.Turn(), a.Turn(), a.Turn()
				got := make([]byte, n)
				written := later(func() error { return write.Write(ctx, driver.Bytes(content), 0, nil) })
				readable := later(func() error {
					return read.Read(ctx, 0, n, func(int64) (driver.Buffer, error) { return driver.Bytes(got), nil }, nil)
				})
				grown := later(func() error { return grow.Reallocate(ctx, 2*n, nil) })
				flushed := later(func() error { return flush.Flush(ctx, nil) })
				a.Dispose()
				b.counts(0, 0)
				a.Dispose()
				b.is(first.Write(ctx, driver.Bytes("x"), 0, nil), nil)
				b.is(<-written, nil)
				b.is(<-readable, nil)
				if !bytes.Equal(got, content) {
					b.Error("a read called before did not see what was written before it")
				}
				b.is(<-grown, core.ErrDisposed)
				b.is(<-flushed, core.ErrDisposed)
				b.is(a.WriteAt(ctx, nil, 0), core.ErrDisposed)
				b.is(a.ReadAt(ctx, nil, 0), core.ErrDisposed)
				b.is(a.Reallocate(ctx, 0), core.ErrDisposed)
				b.is(a.Flush(ctx), core.ErrDisposed)
				b.is(access(a, 0, 0), core.ErrDisposed)
				b.counts(0, 0)
				if s := b.Statistics(); s.Memory.OccupiedBytes != 0 || s.Disk.WaitingBytes != 0 {
					b.Errorf("afterwards: %+v", s)
				}
			})
		})
	}
}

func TestDisposingDuringAMove(t *testing.T) {
	inBubble(t, core.Settings{MaxMemoryForCache: 1000, ExactReallocateOnly: true}, func(b *bench) {
		a := b.allocate(1000)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		moved := later(func() error { return a.Reallocate(ctx, 2000) })
		b.counts(1000, 2000)
		a.Dispose()
		b.counts(0, 0)
		close(release)
		b.is(<-moved, core.ErrDisposed)
		b.counts(0, 0)
	})
}

func TestClosing(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(1000)
		b.write(a, picture(1000, 1), 0)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Get))
		if err := a.Flush(ctx); err != nil {
			b.Fatal(err)
		}
		got := make([]byte, 1000)
		read := later(func() error { return a.ReadAt(ctx, got, 0) })
		closed := later(func() error { return b.Close(ctx) })
		b.counts(0, 0)
		b.is(a.WriteAt(ctx, nil, 0), core.ErrClosed)
		_, err := b.Allocate(ctx, 1)
		b.is(err, core.ErrClosed)
		_, err = b.AllocateInMemory(1)
		b.is(err, core.ErrClosed)
		b.is(b.Configure(core.Settings{}), core.ErrClosed)
		b.is(b.Flush(ctx), core.ErrClosed)
		if !waits(closed) || !waits(read) {
			b.Error("it did not wait for a read called before")
		}
		close(release)
		b.is(<-read, nil)
		b.is(<-closed, nil)
		if !bytes.Equal(got, picture(1000, 1)) {
			b.Error("the read got other bytes")
		}
	})
}

func TestClosingWhileTheDiskOpens(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		b.store.SetHook(drivertest.Block(make(chan struct{}), drivertest.Open))
		done := later(func() error { _, err := b.Allocate(ctx, 10); return err })
		b.is(b.Close(ctx), nil)
		b.is(<-done, core.ErrClosed)
		b.counts(0, 0)
	})
}

func TestWhatCantBeHadAtOnce(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a, err := b.AllocateInMemory(core.PageSize + 10)
		b.is(err, nil)
		b.is(access(a, 0, 10), nil)
		copy(a.Chunk(core.PageSize-3), "abcdef") // ends with the page
		copy(a.Chunk(core.PageSize), "def")
		want := make([]byte, core.PageSize+10)
		copy(want[core.PageSize-3:], "abcdef")
		b.holds(a, core.Memory, want)

		turn := a.Turn()
		b.is(access(a, 0, 10), core.ErrBusy)
		b.is(turn.Flush(ctx, nil), nil)
		b.is(access(a, 0, 10), nil)

		b.configure(onDisk)
		_, err = b.AllocateInMemory(1)
		b.is(err, core.ErrNotInMemory)
		b.is(access(b.allocate(1), 0, 1), core.ErrNotInMemory)
		b.configure(core.Settings{MaxMemoryForCache: 5})
		_, err = b.AllocateInMemory(1)
		b.full(err, core.Memory, 1, core.PageSize+10, 5, core.ByLimit)
	})
}

// A borrowed source is the caller's again as soon as the call has returned, unless it was kept.
type borrowed struct {
	driver.Bytes
	kept int
}

func (s *borrowed) Keep() error {
	s.kept++
	s.Bytes = bytes.Clone(s.Bytes)
	return nil
}

func TestAWriteThatWaitsKeepsItsBytes(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.allocate(100 << 20)
		first := a.Turn()
		mine := []byte("abcd")
		source := &borrowed{Bytes: mine}
		turn := a.Turn()
		done := later(func() error { return turn.Write(ctx, source, 0, nil) })
		copy(mine, "xxxx")
		if n := b.Statistics().QueuedBytes; n != 4 || source.kept != 1 {
			b.Errorf("%d bytes are queued, kept %d times", n, source.kept)
		}
		// Copies are bounded; what is larger than the copy of one call is not copied.
		var large []<-chan error
		for range 4 {
			turn := a.Turn()
			large = append(large, later(func() error {
				return turn.Write(ctx, &borrowed{Bytes: make([]byte, 64<<20-1)}, 4, nil)
			}))
		}
		turn = a.Turn()
		err := turn.Write(ctx, &borrowed{Bytes: make([]byte, 5)}, 0, nil)
		b.full(err, core.Memory, 5, 4+4*(64<<20-1), 256<<20, core.ByMemory)
		b.is(first.Flush(ctx, nil), nil)
		b.is(<-done, nil)
		for _, done := range large {
			b.is(<-done, nil)
		}
		want := make([]byte, 100<<20)
		copy(want, "abcd")
		b.holds(a, core.Memory, want)
		once := &borrowed{Bytes: []byte("ef")}
		b.is(a.Turn().Write(ctx, once, 0, nil), nil)
		if once.kept != 0 {
			b.Error("a write that is done at once makes a copy")
		}
	})
}

func access(a *core.Allocation, off, n int64) error {
	_, err := a.Access(off, n, core.ForReading)
	return err
}

func TestWritesThatFindRoomLetOthersHaveATurn(t *testing.T) {
	before := disk.TakingTime
	defer func() { disk.TakingTime = before }()
	disk.TakingTime = time.Hour
	writesThatFindRoomLetOthersHaveATurn(t, 5)
	disk.TakingTime = 0
	writesThatFindRoomLetOthersHaveATurn(t, 10)
}

func writesThatFindRoomLetOthersHaveATurn(t *testing.T, want int) {
	t.Helper()
	pauses := 0
	cache, err := core.New(core.Config{Settings: onDisk, Store: newStore(), Pause: func() { pauses++ }})
	if err != nil {
		t.Fatal(err)
	}
	a, err := cache.Allocate(ctx, 24<<20)
	if err != nil {
		t.Fatal(err)
	}
	tile := driver.Bytes(make([]byte, core.PageSize))
	for off := int64(0); off < a.Size(); off += core.PageSize {
		if a.WriteNow(tile, off) {
			continue
		}
		if err := a.Turn().Write(ctx, tile, off, nil); err != nil {
			t.Fatal(err)
		}
	}
	if pauses != want {
		t.Errorf("%d pauses in 24 MiB, and not %d", pauses, want)
	}
	if err := cache.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestAWriteKeepsItsBytesBeforeItPauses(t *testing.T) {
	source := &borrowed{Bytes: make([]byte, 40<<20)}
	keptAtPause := -1
	cache, err := core.New(core.Config{Pause: func() { keptAtPause = source.kept }})
	if err != nil {
		t.Fatal(err)
	}
	a, err := cache.Allocate(ctx, 40<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Turn().Write(ctx, source, 0, nil); err != nil || keptAtPause != 1 {
		t.Errorf("%v; at the pause it was kept %d times", err, keptAtPause)
	}
}

func TestHowFarAnAccessReaches(t *testing.T) {
	cache, err := core.New(core.Config{})
	if err != nil {
		t.Fatal(err)
	}
	const page = core.PageSize
	a, err := cache.Allocate(ctx, 3*page+100)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ off, n, want int64 }{
		{0, 1, page}, {10, 5, page - 10}, {page, page, page}, {3 * page, 1, 100}, {3*page + 99, 1, 1},
		// One slab has them one after the other.
		{0, a.Size(), a.Size()}, {10, 2 * page, 3*page - 10}, {page - 1, 2, page + 1},
	} {
		whole, err := a.Access(test.off, test.n, core.ForWriting)
		if err != nil {
			t.Fatal(err)
		}
		got := a.Steady(test.off, test.n)
		if got != test.want {
			t.Errorf("%d bytes from %d on: it reaches %d, not %d", test.n, test.off, got, test.want)
		}
		// What the program hands out by address has to be what it has there.
		last := a.Chunk(test.off + got - 1)
		if from := uintptr(unsafe.Pointer(&whole[0])); uintptr(unsafe.Pointer(&last[0])) != from+uintptr(got-1) {
			t.Errorf("%d bytes from %d on are not where they are said to be", test.n, test.off)
		}
	}
	snapshot, err := a.Turn().Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Access(page, 1, core.ForWriting); err != nil { // takes a page of its own, elsewhere
		t.Fatal(err)
	}
	if got := a.Steady(0, a.Size()); got != page {
		t.Errorf("past a page that lies elsewhere: %d", got)
	}
	snapshot.Dispose()
	if err := cache.Configure(core.Settings{SpillPolicy: core.SpillColdest}); err != nil {
		t.Fatal(err)
	}
	if got := a.Steady(0, 1); got != 0 {
		t.Errorf("%d bytes whose use is not told", got)
	}
}

func TestRestoreFromAnotherCache(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		other, err := core.New(core.Config{})
		if err != nil {
			b.Fatal(err)
		}
		a := b.allocate(10)
		o, err := other.Allocate(ctx, 10)
		if err != nil {
			b.Fatal(err)
		}
		before := o.Turn() // what comes after it waits
		var wrong *core.ArgumentError
		if err := a.Turn().Restore(ctx, o.Turn()); !errors.As(err, &wrong) {
			b.Errorf("it is %v", err)
		}
		before.GiveUp()
		b.is(o.WriteAt(ctx, []byte("x"), 0), nil)
		b.is(a.WriteAt(ctx, []byte("x"), 0), nil)
		b.is(other.Close(ctx), nil)
	})
}

func TestWritesToMemoryDoNotPauseWithoutADisk(t *testing.T) {
	pauses := 0
	c, err := core.New(core.Config{Pause: func() { pauses++ }})
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Allocate(ctx, 10)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if err := a.WriteAt(ctx, []byte("0123456789"), 0); err != nil {
			t.Fatal(err)
		}
	}
	if pauses != 0 {
		t.Errorf("%d pauses", pauses)
	}
}
