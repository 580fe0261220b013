package core_test

import (
	"errors"
	"testing"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
)

func TestReallocate(t *testing.T) {
	const M, D = core.Memory, core.Disk
	inMemory, onDisk := core.CacheInMemoryOnly, core.CacheOnDiskOnly
	for _, test := range []struct {
		name     string
		settings core.Settings // before the call, but for the first allocation's place
		on       core.Medium
		from, to int
		want     core.Medium
		refused  bool
	}{
		{"it grows in place", core.Settings{}, M, 1000, 5000, M, false},
		{"it grows across pages", core.Settings{}, M, 1000, 3*core.PageSize + 1, M, false},
		{"it grows on disk", core.Settings{}, D, 1000, 3*core.PageSize + 1, D, false},
		{"it keeps its size", core.Settings{MaxMemoryForCache: 10, ExactReallocateOnly: true}, M, 1000, 1000, M, false},
		{"it shrinks, whatever the limit", core.Settings{MaxMemoryForCache: 10, ExactReallocateOnly: true}, M, 2*core.PageSize + 9, 700, M, false},
		{"it shrinks on disk, whatever the limit", core.Settings{MaxDiskSpaceForCache: 10, ExactReallocateOnly: true}, D, 2*core.PageSize + 9, 700, D, false},
		{"it shrinks to nothing", core.Settings{}, M, 1000, 0, M, false},
		{"it grows out of nothing", core.Settings{}, M, 0, 1000, M, false},
		{"not exact: past the limit of memory", core.Settings{MaxMemoryForCache: 1500}, M, 1000, 2000, M, false},
		{"not exact: past the limit of the disk", core.Settings{MaxDiskSpaceForCache: 1500}, D, 1000, 2000, D, false},
		{"not exact: past the limit with memory only", core.Settings{MaxMemoryForCache: 1500, CacheType: inMemory}, M, 1000, 2000, M, false},
		{"exact: up to the limit", core.Settings{MaxMemoryForCache: 1500, ExactReallocateOnly: true}, M, 1000, 1500, M, false},
		{"exact: past the limit it moves to disk", core.Settings{MaxMemoryForCache: 1500, ExactReallocateOnly: true}, M, 1000, 1501, D, false},
		{"exact: many pages move", core.Settings{MaxMemoryForCache: 10 << 20, ExactReallocateOnly: true}, M, 9<<20 + 77, 11<<20 + 5, D, false},
		{"exact: it moves under disk only too", core.Settings{MaxMemoryForCache: 1500, ExactReallocateOnly: true, CacheType: onDisk}, M, 1000, 2000, D, false},
		{"exact: it fits in memory under disk only", core.Settings{MaxMemoryForCache: 2000, ExactReallocateOnly: true, CacheType: onDisk}, M, 1000, 2000, M, false},
		{"exact: with memory only it is refused", core.Settings{MaxMemoryForCache: 1500, ExactReallocateOnly: true, CacheType: inMemory}, M, 1000, 2000, M, true},
		{"exact: it fits nowhere", core.Settings{MaxMemoryForCache: 1500, MaxDiskSpaceForCache: 1999, ExactReallocateOnly: true}, M, 1000, 2000, M, true},
		{"exact: past the limit of the disk", core.Settings{MaxDiskSpaceForCache: 1500, ExactReallocateOnly: true}, D, 1000, 1501, D, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, core.Settings{}, func(b *bench) {
				if test.on == D {
					b.configure(core.Settings{CacheType: onDisk})
				}
				a := b.allocate(int64(test.from))
				content := picture(test.from, 3)
				b.write(a, content, 0)
				b.configure(test.settings)
				err := a.Reallocate(ctx, int64(test.to))
				if test.refused {
					var full *core.FullError
					if !errors.As(err, &full) {
						b.Fatalf("got %v", err)
					}
					b.holds(a, test.on, content)
				} else {
					if err != nil {
						b.Fatal(err)
					}
					want := make([]byte, test.to)
					copy(want, content)
					b.holds(a, test.want, want)
				}
				held := [2]int64{}
				held[a.Medium()] = a.Size()
				b.counts(held[M], held[D])
				if s := b.Statistics(); a.Medium() == D && s.Memory.OccupiedBytes != 0 {
					b.Error("its memory was not freed")
				}
				if moved := test.on == M && test.want == D; moved != (b.told(core.Spill) == 1) {
					b.Errorf("%d events tell of a move", b.told(core.Spill))
				}
			})
		})
	}
}

func TestBytesThatWereCutOffDoNotComeBack(t *testing.T) {
	for _, c := range []core.CacheType{core.CacheInMemoryOnly, core.CacheOnDiskOnly} {
		for _, flush := range []bool{false, true} {
			t.Run(c.String(), func(t *testing.T) {
				inBubble(t, core.Settings{CacheType: c}, func(b *bench) {
					const n = core.PageSize + 50_000
					a := b.allocate(n)
					content := picture(n, 5)
					b.write(a, content, 0)
					if flush {
						if err := a.Flush(ctx); err != nil {
							b.Fatal(err)
						}
					}
					for _, cut := range []int{core.PageSize + 100, core.PageSize, 77} {
						for _, size := range []int{cut, n} {
							if err := a.Reallocate(ctx, int64(size)); err != nil {
								b.Fatal(err)
							}
						}
						clear(content[cut:])
						b.holds(a, a.Medium(), content)
						b.write(a, []byte{1}, n-2) // a page written in part takes the rest along
						content[n-2] = 1
						b.holds(a, a.Medium(), content)
					}
				})
			})
		}
	}
}

func TestAFailedMoveChangesNothing(t *testing.T) {
	exact := core.Settings{MaxMemoryForCache: 3 << 20, ExactReallocateOnly: true}
	for _, test := range []struct {
		name string
		hook drivertest.Hook
		want error
	}{
		{"the disk can't be opened", drivertest.Fail(errors.New("x"), drivertest.Open), driver.ErrUnavailable},
		{"storing fails", drivertest.Fail(errors.New("x"), drivertest.Apply), driver.ErrUnavailable},
		{"the quota is used up", drivertest.Fail(driver.ErrQuota, drivertest.Apply), driver.ErrQuota},
		{"there is no buffer", drivertest.Fail(errors.New("x"), drivertest.NewBuffer), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, exact, func(b *bench) {
				a := b.allocate(3 << 20)
				content := picture(3<<20, 9)
				b.write(a, content, 0)
				b.store.SetHook(test.hook)
				err := a.Reallocate(ctx, 4<<20)
				if err == nil {
					b.Fatal("it did not fail")
				}
				if test.want != nil {
					b.is(err, test.want)
				}
				b.counts(3<<20, 0)
				b.holds(a, core.Memory, content)
				b.store.SetHook(nil)
				if err := a.Reallocate(ctx, 4<<20); err != nil {
					b.Fatalf("afterwards it can't move: %v", err)
				}
				b.counts(0, 4<<20)
			})
		})
	}
}

// What was cut off does not come back when it grows again, also where there was no memory to make a shorter page.
func TestWhatWasCutOffWithoutMemoryDoesNotComeBack(t *testing.T) {
	for _, medium := range []core.Medium{core.Memory, core.Disk} {
		t.Run(medium.String(), func(t *testing.T) {
			withMachine(t, core.Settings{}, core.NewMachine(4<<20), func(b *bench) {
				a := b.allocate(2 * page)
				b.write(a, picture(2*page, 1), 0)
				b.snapshot(a)
				filler := b.allocate(14 * page)
				b.is(a.Reallocate(ctx, page+10), nil)
				if medium == core.Disk {
					b.is(a.MoveToDisk(ctx), nil)
				}
				filler.Dispose()
				b.is(a.Reallocate(ctx, 2*page), nil)
				b.holds(a, medium, append(picture(2*page, 1)[:page+10], make([]byte, page-10)...))
				if err := b.Check(); err != nil {
					b.Error(err)
				}
			})
		})
	}
}

// When a state with a page that could not be cut is restored, nothing is reserved, and not less than nothing.
func TestNothingIsReservedForWhatCouldNotBeCut(t *testing.T) {
	withMachine(t, core.Settings{}, core.NewMachine(4<<20), func(b *bench) {
		a := b.allocate(2 * page)
		b.write(a, picture(2*page, 1), 0)
		keep := b.snapshot(a)
		filler := b.allocate(14 * page)
		b.is(a.Reallocate(ctx, page+10), nil)
		h, err := core.NewHistory(ctx, a, core.HistoryOptions{})
		b.is(err, nil)
		b.is(a.Reallocate(ctx, page), nil)
		b.is(h.Commit(ctx, ""), nil)
		_, err = h.Undo(ctx)
		b.is(err, nil)
		if n := a.Held(core.Disk); n != 0 {
			t.Errorf("%d bytes are held on disk", n)
		}
		filler.Dispose()
		keep.Dispose()
		h.Dispose()
		b.is(a.Reallocate(ctx, 2*page), nil)
		if err := b.Check(); err != nil {
			t.Error(err)
		}
	})
}

// What is cut off gives back what was reserved for it, also behind a page that could not be cut.
func TestACutThatFailedLeavesNothingReserved(t *testing.T) {
	inBubble(t, core.Settings{CacheType: core.CacheOnDiskOnly}, func(b *bench) {
		a := b.allocate(4 * page)
		b.write(a, picture(page, 1), 2*page)
		b.snapshot(a)
		b.store.SetHook(drivertest.Fail(errBroken, drivertest.NewBuffer))
		b.is(a.Reallocate(ctx, 2*page+10), nil)
		b.is(a.Reallocate(ctx, page), nil)
		b.store.SetHook(nil)
		if n := a.Held(core.Disk); n != page {
			t.Errorf("%d bytes of %d are held", n, page)
		}
	})
}

// What was cut off does not come back when it grows again, also when its last page, which could not be cut, was written
// to meanwhile.
func TestWhatWasCutOffDoesNotComeBackAfterAWrite(t *testing.T) {
	for _, stored := range []bool{true, false} {
		withMachine(t, core.Settings{}, core.NewMachine(4<<20), func(b *bench) {
			a := b.allocate(2 * page)
			b.write(a, picture(2*page, 1), 0)
			b.snapshot(a)
			if stored {
				filler := b.allocate(14 * page)
				b.is(a.Reallocate(ctx, page+10), nil) // no memory for the copy
				b.is(a.MoveToDisk(ctx), nil)
				filler.Dispose()
			} else {
				b.is(a.MoveToDisk(ctx), nil)
				b.write(a, picture(2*page, 1), 0)
				b.snapshot(a)
				b.store.SetHook(drivertest.Fail(errBroken, drivertest.NewBuffer))
				b.is(a.Reallocate(ctx, page+10), nil) // no buffer
				b.store.SetHook(nil)
			}
			b.write(a, []byte{7, 7}, page)
			if err := b.Check(); err != nil {
				t.Error(err)
			}
			b.is(a.Reallocate(ctx, 2*page), nil)
			want := picture(2*page, 1)
			clear(want[page+10:])
			want[page], want[page+1] = 7, 7
			b.holds(a, core.Disk, want)
		})
	}
}
