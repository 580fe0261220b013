package core_test

import (
	"context"
	"errors"
	"testing"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
)

// coldest is a memory of that many pages in which room is made.
func coldest(pages int64) core.Settings {
	return core.Settings{MaxMemoryForCache: pages * page, SpillPolicy: core.SpillColdest}
}

func TestSpillPoliciesHaveNames(t *testing.T) {
	for _, p := range []core.SpillPolicy{core.SpillNever, core.SpillColdest} {
		if got, err := core.ParseSpillPolicy(p.String()); got != p || err != nil {
			t.Errorf("%q is parsed as %v, %v", p, got, err)
		}
	}
	var wrong *core.ArgumentError
	if _, err := core.ParseSpillPolicy("hottest"); !errors.As(err, &wrong) {
		t.Errorf("got %v", err)
	}
	inBubble(t, core.Settings{}, func(b *bench) {
		if err := b.Configure(core.Settings{SpillPolicy: 2}); !errors.As(err, &wrong) {
			b.Errorf("got %v", err)
		}
	})
}

func TestTheColdestMakesRoom(t *testing.T) {
	inBubble(t, coldest(4), func(b *bench) {
		one, two, three := b.allocate(page), b.allocate(page), b.allocate(page)
		b.write(one, picture(page, 1), 0)
		b.write(two, picture(page, 2), 0)
		b.write(three, picture(page, 3), 0)
		s := b.snapshot(two)
		b.write(two, []byte("x"), 0) // from here on the snapshot's page is history
		b.is(access(one, 0, 1), nil) // the least recently used is three
		b.counts(4*page, 0)
		for i, want := range []*core.Allocation{s, three, two, one} {
			four := b.allocate(page)
			if four.Medium() != core.Memory || want.Medium() != core.Disk {
				b.Errorf("number %d: the new one is in %v, the coldest in %v", i, four.Medium(), want.Medium())
			}
			told := b.spills()
			if len(told) != 1 || told[0].Allocation != want || told[0].Bytes != page || told[0].Why != core.WhyAllocate {
				b.Errorf("number %d: %+v", i, told)
			}
			b.counts(4*page, int64(i+1)*page)
			for range 2 { // so that it is not the next one
				b.is(access(four, 0, 1), nil)
			}
		}
		b.holds(s, core.Disk, picture(page, 2))
		b.holds(one, core.Disk, picture(page, 1)) // nothing comes back by itself
		if n := b.Statistics().Spills; n != 4 {
			b.Errorf("%d spills", n)
		}
	})
}

func TestWhoWaitsForRoomWaitsForThatOnly(t *testing.T) {
	inBubble(t, coldest(64), func(b *bench) {
		old := b.allocate(64 * page)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		var first, second *core.Allocation
		waiting := later(func() (err error) { first, err = b.Allocate(ctx, 2*page); return err })
		next := later(func() (err error) { second, err = b.Allocate(ctx, page); return err })
		// What moves counts on both until it is stored: two pages, and 1/16 of the memory ahead.
		b.counts(64*page, 6*page)
		_, err := b.AllocateInMemory(1)
		b.full(err, core.Memory, 1, 64*page, 64*page, core.ByLimit)
		if !waits(waiting) || !waits(next) {
			b.Fatal("somebody does not wait")
		}
		b.holds(old, core.Memory, make([]byte, 64*page))
		close(release)
		b.is(<-waiting, nil)
		b.is(<-next, nil)
		if first.ID() > second.ID() || first.Medium() != core.Memory || second.Medium() != core.Memory {
			b.Error("they were not served in order")
		}
		b.counts(64*page-6*page+3*page, 6*page)
		if peak := b.Statistics().Memory.PeakBytes; peak != 64*page {
			b.Errorf("there were %d bytes in memory", peak)
		}
		b.holds(old, core.Memory, make([]byte, 64*page))
	})
}

func TestRoomThatIsBeingMadeIsNotTakenByOthers(t *testing.T) {
	inBubble(t, coldest(4), func(b *bench) {
		old, other := b.allocate(3*page), b.allocate(page)
		s := b.snapshot(other)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		done := later(func() error { _, err := b.Allocate(ctx, 2*page); return err })
		b.configure(core.Settings{MaxMemoryForCache: 4 * page}) // the others do not spill
		s.Dispose()
		other.Dispose() // there is room for one page, but not for two
		if !waits(done) {
			b.Error("it does not wait")
		}
		_, err := b.AllocateInMemory(page)
		b.full(err, core.Memory, page, 3*page, 4*page, core.ByLimit)
		if b.allocate(page).Medium() != core.Disk {
			b.Error("a later one has taken the room")
		}
		close(release)
		b.is(<-done, nil)
		b.holds(old, core.Memory, make([]byte, 3*page))
		b.counts(3*page, 3*page)
	})
}

func TestRoomMadeByDisposingIsEnough(t *testing.T) {
	inBubble(t, coldest(4), func(b *bench) {
		old := b.allocate(4 * page)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		done := later(func() error { _, err := b.Allocate(ctx, 2*page); return err })
		old.Dispose()
		b.is(<-done, nil)
		b.counts(2*page, 0)
		close(release)
	})
	// Also while the store is being opened.
	inBubble(t, coldest(4), func(b *bench) {
		old := b.allocate(4 * page)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Open))
		done := later(func() error { _, err := b.Allocate(ctx, 2*page); return err })
		old.Dispose()
		close(release)
		b.is(<-done, nil)
		b.counts(2*page, 0)
	})
}

func TestWhatCannotMakeRoomGoesByTheOtherRule(t *testing.T) {
	for _, test := range []struct {
		name string
		size int64
		disk int64
		hook drivertest.Hook
		want error // nil: it is placed on disk
	}{
		{"larger than the memory", 5 * page, 0, nil, nil},
		{"storing fails", page, 0, drivertest.Fail(errBroken, drivertest.Apply), nil},
		{"the disk is full", page, page - 1, nil, &core.FullError{}},
		{"there is no disk", page, 0, drivertest.Fail(errBroken, drivertest.Open), driver.ErrUnavailable},
		{"there is no buffer", page, 0, drivertest.Fail(errBroken, drivertest.NewBuffer), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := coldest(4)
			s.MaxDiskSpaceForCache = test.disk
			inBubble(t, s, func(b *bench) {
				old := b.allocate(4 * page)
				content := picture(4*page, 1)
				b.write(old, content, 0)
				b.store.SetHook(test.hook)
				a, err := b.Allocate(ctx, test.size)
				switch want, full := test.want.(*core.FullError); {
				case full:
					if !errors.As(err, &want) || want.Medium != core.Disk {
						b.Errorf("got %v", err)
					}
				case test.want != nil:
					b.is(err, test.want)
				case err != nil || a.Medium() != core.Disk:
					b.Errorf("it is not on disk: %v", err)
				default:
					a.Dispose()
				}
				b.counts(4*page, 0)
				b.holds(old, core.Memory, content)
			})
		})
	}
	for _, c := range []core.CacheType{core.CacheInMemoryOnly, core.CacheOnDiskOnly} {
		inBubble(t, coldest(4), func(b *bench) {
			old := b.allocate(4 * page)
			s := coldest(4)
			s.CacheType = c
			b.configure(s)
			if a, err := b.Allocate(ctx, page); (err == nil) != (c == core.CacheOnDiskOnly) {
				b.Errorf("%v: %v, %v", c, a, err)
			}
			if old.Medium() != core.Memory {
				b.Errorf("%v makes room", c)
			}
		})
	}
}

func TestGivingUpWaitingForRoom(t *testing.T) {
	why := errors.New("enough")
	inBubble(t, coldest(4), func(b *bench) {
		old := b.allocate(4 * page)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		stop, cancel := context.WithCancelCause(ctx)
		first := later(func() error { _, err := b.Allocate(stop, page); return err })
		second := later(func() error { _, err := b.Allocate(stop, page); return err })
		third := later(func() error { _, err := b.Allocate(ctx, page); return err })
		cancel(why)
		b.is(<-first, why)
		b.is(<-second, why)
		closing := later(func() error { return b.Close(ctx) })
		b.is(<-third, core.ErrClosed)
		close(release)
		b.is(<-closing, nil)
		_ = old
	})
}

func TestAnExactReallocationMakesRoom(t *testing.T) {
	settings := coldest(4)
	settings.ExactReallocateOnly = true
	inBubble(t, settings, func(b *bench) {
		a, other := b.allocate(page), b.allocate(3*page)
		b.write(a, picture(page, 1), 0)
		b.is(a.Reallocate(ctx, 3*page), nil)
		want := make([]byte, 3*page)
		copy(want, picture(page, 1))
		b.holds(a, core.Memory, want)
		b.counts(4*page, 2*page)
		if told := b.spills(); len(told) != 1 || told[0].Allocation != other || told[0].Why != core.WhyReallocate {
			b.Errorf("%+v", told)
		}
		b.is(a.Reallocate(ctx, 5*page), nil) // larger than the memory: it goes itself
		b.counts(page, 7*page)
		if a.Medium() != core.Disk || other.Medium() != core.Memory {
			b.Error("the wrong one has moved")
		}
	})
}

func TestACopyMakesRoom(t *testing.T) {
	inBubble(t, coldest(4), func(b *bench) {
		other := b.allocate(page)
		a, s, content := shared(b, 3)
		b.write(a, []byte("x"), 0)
		b.holds(s, core.Memory, content)
		b.counts(4*page, page)
		if told := b.spills(); len(told) != 1 || told[0].Allocation != other || told[0].Why != core.WhyCopy {
			b.Errorf("%+v", told)
		}
		// Then the oldest history, of which there is one page; and then the page itself.
		b.write(a, []byte("x"), page)
		b.counts(4*page, 2*page)
		b.write(a, []byte("x"), 2*page)
		b.counts(4*page, 3*page-0*page)
		b.holds(s, s.Medium(), content)
		content[0], content[page], content[2*page] = 'x', 'x', 'x'
		b.holds(a, core.Memory, content)
	})
}

func TestWritingToWhatMakesRoom(t *testing.T) {
	inBubble(t, coldest(4), func(b *bench) {
		old := b.allocate(4 * page)
		content := picture(4*page, 1)
		b.write(old, content, 0)
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		done := later(func() error { _, err := b.Allocate(ctx, page); return err })
		b.counts(4*page, page)
		b.write(old, []byte("new"), 0) // the page that is moving is not needed any more as it was
		copy(content, "new")
		close(release)
		b.is(<-done, nil)
		b.holds(old, core.Memory, content)
		b.counts(4*page, page)
	})
}

// A large write that pauses keeps its pages where they are.
func TestMakingRoomDuringAPause(t *testing.T) {
	var cache *core.Cache
	var other *core.Allocation
	paused := true // only the first pause of the write counts
	cache, err := core.New(core.Config{Settings: core.Settings{MaxMemoryForCache: 40 << 20, SpillPolicy: core.SpillColdest},
		Store: drivertest.NewFaulty(newStore()), Pause: func() {
			if paused {
				return // also where room is being made
			}
			paused = true
			var err error
			if other, err = cache.Allocate(ctx, 2<<20); err != nil {
				t.Error(err)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := cache.Allocate(ctx, 36<<20)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := cache.Allocate(ctx, 4<<20)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, Cache: cache}
	b.is(a.ReadAt(ctx, nil, 0), nil)
	content := picture(36<<20, 1)
	paused = false
	b.write(a, content, 0)
	b.holds(a, core.Memory, content)
	if a.Held(core.Disk) != 0 || rest.Held(core.Disk) == 0 || other.Medium() != core.Memory {
		t.Error("the pages that are being written have moved")
	}
	b.is(cache.Close(ctx), nil)
}

func TestHistoryBeginsToMoveWhenMemoryIsNearlyFull(t *testing.T) {
	inBubble(t, coldest(64), func(b *bench) {
		b.is(b.allocate(0).MoveToDisk(ctx), nil) // so that the disk is open
		a, s, content := shared(b, 32)
		b.write(a, picture(28*page, 2), 0)
		b.counts(60*page, 0)
		b.write(a, picture(2*page, 3), 28*page) // less than 1/16 is left
		b.counts(62*page, 2*page)               // nobody waits
		timePasses()
		b.counts(60*page, 2*page)
		if told := b.spills(); len(told) != 1 || told[0].Allocation != s || told[0].Why != core.WhyCopy {
			b.Errorf("%+v", told)
		}
		b.holds(s, core.Memory, content)
		if a.Held(core.Disk) != 0 {
			b.Error("a working allocation has moved")
		}
	})
}

// What a call under way keeps in memory can leave when that call ends: who looks for room waits for it.
func TestRoomThatACallUnderWayKeepsIsWaitedFor(t *testing.T) {
	const n = 10 << 20
	type call func(kept *core.Allocation) error
	moveToDisk := call(func(kept *core.Allocation) error { return kept.MoveToDisk(ctx) })
	moveToMemory := call(func(kept *core.Allocation) error { return kept.MoveToMemory(ctx) })
	write := call(func(kept *core.Allocation) error { return kept.WriteAt(ctx, picture(n, 3), 0) })
	for _, test := range []struct {
		name   string
		call   call
		onDisk bool          // kept is there before
		wait   drivertest.Op // of the store; 0, which is Open: pauses wait
		fails  error
	}{
		{name: "moveToDisk", call: moveToDisk, wait: drivertest.Apply},
		{name: "moveToDisk that fails", call: moveToDisk, wait: drivertest.Apply, fails: errBroken},
		{name: "moveToMemory", call: moveToMemory, onDisk: true, wait: drivertest.Get},
		{name: "moveToMemory that fails", call: moveToMemory, onDisk: true, wait: drivertest.Get, fails: errBroken},
		{name: "write", call: write},
	} {
		t.Run(test.name, func(t *testing.T) {
			var pause func()
			settings := core.Settings{MaxMemoryForCache: n * 3 / 2, SpillPolicy: core.SpillColdest}
			inBubbleWith(t, core.Config{Settings: settings, Pause: func() {
				if pause != nil {
					pause()
				}
			}}, func(b *bench) {
				a := b.allocate(n)
				b.write(a, picture(n, 2), 0)
				b.is(a.MoveToDisk(ctx), nil)
				kept := b.allocate(n)
				b.write(kept, picture(n, 3), 0)
				if test.onDisk {
					b.is(kept.MoveToDisk(ctx), nil)
				}
				timePasses()
				release := make(chan struct{})
				if test.wait != 0 {
					b.store.SetHook(func(c drivertest.Call) drivertest.Fault {
						if c.Op != test.wait {
							return drivertest.Fault{}
						}
						return drivertest.Fault{Wait: release, Err: test.fails}
					})
				} else {
					pause = func() { <-release }
				}
				begun := later(func() error { return test.call(kept) })
				if !waits(begun) {
					b.Error("it did not wait")
				}
				moved := later(func() error { return a.MoveToMemory(ctx) })
				if !waits(moved) {
					b.Error("the other one did not wait for it")
				}
				close(release)
				b.is(<-begun, test.fails)
				err := <-moved
				if test.fails != nil {
					if err == nil {
						b.Error("it was moved by a store that fails")
					}
					return
				}
				b.is(err, nil)
				b.holds(a, core.Memory, picture(n, 2))
				b.holds(kept, kept.Medium(), picture(n, 3))
			})
		})
	}
}

// While an undo waits for its turn the allocation can be found to have nothing in memory. What it brings back there is
// to be found again.
func TestWhatAnUndoBringsToMemoryCanLeaveAgain(t *testing.T) {
	coldest := core.Settings{MaxMemoryForCache: 4 << 20, SpillPolicy: core.SpillColdest}
	inBubble(t, coldest, func(b *bench) {
		a := b.allocate(2 << 20)
		h := newHistory(b, a, core.HistoryOptions{})
		b.configure(core.Settings{}) // the entry shall stay in memory
		b.write(a, picture(2<<20, 1), 0)
		b.is(h.Commit(ctx, ""), nil)
		b.is(a.MoveToDisk(ctx), nil)
		x := b.allocate(2 << 20)
		b.configure(coldest)
		turn := a.Turn()
		undone := later(func() error { _, err := h.GoTo(ctx, 0); return err })
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Apply))
		moved := later(func() error { return x.MoveToDisk(ctx) })
		var y *core.Allocation
		allocated := later(func() (err error) { y, err = b.Allocate(ctx, 3<<20); return err })
		if !waits(moved) || !waits(allocated) { // it has looked at everything that could leave
			b.Fatal("there is room")
		}
		close(release)
		b.is(<-moved, nil)
		b.is(<-allocated, nil)
		turn.GiveUp()
		b.is(<-undone, nil)
		if a.Medium() != core.Memory {
			b.Fatal("nothing was brought back")
		}
		y.Dispose()
		if z := b.allocate(7 << 19); z.Medium() != core.Memory {
			b.Error("no room was made for it")
		}
	})
}
