package core_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
)

var dropOldest = core.HistoryOptions{WhenFull: core.DropOldest}

// labels are those of the entries, the current one in brackets.
func labels(h *core.History) string {
	var all []string
	for _, e := range h.Entries() {
		label := e.Label
		if e.Current {
			label = "[" + label + "]"
		}
		all = append(all, label)
	}
	return strings.Join(all, " ")
}

// dropped returns which labels were told to be dropped from a history, and how many bytes that has freed, and forgets
// all events.
func (b *bench) dropped(h *core.History) (labels string, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, e := range b.events {
		if e.Kind == core.HistoryDropped && e.History == h {
			all = append(all, e.Labels...)
			n += e.Bytes
		}
	}
	b.events = nil
	return strings.Join(all, " "), n
}

func (b *bench) says(h *core.History, want string) {
	b.Helper()
	if got := labels(h); got != want {
		b.Errorf("there are %s, want %s", got, want)
	}
}

// strokes paints a tile and commits it, from one label to another.
func (b *bench) strokes(a *core.Allocation, h *core.History, from, to int) {
	b.Helper()
	for i := from; i <= to; i++ {
		b.stroke(a, 0, 0, byte(i))
		b.is(h.Commit(ctx, fmt.Sprint(i)), nil)
	}
}

func TestPaintingGoesOnWithAFullCache(t *testing.T) {
	for name, settings := range map[string]core.Settings{
		"memory":              {CacheType: core.CacheInMemoryOnly, MaxMemoryForCache: 7 * page},
		"disk":                {CacheType: core.CacheOnDiskOnly, MaxDiskSpaceForCache: 7 * page},
		"both":                {MaxMemoryForCache: 5 * page, MaxDiskSpaceForCache: 2 * page},
		"both, coldest moves": {MaxMemoryForCache: 5 * page, MaxDiskSpaceForCache: 2 * page, SpillPolicy: core.SpillColdest},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, settings, func(b *bench) {
				a := b.surface(512, 512, 4)
				for i := range int64(4) {
					b.stroke(a, i%2, i/2, 100)
				}
				h := newHistory(b, a, dropOldest)
				b.strokes(a, h, 1, 3)
				if got, _ := b.dropped(h); got != "" {
					b.Errorf("%q were dropped while there was room", got)
				}
				for i := 4; i <= 20; i++ {
					b.stroke(a, 0, 0, byte(i))
					b.settle()
					// The first one is what there was at the beginning: it has no label.
					want := ""
					if i > 4 {
						want = fmt.Sprint(i - 4)
					}
					if got, n := b.dropped(h); got != want || n != page {
						b.Errorf("stroke %d: %q were dropped, %d bytes", i, got, n)
					}
					if i%2 == 0 { // the second stroke of a state is in a page of its own
						b.stroke(a, 0, 0, byte(i))
					}
					b.is(h.Commit(ctx, fmt.Sprint(i)), nil)
					if n := b.Allocated(core.Memory) + b.Allocated(core.Disk); n != 7*page {
						b.Errorf("stroke %d: there are %d bytes", i, n)
					}
				}
				b.says(h, "17 18 19 [20]")
				for i := 19; i >= 17; i-- {
					_, err := h.Undo(ctx)
					b.is(err, nil)
					b.shows(a, fmt.Sprint(i, " 100 100 100"))
				}
				h.Dispose()
				b.settle()
				if n := b.Allocated(core.Memory) + b.Allocated(core.Disk); n != 4*page {
					b.Errorf("%d bytes are left", n)
				}
				a.Dispose()
				b.counts(0, 0)
			})
		})
	}
}

func TestByDefaultAWriteIsRefused(t *testing.T) {
	inBubble(t, core.Settings{CacheType: core.CacheInMemoryOnly, MaxMemoryForCache: 7 * page}, func(b *bench) {
		a, other := b.surface(256, 256, 4), b.surface(512, 256, 4)
		h, yields := newHistory(b, a, core.HistoryOptions{}), newHistory(b, other, dropOldest)
		one := core.Rect{Width: 256, Height: 256}
		pixels := make([]byte, page)
		for range 2 {
			b.is(a.WriteRect(ctx, one, pixels), nil)
			b.is(h.Commit(ctx, ""), nil)
			b.is(other.WriteRect(ctx, one, pixels), nil)
			b.is(yields.Commit(ctx, ""), nil)
		}
		// Who has not asked for it does not get it, although another history would yield.
		b.full(a.WriteRect(ctx, one, pixels), core.Memory, page, 7*page, 7*page, core.ByLimit)
		if n, m := len(h.Entries()), len(yields.Entries()); n != 3 || m != 3 || b.told(core.HistoryDropped) != 0 {
			b.Errorf("there are %d and %d entries", n, m)
		}
		// And a history that has not asked for it keeps its entries.
		b.is(other.WriteRect(ctx, one, pixels), nil)
		if n, m := len(h.Entries()), len(yields.Entries()); n != 3 || m != 2 {
			b.Errorf("there are %d and %d entries", n, m)
		}
		b.counts(7*page, 0)
	})
}

// A call that can't wait has no other way than this one.
func TestWritesAtOnceMakeEntriesGiveWay(t *testing.T) {
	for _, cacheType := range []core.CacheType{core.CacheInMemoryOnly, core.Auto} {
		inBubble(t, core.Settings{CacheType: cacheType, MaxMemoryForCache: 7 * page}, func(b *bench) {
			a := b.surface(512, 512, 4)
			h := newHistory(b, a, dropOldest)
			b.strokes(a, h, 1, 3)
			r := core.Rect{Width: 256, Height: 256}
			// The try does nothing: who can wait may find another way.
			b.full(a.AccessRect(r, core.ForReplacing), core.Memory, page, 7*page, 7*page, core.ByLimit)
			b.says(h, " 1 2 [3]")
			b.is(a.ClaimRect(r, core.ForWriting), nil)
			b.is(a.AccessRect(r, core.ForReplacing), nil)
			b.says(h, "1 2 [3]")
			if got, n := b.dropped(h); got != "" || n != page {
				b.Errorf("%q, %d bytes", got, n)
			}
			b.counts(7*page, 0)
			// Two pages of bytes, of which one is shared.
			h.Dispose()
			bytes := b.allocate(2 * page)
			k := newHistory(b, bytes, dropOldest)
			b.write(bytes, picture(10, 1), 0)
			b.is(k.Commit(ctx, "x"), nil)
			b.counts(7*page, 0)
			if _, err := bytes.Access(0, 10, core.ForWriting); !isFull(err) {
				b.Error(err)
			}
			b.is(bytes.Claim(0, 10, core.ForWriting), nil)
			b.says(k, "[x]")
			b.is(bytes.Claim(0, 20, core.ForReading), nil)
			b.full(bytes.Claim(page, 10, core.ForWriting), core.Memory, page, 7*page, 7*page, core.ByLimit)
			b.says(k, "[x]")
		})
	}
}

func TestTheOldestOfAllHistoriesGoesFirst(t *testing.T) {
	inBubble(t, core.Settings{CacheType: core.CacheInMemoryOnly, MaxMemoryForCache: 12 * page}, func(b *bench) {
		a, other := b.surface(512, 512, 4), b.surface(512, 512, 4)
		h, k := newHistory(b, a, dropOldest), newHistory(b, other, dropOldest)
		b.strokes(other, k, 1, 2)
		b.strokes(a, h, 1, 2)
		b.counts(12*page, 0)
		b.strokes(a, h, 3, 3)
		if got := labels(h) + ", " + labels(k); got != "1 2 [3],  1 [2]" {
			b.Error(got)
		}
		b.strokes(a, h, 4, 4)
		b.strokes(a, h, 5, 5)
		if got := labels(h) + ", " + labels(k); got != "1 2 3 4 [5], [2]" {
			b.Error(got)
		}
		b.strokes(other, k, 3, 3)
		if got := labels(h) + ", " + labels(k); got != "2 3 4 [5], 2 [3]" {
			b.Error(got)
		}
		b.counts(12*page, 0)
	})
}

// Two histories of one allocation share what they have: only what both give up is free.
func TestTwoHistoriesOfOneAllocation(t *testing.T) {
	inBubble(t, core.Settings{CacheType: core.CacheInMemoryOnly, MaxMemoryForCache: 7 * page}, func(b *bench) {
		a := b.surface(512, 512, 4)
		h, k := newHistory(b, a, dropOldest), newHistory(b, a, dropOldest)
		for i := 1; i <= 3; i++ {
			b.stroke(a, 0, 0, byte(i))
			b.is(h.Commit(ctx, fmt.Sprint(i)), nil)
			b.is(k.Commit(ctx, fmt.Sprint(i)), nil)
		}
		b.stroke(a, 0, 0, 4)
		if got := labels(h) + ", " + labels(k); got != "1 2 [3], 1 2 [3]" {
			b.Error(got)
		}
		b.counts(7*page, 0)
		h.Dispose()
		b.stroke(a, 1, 0, 4)
		b.says(k, "2 [3]")
	})
}

func TestNothingIsDroppedInVain(t *testing.T) {
	settings := core.Settings{CacheType: core.CacheInMemoryOnly, MaxMemoryForCache: 7 * page}
	t.Run("what others hold", func(t *testing.T) {
		inBubble(t, settings, func(b *bench) {
			a := b.surface(512, 512, 4)
			h := newHistory(b, a, dropOldest)
			var held []*core.Allocation
			for i := 1; i <= 3; i++ {
				held = append(held, b.snapshot(a))
				b.strokes(a, h, i, i)
			}
			b.full(a.WriteRect(ctx, core.Rect{Width: 1, Height: 1}, make([]byte, 4)), core.Memory, page, 7*page, 7*page, core.ByLimit)
			b.says(h, " 1 2 [3]")
			// The first two would go for the sake of the second.
			held[1].Dispose()
			b.stroke(a, 0, 0, 4)
			b.says(h, "2 [3]")
			if got, n := b.dropped(h); got != " 1" || n != page {
				b.Errorf("%q, %d bytes", got, n)
			}
			b.counts(7*page, 0)
		})
	})
	t.Run("what is not enough", func(t *testing.T) {
		inBubble(t, settings, func(b *bench) {
			a := b.surface(512, 512, 4)
			h := newHistory(b, a, dropOldest)
			b.strokes(a, h, 1, 3)
			// A copy of all four tiles: there are three to be had.
			if err := a.WriteRect(ctx, whole, make([]byte, 4*page)); !isFull(err) {
				b.Error(err)
			}
			b.says(h, " 1 2 [3]")
			b.shows(a, "3 0 0 0")
			if b.told(core.HistoryDropped) != 0 {
				b.Error("it was told")
			}
			b.counts(7*page, 0)
			// All three go for three.
			b.is(a.WriteRect(ctx, core.Rect{Width: 512, Height: 256}, make([]byte, 2*page)), nil)
			b.says(h, "2 [3]")
		})
	})
	t.Run("what makes no difference", func(t *testing.T) {
		inBubble(t, settings, func(b *bench) {
			older, a := b.surface(256, 256, 4), b.surface(512, 256, 4)
			k, h := newHistory(b, older, dropOldest), newHistory(b, a, dropOldest)
			s := b.snapshot(older)
			one := core.Rect{Width: 256, Height: 256}
			b.is(older.WriteRect(ctx, one, make([]byte, page)), nil)
			b.is(k.Commit(ctx, "x"), nil)
			for i := range 3 {
				b.is(a.WriteRect(ctx, one, bytes.Repeat([]byte{byte(i)}, page)), nil)
				b.is(h.Commit(ctx, fmt.Sprint(i)), nil)
			}
			b.counts(7*page, 0)
			b.is(a.WriteRect(ctx, one, make([]byte, page)), nil)
			b.says(k, " [x]")
			b.says(h, "0 1 [2]")
			s.Dispose()
			b.counts(7*page, 0) // the history has it
		})
	})
	t.Run("what there is room for besides", func(t *testing.T) {
		roomy := settings
		roomy.MaxMemoryForCache += page
		inBubble(t, roomy, func(b *bench) {
			a := b.surface(512, 512, 4)
			h := newHistory(b, a, dropOldest)
			b.strokes(a, h, 1, 3)
			b.is(a.WriteRect(ctx, core.Rect{Width: 512, Height: 256}, make([]byte, 2*page)), nil)
			b.says(h, "1 2 [3]") // two tiles are copied, one of them where there was room
			b.counts(8*page, 0)
		})
	})
	t.Run("what is on the other medium", func(t *testing.T) {
		inBubble(t, core.Settings{}, func(b *bench) {
			a := b.surface(512, 512, 4)
			h := newHistory(b, a, dropOldest)
			b.strokes(a, h, 1, 2)
			b.is(a.MoveToDisk(ctx), nil)
			b.counts(2*page, 4*page)
			b.configure(core.Settings{MaxDiskSpaceForCache: 4 * page})
			b.full(a.WriteRect(ctx, core.Rect{Width: 1, Height: 1}, make([]byte, 4)), core.Disk, page, 4*page, 4*page, core.ByLimit)
			b.says(h, " 1 [2]")
			b.configure(core.Settings{MaxDiskSpaceForCache: 5 * page})
			b.strokes(a, h, 3, 3)
			b.says(h, " 1 2 [3]")
			b.stroke(a, 0, 0, 4) // what it needs has the youngest of those that may go
			b.says(h, "[3]")
			b.counts(0, 5*page)
		})
	})
}

// What was undone goes last, the farthest first; the current state never.
func TestWhatWasUndoneGoesLast(t *testing.T) {
	inBubble(t, core.Settings{CacheType: core.CacheInMemoryOnly, MaxMemoryForCache: 8 * page}, func(b *bench) {
		a := b.surface(512, 512, 4)
		h := newHistory(b, a, dropOldest)
		b.strokes(a, h, 1, 4)
		b.counts(8*page, 0)
		if _, err := h.GoTo(ctx, 1); err != nil {
			b.Fatal(err)
		}
		b.stroke(a, 1, 0, 9)
		b.says(h, "[1] 2 3 4")
		b.stroke(a, 0, 1, 9)
		b.says(h, "[1] 2 3")
		b.stroke(a, 1, 1, 9)
		b.says(h, "[1] 2")
		if got, n := b.dropped(h); got != " 4 3" || n != 3*page {
			b.Errorf("%q, %d bytes", got, n)
		}
		if e := h.Entries()[1]; e.Bytes != 0 {
			b.Errorf("the latest is said to hold %d bytes alone", e.Bytes)
		}
		if did, err := h.Redo(ctx); !did || err != nil {
			b.Error(did, err)
		}
		b.shows(a, "2 0 0 0")
		h.Dispose()
		b.counts(4*page, 0)
	})
}

// A drop is of the write, so it can come between calls on the history that wait; what they mean is found out when
// their turn has come.
func TestADropComesBetweenCallsThatWait(t *testing.T) {
	inBubble(t, core.Settings{CacheType: core.CacheInMemoryOnly, MaxMemoryForCache: 7 * page}, func(b *bench) {
		a := b.surface(512, 512, 4)
		h := newHistory(b, a, dropOldest)
		b.strokes(a, h, 1, 3)
		turn := a.Turn() // nothing can go on
		write := later(func() error { return a.WriteRect(ctx, core.Rect{Width: 1, Height: 1}, []byte{8, 8, 8, 8}) })
		back := later(func() error {
			did, err := h.Undo(ctx)
			if !did {
				b.Error("there was nothing to undo")
			}
			return err
		})
		gone := later(func() error { _, err := h.GoTo(ctx, 3); return err })
		if !waits(write) || !waits(back) || !waits(gone) {
			b.Error("they do not wait")
		}
		turn.GiveUp()
		b.is(<-write, nil)
		b.is(<-back, nil)
		if err := <-gone; !isArgument(err) { // there are three now
			b.Error(err)
		}
		b.says(h, "1 [2] 3")
		b.shows(a, "2 0 0 0")
	})
}

// When the store's own quota is used up, what waits can't be stored until records are deleted.
func TestEntriesGiveWayToTheQuota(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.surface(512, 512, 4)
		h := newHistory(b, a, dropOldest)
		for i := 1; i <= 4; i++ {
			b.strokes(a, h, i, i)
			b.is(b.Flush(ctx), nil)
		}
		b.store.SetHook(func(c drivertest.Call) (f drivertest.Fault) {
			if c.Op == drivertest.Apply && len(c.Puts) > 0 && b.disk.Records() >= 4 {
				f.Err = driver.ErrQuota
			}
			return f
		})
		b.stroke(a, 0, 0, 5)
		timePasses() // storing it fails
		b.stroke(a, 1, 0, 6)
		timePasses()
		if got := labels(h); strings.HasPrefix(got, " ") || !strings.HasSuffix(got, "[4]") {
			b.Errorf("there are %q", got)
		}
		b.shows(a, "5 6 0 0")
		b.store.SetHook(nil)
		b.is(a.Flush(ctx), nil)
	})
}

// While the store is asked for a state, others may go to make room. The one that is meant stays the same.
func TestGoToMeansTheEntryOfItsTurn(t *testing.T) {
	settings := core.Settings{CacheType: core.CacheOnDiskOnly, MaxDiskSpaceForCache: 7 * page}
	inBubble(t, settings, func(b *bench) {
		a, other := b.surface(512, 512, 4), b.surface(256, 256, 4)
		h, ho := newHistory(b, a, dropOldest), newHistory(b, other, dropOldest)
		b.strokes(a, h, 1, 3)
		b.stroke(other, 0, 0, 1)
		b.is(ho.Commit(ctx, ""), nil)
		b.is(b.Flush(ctx), nil)
		b.says(h, " 1 2 [3]")
		release := make(chan struct{})
		b.store.SetHook(drivertest.Block(release, drivertest.Has))
		gone := later(func() error { _, err := h.GoTo(ctx, 2); return err })
		if !waits(gone) {
			b.Error("the store is not asked")
		}
		b.stroke(other, 0, 0, 2) // for which there is no room
		b.says(h, "2 [3]")
		close(release)
		b.is(<-gone, nil)
		b.says(h, "[2] 3")
		b.shows(a, "2 0 0 0")
	})
}

// A refusal that is not about room in the cache frees nothing.
func TestOtherRefusalsDropNothing(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.surface(512, 512, 4)
		h := newHistory(b, a, dropOldest)
		b.strokes(a, h, 1, 3)
		no := &core.FullError{Medium: core.Memory, Requested: page, Reason: core.ByMemory}
		err := a.Turn().WriteRect(ctx, core.Rect{Width: 256, Height: 256}, unreadable{make(driver.Bytes, page), no}, 0, nil)
		b.is(err, no)
		b.says(h, " 1 2 [3]")
		b.shows(a, "3 0 0 0")
	})
}

// unreadable is a source that fails.
type unreadable struct {
	driver.Bytes
	why error
}

func (u unreadable) ReadAt([]byte, int) error { return u.why }

// After a failure a transaction only deletes. When that fails as well, entries that free nothing are no help.
func TestNoRoomEvenToDelete(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(60 << 20)
		h := newHistory(b, a, dropOldest)
		other := b.allocate(1000)
		b.write(other, picture(1000, 1), 0)
		b.is(b.Flush(ctx), nil)
		b.store.SetHook(drivertest.Fail(driver.ErrQuota, drivertest.Apply))
		other.Dispose() // a record to delete
		timePasses()
		refused := false
		for off := int64(0); off < a.Size(); off += 1 << 20 {
			err := a.WriteAt(ctx, picture(1<<20, 1), off)
			if full := (*core.FullError)(nil); errors.As(err, &full) {
				refused = true
				if full.Reason != core.ByQuota || full.Requested == 0 {
					b.Errorf("the refusal is %v", full)
				}
			} else {
				b.is(err, nil)
			}
		}
		if !refused {
			b.Error("all of it has found room")
		}
		b.says(h, "[]")
		b.store.SetHook(nil)
		b.is(b.Flush(ctx), nil)
	})
}
