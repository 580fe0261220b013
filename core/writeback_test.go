package core_test

import (
	"context"
	"errors"
	"testing"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
	"asposecache/core/driver/mapstore"
)

var errBroken = errors.New("the disk is on fire")

func TestSmallWritesAreGathered(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(4 << 20)
		content := picture(4<<20, 1)
		for off := 0; off < len(content); off += 4096 {
			b.write(a, content[off:off+4096], int64(off))
		}
		b.is(a.Flush(ctx), nil)
		n := b.store.Counts()
		if n.Puts != 8 || n.PutBytes != 4<<20 || n.Transactions > 2 {
			b.Errorf("1024 writes made %d puts of %d bytes in %d transactions", n.Puts, n.PutBytes, n.Transactions)
		}
		b.holds(a, core.Disk, content)
	})
}

func TestWhatIsWrittenIsStoredWithoutBeingAsked(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(1000)
		b.write(a, picture(1000, 1), 0)
		if n := b.Statistics().Disk.WaitingBytes; n != 1000 {
			b.Errorf("%d bytes wait", n)
		}
		for b.Statistics().Disk.WaitingBytes > 0 {
			timePasses()
		}
		if n := b.disk.Bytes(); n != 1000 {
			b.Errorf("%d bytes are stored", n)
		}
	})
}

func TestWhatWaitsIsBounded(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(50 << 20)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		content := picture(50<<20, 1)
		done := later(func() error {
			for off := 0; off < len(content); off += 1 << 20 {
				if err := a.WriteAt(ctx, content[off:off+1<<20], int64(off)); err != nil {
					return err
				}
			}
			return nil
		})
		if !waits(done) {
			b.Error("nobody waits")
		}
		if n := b.Statistics().Disk.WaitingBytes; n != 32<<20 {
			b.Errorf("%d bytes wait", n)
		}
		if n := b.store.Counts().Waiting; n != 2 {
			b.Errorf("%d transactions are under way", n)
		}
		close(release)
		b.is(<-done, nil)
		b.holds(a, core.Disk, content)
	})
}

func TestALargeWriteTakesEffectWhollyOrNotAtAll(t *testing.T) {
	const n = 40<<20 + 12345
	before, after := picture(n, 1), picture(n-2000, 2)
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(n)
		b.write(a, before, 0)
		b.is(a.Flush(ctx), nil)
		b.store.SetHook(drivertest.FailNth(errBroken, drivertest.Apply, b.store.Counts().Calls[drivertest.Apply]+2, 1000))
		b.is(a.WriteAt(ctx, after, 1000), errBroken)
		b.store.SetHook(nil)
		b.holds(a, core.Disk, before)
		b.is(a.Flush(ctx), nil) // it was told already

		stop, cancel := context.WithCancelCause(ctx)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		done := later(func() error { return a.Turn().Write(stop, driver.Bytes(after), 1000, nil) })
		cancel(errBroken)
		b.is(<-done, errBroken)
		close(release)
		b.holds(a, core.Disk, before)

		b.is(a.WriteAt(ctx, after, 1000), nil)
		copy(before[1000:], after)
		b.holds(a, core.Disk, before)
		b.is(a.Flush(ctx), nil)
		b.Flush(ctx)
		for b.disk.Bytes() > n+4*core.PageSize { // until what was replaced is deleted; of the ends a part is not
			timePasses()
		}
	})
}

func TestAStoreThatFailsLosesNothing(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault error
	}{{"a fault", errBroken}, {"the quota", driver.ErrQuota}} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, onDisk, func(b *bench) {
				one, two, three := b.allocate(1000), b.allocate(1000), b.allocate(1000)
				content := picture(1000, 1)
				b.store.SetHook(drivertest.Fail(test.fault, drivertest.Apply))
				b.write(one, content, 0)
				b.write(two, content, 0)
				for b.told(core.StoreFailed) == 0 {
					timePasses()
				}
				b.holds(one, core.Disk, content)
				b.is(one.WriteAt(ctx, []byte("no"), 0), test.fault) // told once by the next write, which is not applied
				b.is(two.Flush(ctx), test.fault)                    // and once by the next flush
				b.holds(one, core.Disk, content)
				if test.fault == driver.ErrQuota {
					err := two.Flush(ctx)
					b.full(err, core.Disk, 2000, 3000, 0, core.ByQuota)
				}
				b.settle()
				b.store.SetHook(nil)
				_ = one.Flush(ctx)
				b.is(one.Flush(ctx), nil)
				_ = two.Flush(ctx)
				b.is(two.Flush(ctx), nil)
				b.is(three.Flush(ctx), nil)
				if n := b.disk.Bytes(); n != 2000 {
					b.Errorf("%d bytes are stored", n)
				}
				s := b.Statistics().Disk
				if s.Failures == 0 || s.Retries == 0 || s.WaitingBytes != 0 {
					b.Errorf("%+v", s)
				}
				b.holds(one, core.Disk, content)
				b.holds(two, core.Disk, content)
			})
		})
	}
}

func TestWritesAreRefusedWhenTheBoundIsReachedAndStoringFails(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a, other := b.allocate(40<<20), b.allocate(10<<20)
		b.store.SetHook(drivertest.Fail(errBroken, drivertest.Apply))
		content := make([]byte, 40<<20)
		var err error
		written := 0
		for ; written < 40; written++ {
			p := picture(1<<20, byte(written))
			if err = a.WriteAt(ctx, p, int64(written)<<20); err != nil {
				break
			}
			copy(content[written<<20:], p)
			timePasses()
		}
		b.is(err, errBroken)
		b.holds(a, core.Disk, content)
		b.store.SetHook(nil)
		_ = a.Flush(ctx)
		b.is(a.Flush(ctx), nil)
		b.is(other.WriteAt(ctx, make([]byte, 10<<20), 0), nil)
		b.holds(a, core.Disk, content)
	})
}

func TestDisposingMakesRoomForWhatCouldNotBeStored(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		old, new := b.allocate(5000), b.allocate(5000)
		b.write(old, picture(5000, 1), 0)
		b.is(old.Flush(ctx), nil)
		b.store.SetHook(func(c drivertest.Call) drivertest.Fault {
			if c.Op == drivertest.Apply && len(c.Puts) > 0 && b.disk.Bytes() >= 5000 {
				return drivertest.Fault{Err: driver.ErrQuota}
			}
			return drivertest.Fault{}
		})
		b.write(new, picture(5000, 2), 0)
		b.is(new.Flush(ctx), driver.ErrQuota)
		b.settle()
		old.Dispose()
		for b.Statistics().Disk.WaitingBytes > 0 {
			timePasses()
			_ = new.Flush(ctx)
		}
		b.holds(new, core.Disk, picture(5000, 2))
	})
}

func TestLostRecords(t *testing.T) {
	const n = 3 * core.PageSize
	inBubble(t, onDisk, func(b *bench) {
		a, other := b.allocate(n), b.allocate(1000)
		content := picture(n, 1)
		for off := 0; off < n; off += core.PageSize { // one by one, so that each has a record
			b.write(a, content[off:off+core.PageSize], int64(off))
			b.is(a.Flush(ctx), nil)
		}
		b.write(other, content[:1000], 0)
		b.is(b.Flush(ctx), nil)
		b.disk.Lose(2) // the second page
		p := make([]byte, n)
		b.is(a.ReadAt(ctx, p, 0), core.ErrLost)
		b.is(a.ReadAt(ctx, p[:10], core.PageSize), core.ErrLost)
		b.is(a.ReadAt(ctx, p[:core.PageSize], 0), nil)
		b.is(a.ReadAt(ctx, p[:core.PageSize], 2*core.PageSize), nil)
		b.holds(other, core.Disk, content[:1000])
		if b.told(core.Lost) != 1 {
			b.Errorf("%d events tell of it", b.told(core.Lost))
		}
		b.counts(0, n+1000) // it counts until it is disposed of

		// Overwriting heals, as far as it goes.
		b.write(a, content[core.PageSize:core.PageSize+500], core.PageSize)
		b.is(a.ReadAt(ctx, p[:500], core.PageSize), nil)
		b.is(a.ReadAt(ctx, p[:501], core.PageSize), core.ErrLost)
		b.is(a.Flush(ctx), nil)
		b.is(a.ReadAt(ctx, p[:501], core.PageSize), core.ErrLost)
		b.write(a, content[core.PageSize+500:2*core.PageSize], core.PageSize+500)
		b.holds(a, core.Disk, content)
		b.is(a.Flush(ctx), nil)
		b.holds(a, core.Disk, content)
	})
}

func TestAWriteIntoALostPageThatNobodyHasReadYet(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(1000)
		b.write(a, picture(1000, 1), 0)
		b.is(a.Flush(ctx), nil)
		b.disk.Lose(1)
		b.write(a, []byte("abc"), 10)
		p := make([]byte, 3)
		b.is(a.ReadAt(ctx, p, 10), nil)
		b.is(a.ReadAt(ctx, p, 9), core.ErrLost)
		b.is(a.Reallocate(ctx, 13), nil)
		b.is(a.Reallocate(ctx, 1000), nil)
		b.is(a.ReadAt(ctx, p, 997), nil) // new bytes are zero, not lost
		if string(p) != "\x00\x00\x00" {
			b.Errorf("they are %v", p)
		}
	})
}

func TestAReadThatFailsCanBeTriedAgain(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(1000)
		content := picture(1000, 1)
		b.write(a, content, 0)
		scatter(b, a, content)
		b.store.SetHook(drivertest.Fail(errBroken, drivertest.Get))
		b.is(a.ReadAt(ctx, make([]byte, 10), 0), driver.ErrUnavailable)
		b.is(a.WriteAt(ctx, []byte("x"), 70), errBroken) // the rest of the page can't be fetched
		b.store.SetHook(nil)
		b.holds(a, core.Disk, content)
	})
}

// A read goes on with the bytes of its turn while later writes replace them.
func TestReadsSeeTheBytesOfTheirTurn(t *testing.T) {
	const n = 2 * core.PageSize
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(n)
		before, after := picture(n, 1), picture(n, 2)
		b.write(a, before, 0)
		b.is(a.Flush(ctx), nil)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Get))
		got := make([]byte, n)
		read := later(func() error { return a.ReadAt(ctx, got, 0) })
		b.write(a, after, 0) // it need not wait for the read
		b.is(a.Flush(ctx), nil)
		a.Dispose()
		for range 5 {
			timePasses()
		}
		close(release)
		b.is(<-read, nil)
		if string(got) != string(before) {
			b.Error("the read got later bytes")
		}
	})
}

func TestProgress(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		const n = 40 << 20
		a := b.allocate(n)
		var last, calls int64
		o := &core.CallOptions{Progress: func(done, total int64) {
			if done < last || done > total || total != n {
				b.Errorf("%d after %d of %d", done, last, total)
			}
			last = done
			calls++
		}}
		b.is(a.Turn().Write(ctx, driver.Bytes(make([]byte, n)), 0, o), nil)
		if last != n || calls < 3 {
			b.Errorf("%d calls, the last with %d", calls, last)
		}
		b.is(a.Flush(ctx), nil)
		last, calls = 0, 0
		b.is(a.Turn().Read(ctx, 0, -1, func(n int64) (driver.Buffer, error) { return driver.Bytes(make([]byte, n)), nil }, o), nil)
		if last != n || calls < 3 {
			b.Errorf("%d calls, the last with %d", calls, last)
		}
	})
}

func TestPagesThatShareARecord(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		const n = 4 * core.PageSize
		a := b.allocate(n)
		content := picture(n, 1)
		b.write(a, content, 0)
		b.is(a.Flush(ctx), nil)
		if b.disk.Records() != 2 || b.disk.Bytes() != n {
			b.Fatalf("%d records of %d bytes", b.disk.Records(), b.disk.Bytes())
		}
		b.holds(a, core.Disk, content)
		if n := b.store.Counts().Gets; n != 2 {
			b.Errorf("reading in order asks for %d records", n)
		}
		for page := range 2 { // one after the other takes the place of a page of the first record
			b.write(a, picture(core.PageSize, 2), int64(page)*core.PageSize)
			copy(content[page*core.PageSize:], picture(core.PageSize, 2))
			b.is(a.Flush(ctx), nil)
			timePasses()
			b.holds(a, core.Disk, content)
			// The first: a record more. The second: another one more, and the old one less.
			if b.disk.Records() != 3 {
				b.Errorf("after %d pages there are %d records", page+1, b.disk.Records())
			}
		}
		b.is(a.Reallocate(ctx, core.PageSize), nil)
		timePasses()
		if b.disk.Records() != 1 {
			b.Errorf("%d records are left of one page", b.disk.Records())
		}
		b.holds(a, core.Disk, content[:core.PageSize])
		b.disk.Lose(3)
		b.is(a.ReadAt(ctx, make([]byte, 5), 0), core.ErrLost)
	})
}

// Groups of pages end where a page does, so that 8 MiB at an odd offset are two.
func TestAWriteInTwoGroupsTakesEffectWhollyOrNotAtAll(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(9 << 20)
		content := picture(9<<20, 1)
		b.write(a, content, 0)
		b.is(a.Flush(ctx), nil)
		b.write(a, []byte{1, 2}, 0) // the first page waits, and could be written in place
		copy(content, []byte{1, 2})
		b.store.SetHook(drivertest.FailNth(errBroken, drivertest.NewBuffer, b.store.Counts().Calls[drivertest.NewBuffer]+33, 1000))
		b.full(a.WriteAt(ctx, picture(8<<20, 2), 1), core.Disk, 1, 9<<20, 0, core.ByMemory)
		b.store.SetHook(nil)
		b.holds(a, core.Disk, content)
	})
}

func TestAStoreThatAlwaysFailsIsToldOnce(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(1 << 20)
		content := make([]byte, 1<<20)
		b.store.SetHook(drivertest.Fail(errBroken, drivertest.Apply))
		refused := 0
		for i := range 20 {
			p := picture(1000, byte(i))
			if err := a.WriteAt(ctx, p, int64(i)*50_000); err != nil {
				b.is(err, errBroken)
				refused++
			} else {
				copy(content[i*50_000:], p)
			}
			timePasses()
		}
		if refused != 1 {
			b.Errorf("%d writes of 20 were refused", refused)
		}
		b.holds(a, core.Disk, content)
		b.is(a.Flush(ctx), errBroken) // a flush can't promise anything
		b.store.SetHook(nil)
		b.is(a.Flush(ctx), nil)
		b.store.SetHook(drivertest.Fail(errBroken, drivertest.Apply))
		b.write(a, content[:10], 0)
		timePasses()
		b.is(a.WriteAt(ctx, content[:10], 0), errBroken) // after a success it is another failure
	})
}

func TestAnAbortWhileTheRestOfAPageIsFetched(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(1000)
		content := picture(1000, 1)
		b.write(a, content, 0)
		scatter(b, a, content)
		b.store.SetHook(drivertest.Block(make(chan struct{}), drivertest.Get))
		stop, cancel := context.WithCancelCause(ctx)
		done := later(func() error { return a.Turn().Write(stop, driver.Bytes("abc"), 70, nil) })
		cancel(errBroken)
		b.is(<-done, errBroken)
		b.store.SetHook(nil)
		b.holds(a, core.Disk, content)
	})
}

// shortStore returns less than it was given.
type shortStore struct{ driver.Store }

func (s shortStore) Get(ctx context.Context, ranges []driver.Range) ([]driver.Buffer, error) {
	got := make([]driver.Buffer, len(ranges))
	for i := range got {
		b, err := s.NewBuffer(10)
		if err != nil {
			return nil, err
		}
		got[i] = b
	}
	return got, nil
}

func TestARecordThatIsTooShortIsLost(t *testing.T) {
	cache, err := core.New(core.Config{Store: shortStore{mapstore.New()}, Settings: onDisk})
	if err != nil {
		t.Fatal(err)
	}
	a, err := cache.Allocate(ctx, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.WriteAt(ctx, picture(1000, 1), 0), a.Flush(ctx), a.WriteAt(ctx, []byte("x"), 500)); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 1)
	if err := a.ReadAt(ctx, p, 500); err != nil || p[0] != 'x' {
		t.Errorf("what was written is %q, %v", p, err)
	}
	if err := a.ReadAt(ctx, p, 501); !errors.Is(err, core.ErrLost) {
		t.Errorf("the rest of the page: %v", err)
	}
	if err := cache.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// scatter writes to three places of a page and stores them: the next write to another place has to
// make the page whole.
func scatter(b *bench, a *core.Allocation, content []byte) {
	b.Helper()
	b.is(a.Flush(ctx), nil)
	for _, at := range []int{10, 30, 50} {
		b.write(a, []byte("new"), int64(at))
		copy(content[at:], "new")
		b.is(a.Flush(ctx), nil)
	}
}

// A tile that is written anew is stored alone, and nothing has to be read for it.
func TestAWriteToAPartOfAStoredPage(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		const n, tile = 4 * core.PageSize, core.PageSize / 4
		a := b.allocate(n)
		content := picture(n, 1)
		b.write(a, content, 0)
		b.is(a.Flush(ctx), nil)
		before := b.store.Counts()
		for i, seed := range []int{9, 3, 6, 3} {
			b.write(a, picture(tile, byte(10+i)), int64(seed*tile))
			copy(content[seed*tile:], picture(tile, byte(10+i)))
		}
		b.is(a.Flush(ctx), nil)
		after := b.store.Counts()
		if after.Gets != before.Gets || after.PutBytes-before.PutBytes != 3*tile {
			b.Errorf("%d records read, %d bytes stored", after.Gets-before.Gets, after.PutBytes-before.PutBytes)
		}
		b.holds(a, core.Disk, content)

		// However it is written, a page stays readable from few records, and what nobody needs goes.
		for i := range 50 {
			at := i * 7919 % (core.PageSize - 100)
			b.write(a, picture(100, byte(i)), int64(at))
			copy(content[at:], picture(100, byte(i)))
			if i%3 == 0 {
				b.is(a.Flush(ctx), nil)
			}
		}
		b.is(a.Flush(ctx), nil)
		before = b.store.Counts()
		b.is(a.ReadAt(ctx, make([]byte, core.PageSize), 0), nil)
		if n := b.store.Counts().Gets - before.Gets; n > 8 {
			b.Errorf("a page lies in %d records", n)
		}
		b.holds(a, core.Disk, content)
		b.is(a.Reallocate(ctx, 0), nil)
		timePasses()
		if b.disk.Records() != 0 {
			b.Errorf("%d records of nothing", b.disk.Records())
		}
	})
}

// What a shrinking cuts off is not there again after a growing, whether it was stored or waits.
func TestAPartThatWasCutOffIsZeroAfterwards(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		for _, stored := range []bool{false, true} {
			a := b.allocate(1000)
			b.write(a, picture(1000, 1), 0)
			if stored {
				b.is(a.Flush(ctx), nil)
			}
			b.write(a, picture(300, 2), 400)
			b.is(a.Reallocate(ctx, 500), nil)
			b.is(a.Reallocate(ctx, 2000), nil)
			b.write(a, picture(100, 3), 1500)
			want := make([]byte, 2000)
			copy(want, picture(1000, 1)[:400])
			copy(want[400:500], picture(300, 2))
			copy(want[1500:], picture(100, 3))
			b.holds(a, core.Disk, want)
			b.is(a.Flush(ctx), nil)
			b.holds(a, core.Disk, want)
		}
	})
}

// What makes room is over before anything is stored again: a store may do what is under way at once in any order.
func TestStoringWaitsForDeletes(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		gone, a := b.surface(512, 512, 4), b.surface(512, 512, 4)
		b.stroke(gone, 0, 0, 1)
		b.is(b.Flush(ctx), nil)
		full, deleted := true, make(chan struct{})
		b.store.SetHook(func(c drivertest.Call) (f drivertest.Fault) {
			switch {
			case c.Op != drivertest.Apply:
			case len(c.Puts) == 0:
				<-deleted
				full = false
			case full:
				f.Err = driver.ErrQuota
			}
			return f
		})
		b.stroke(a, 0, 0, 2)
		if err := a.Flush(ctx); !errors.Is(err, driver.ErrQuota) {
			b.Error(err)
		}
		gone.Dispose() // its record is deleted
		flushed := later(func() error { return a.Flush(ctx) })
		if !waits(flushed) {
			b.Error("it does not wait for the deletes")
		}
		close(deleted)
		b.is(<-flushed, nil)
	})
}

// What waits has a buffer for all of the page, but only what was written is stored.
func TestWhatWasWrittenIsCounted(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(page)
		b.write(a, []byte("ten bytes."), 0)
		if n := b.Statistics().Disk.WaitingBytes; n != page {
			b.Errorf("%d bytes wait", n)
		}
		b.is(a.Flush(ctx), nil)
		if s := b.Statistics().Disk; s.WrittenBytes != 10 || s.WaitingBytes != 0 {
			b.Errorf("%d bytes were written, %d wait", s.WrittenBytes, s.WaitingBytes)
		}
	})
}
