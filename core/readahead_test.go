package core_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"asposecache/core"
	"asposecache/core/driver/drivertest"
)

func TestReadingInOrderFetchesAhead(t *testing.T) {
	const n, tile = 20 << 20, 64 << 10
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(n)
		content := picture(n, 1)
		b.write(a, content, 0)
		b.is(a.Flush(ctx), nil)
		got := make([]byte, tile)
		for off := 0; off < n; off += tile {
			// What is written on the way is read, not what was fetched before.
			if off%(1<<20) == 0 {
				at := off + 700_000
				b.write(a, []byte("new"), int64(at))
				copy(content[at:], "new")
			}
			b.is(a.ReadAt(ctx, got, int64(off)), nil)
			if !bytes.Equal(got, content[off:off+tile]) {
				b.Fatalf("the tile at %d differs", off)
			}
		}
		counts := b.store.Counts()
		if counts.Calls[drivertest.Get] > 40 || counts.Gets > 60 {
			b.Errorf("reading 320 tiles in order made %d transactions for %d records", counts.Calls[drivertest.Get], counts.Gets)
		}
		b.holds(a, core.Disk, content)
	})
}

func TestRandomReadsFetchNoMoreThanOneRecord(t *testing.T) {
	const n = 20 << 20
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(n)
		content := picture(n, 1)
		b.write(a, content, 0)
		b.is(a.Flush(ctx), nil)
		got := make([]byte, 64<<10)
		for i, off := range []int64{9 << 20, 3 << 20, 17<<20 + 5, 1 << 20, 12 << 20} {
			b.is(a.ReadAt(ctx, got, off), nil)
			if !bytes.Equal(got, content[off:off+64<<10]) {
				b.Errorf("the tile at %d differs", off)
			}
			b.settle()
			if n := b.store.Counts().Gets; n > i+1 {
				b.Errorf("%d reads have fetched %d records", i+1, n)
			}
		}
		before := b.store.Counts().Gets
		b.is(a.ReadAt(ctx, got, 12<<20+100_000), nil)
		if b.store.Counts().Gets != before {
			b.Error("the rest of a record that was just read is fetched again")
		}
	})
}

func TestAMoveThatIsGivenUpDoesNotWaitForWhatIsFetchedAhead(t *testing.T) {
	const n = 20 << 20
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(n)
		const fetched = 1 << 20 // its records have the first two keys
		b.write(a, picture(fetched, 1), 0)
		b.is(a.Flush(ctx), nil)
		b.write(a, picture(n-fetched, 2), fetched)
		b.is(a.Flush(ctx), nil)
		release := make(chan struct{})
		b.store.SetHook(func(c drivertest.Call) (f drivertest.Fault) {
			if c.Op == drivertest.Get && slices.Max(c.Keys) > 2 {
				f.Wait = release
			}
			return f
		})
		b.is(a.ReadAt(ctx, make([]byte, 64<<10), 0), nil)
		b.is(a.ReadAt(ctx, make([]byte, fetched-64<<10), 64<<10), nil)
		b.settle() // what follows is on its way
		given, giveUp := context.WithCancel(ctx)
		move := later(func() error { return a.MoveToMemory(given) })
		if !waits(move) {
			b.Fatal("it does not wait")
		}
		giveUp()
		b.is(<-move, context.Canceled)
		close(release)
	})
}

func TestWhatIsFetchedAheadAndDisposedOf(t *testing.T) {
	const n = 20 << 20
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(n)
		b.write(a, picture(n, 1), 0)
		b.is(a.Flush(ctx), nil)
		release := make(chan struct{})
		b.is(a.ReadAt(ctx, make([]byte, 1<<20), 0), nil)
		b.settle()
		b.store.SetHook(drivertest.Block(release, drivertest.Get))
		read := later(func() error { return a.ReadAt(ctx, make([]byte, 10<<20), 1<<20) })
		a.Dispose()
		close(release)
		b.is(<-read, nil)
		for range 5 {
			timePasses()
		}
		if n := b.disk.Records(); n != 0 {
			b.Errorf("%d records are left", n)
		}
	})
}
