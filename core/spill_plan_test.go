package core_test

import (
	"sync"
	"testing"

	"asposecache/core"
	"asposecache/core/driver/drivertest"
)

// Whether room can be made is decided before anything moves, and what is refused finds the disk as it was.

func TestASpillThatCannotSucceedDoesNotBegin(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		old := b.allocate(0)
		b.configure(core.Settings{MaxMemoryForCache: 600_000, MaxDiskSpaceForCache: 500_000, SpillPolicy: core.SpillColdest})
		b.is(old.Reallocate(ctx, 3*page), nil) // not exact: past the limit
		a := b.allocate(page - 1)              // two pages would have to go, for which the disk is too small
		if a.Medium() != core.Disk || len(b.spills()) != 0 {
			b.Errorf("the new one is in %v", a.Medium())
		}
		b.counts(3*page, page-1)
	})
}

func TestWhatCannotMoveIsNotEnough(t *testing.T) {
	inBubble(t, coldest(4), func(b *bench) {
		a, s, content := shared(b, 3) // what both have is not cold, and stays with who writes to it
		other := b.allocate(page / 2)
		b.write(a, picture(3*page, 2), 0) // two of the pages go to disk themselves
		if n := other.Held(core.Disk); n != 0 {
			b.Errorf("%d bytes have moved, although they were not enough", n)
		}
		b.holds(a, core.Memory, picture(3*page, 2))
		b.holds(s, s.Medium(), content)
	})
}

func TestASpillForAGrowingTail(t *testing.T) {
	settings := coldest(4)
	settings.ExactReallocateOnly = true
	t.Run("that is on disk, which is full: nothing moves for it", func(t *testing.T) {
		inBubble(t, core.Settings{}, func(b *bench) {
			a := b.allocate(page + 100)
			content := picture(page+100, 1)
			b.write(a, content, 0)
			history := b.snapshot(a)
			b.write(a, []byte("x"), page)
			b.configure(core.Settings{MaxMemoryForCache: page + 300, SpillPolicy: core.SpillColdest})
			b.allocate(200).Dispose() // the tail of the history makes room
			b.is(a.Restore(ctx, history), nil)
			history.Dispose()
			b.counts(page, 100)
			s := settings
			s.MaxDiskSpaceForCache = page + 200 // for the new tail, or for what makes room, but not for both
			b.configure(s)
			b.allocate(3 * page)
			b.spills()
			b.full(a.Reallocate(ctx, 3*page), core.Disk, 3*page-100, 100, page+200, core.ByLimit)
			b.counts(4*page, 100)
			if n := len(b.spills()); n != 0 {
				b.Errorf("%d have moved", n)
			}
		})
	})
	t.Run("that a snapshot shares: it is copied, which takes as much again", func(t *testing.T) {
		inBubble(t, settings, func(b *bench) {
			a := b.allocate(page / 2)
			b.snapshot(a)
			for range 7 {
				b.allocate(page / 2)
			}
			tight := settings
			tight.MaxDiskSpaceForCache = page / 2 // for one of them, and two would have to go
			b.configure(tight)
			b.full(a.Reallocate(ctx, page), core.Disk, page, 0, page/2, core.ByLimit)
			b.counts(4*page, 0)
		})
	})
}

func TestAHistoryThatGrowsDoesNotMakeRoomForItself(t *testing.T) {
	settings := coldest(4)
	settings.ExactReallocateOnly = true
	inBubble(t, settings, func(b *bench) {
		a, s, content := shared(b, 2)
		a.Dispose()
		old := b.allocate(2 * page)
		b.is(s.Reallocate(ctx, 3*page), nil)
		b.holds(s, core.Memory, append(content, make([]byte, page)...))
		if s.Held(core.Disk) != 0 || old.Held(core.Disk) != page {
			b.Errorf("%d of it and %d of the other are on disk", s.Held(core.Disk), old.Held(core.Disk))
		}
	})
}

func TestWhatSomebodyWritesToDoesNotMakeRoomForItsOwnCopy(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.allocate(page + 100)
		s := b.snapshot(a)
		b.configure(core.Settings{MaxMemoryForCache: 2 * page, MaxDiskSpaceForCache: 2*page - 1, SpillPolicy: core.SpillColdest})
		b.write(s, []byte("x"), 0) // the page of both goes to disk for the sake of the other
		b.counts(page+100, page)
		want := make([]byte, page+100)
		b.holds(a, core.Memory, want)
		want[0] = 'x'
		b.holds(s, core.Memory, want)
	})
}

func TestRoomOnDiskForASpillIsTakenFromTheStart(t *testing.T) {
	s := coldest(256)
	s.MaxDiskSpaceForCache = 200 * page
	inBubble(t, s, func(b *bench) {
		b.allocate(256 * page)
		release := make(chan struct{})
		open := sync.OnceFunc(func() { close(release) })
		defer open()
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		var a *core.Allocation
		done := later(func() (err error) { a, err = b.Allocate(ctx, 192*page); return err }) // more than may wait to be stored
		on := s
		on.SpillPolicy = core.SpillNever
		b.configure(on)
		_, err := b.Allocate(ctx, 40*page)
		b.full(err, core.Disk, 40*page, b.Allocated(core.Disk), 200*page, core.ByLimit)
		open()
		b.is(<-done, nil)
		if a.Medium() != core.Memory {
			b.Errorf("it is in %v", a.Medium())
		}
	})
}

func TestWhenStoringFailsTheRoomOnDiskIsThereForTheNewOne(t *testing.T) {
	s := coldest(64)
	s.MaxDiskSpaceForCache = 80 * page
	inBubble(t, s, func(b *bench) {
		old := b.allocate(64 * page)
		content := picture(64*page, 1)
		b.write(old, content, 0)
		release := make(chan struct{})
		open := sync.OnceFunc(func() { close(release) })
		defer open()
		b.store.SetHook(drivertest.Each(drivertest.FailNth(errBroken, drivertest.Apply, 1, 1), drivertest.Block(release, drivertest.Apply)))
		a := b.allocate(64 * page) // two transactions, of which one fails while the other goes on
		if a.Medium() != core.Disk {
			b.Errorf("it is in %v", a.Medium())
		}
		b.counts(64*page, 64*page)
		open()
		timePasses()
		b.holds(old, core.Memory, content)
		b.counts(64*page, 64*page)
	})
}

func TestAnAllocationOnDiskMovesNothing(t *testing.T) {
	inBubble(t, coldest(64), func(b *bench) {
		b.is(b.allocate(0).MoveToDisk(ctx), nil) // so that the disk is open
		a, _, _ := shared(b, 32)
		b.write(a, picture(28*page, 2), 0)
		b.configure(core.Settings{MaxMemoryForCache: 64 * page})
		b.allocate(page)
		b.configure(coldest(64))
		b.allocate(65 * page) // larger than the memory
		timePasses()
		b.counts(61*page, 65*page)
	})
}
