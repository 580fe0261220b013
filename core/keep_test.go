package core_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/mapstore"
)

// keeping is a source that can be kept.
type keeping struct{ driver.Bytes }

func (k *keeping) Keep() error {
	k.Bytes = slices.Clone(k.Bytes)
	return nil
}

// A source is kept before a listener is told of what the write has done: the listener may change it.
func TestASourceIsKeptBeforeListenersAreTold(t *testing.T) {
	const n = 24 * page
	synctest.Test(t, func(t *testing.T) {
		data := picture(n, 2)
		src := &keeping{data}
		c, err := core.New(core.Config{Settings: core.Settings{MaxMemoryForCache: n}, Store: mapstore.New(),
			OnEvent: func(e core.Event) {
				if e.Kind == core.Spill && e.Why == core.WhyCopy {
					clear(data)
				}
			}})
		if err != nil {
			t.Fatal(err)
		}
		other, err := c.Allocate(ctx, page)
		if err != nil || other.MoveToDisk(ctx) != nil { // so that it is open
			t.Fatal(err)
		}
		a, err := c.Allocate(ctx, n)
		if err != nil || a.WriteAt(ctx, picture(n, 1), 0) != nil {
			t.Fatal(err)
		}
		if _, err = a.Snapshot(ctx); err != nil {
			t.Fatal(err)
		}
		if err := a.Turn().Write(ctx, src, 0, nil); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, n)
		if err := a.ReadAt(ctx, got, 0); err != nil || !slices.Equal(got, picture(n, 2)) {
			t.Errorf("it has other bytes, or %v", err)
		}
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	})
}

// A source is kept before a listener is told of progress on disk.
func TestASourceIsKeptBeforeProgressOnDisk(t *testing.T) {
	const n = 48 * page
	inBubble(t, core.Settings{CacheType: core.CacheOnDiskOnly}, func(b *bench) {
		a := b.allocate(n)
		data := picture(n, 2)
		src := &keeping{data}
		b.is(a.Turn().Write(ctx, src, 0, &core.CallOptions{Progress: func(int64, int64) { clear(data) }}), nil)
		b.holds(a, core.Disk, picture(n, 2))
	})
}

// A write in place whose source can't be kept, because too much waits, is done without a pause: it is too late to refuse.
func TestAWriteInPlaceWhoseSourceCantBeKeptIsDone(t *testing.T) {
	const n = 48 * page
	inBubble(t, core.Settings{}, func(b *bench) {
		busy := b.allocate(64 << 20)
		turn := busy.Turn()
		var waiting []<-chan error
		for range 4 {
			src := &keeping{make([]byte, 64<<20)}
			waiting = append(waiting, later(func() error { return busy.Turn().Write(ctx, src, 0, nil) }))
		}
		a := b.allocate(n)
		b.write(a, picture(n, 1), 0)
		b.is(a.Turn().Write(ctx, &keeping{picture(n, 2)}, 0, nil), nil)
		b.holds(a, core.Memory, picture(n, 2))
		turn.GiveUp()
		for _, w := range waiting {
			b.is(<-w, nil)
		}
	})
}
