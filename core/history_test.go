package core_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
)

var whole = core.Rect{Width: 512, Height: 512}

// stroke paints a tile in one value.
func (b *bench) stroke(a *core.Allocation, x, y int64, value byte) {
	b.Helper()
	r := core.Rect{X: x * 256, Y: y * 256, Width: 256, Height: 256}
	b.is(a.WriteRect(ctx, r, bytes.Repeat([]byte{value}, 256*256*4)), nil)
}

// An entry of which the store has lost something is not gone to: the allocation stays as it is.
func TestEntriesThatAreLostAreNotGoneTo(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.surface(512, 512, 4)
		h := newHistory(b, a, core.HistoryOptions{})
		for i := byte(1); i <= 3; i++ { // each in a record of its own
			b.stroke(a, 0, 0, i)
			b.is(h.Commit(ctx, ""), nil)
			b.is(b.Flush(ctx), nil)
		}
		version := b.snapshot(a)
		b.disk.Lose(1)
		b.stroke(a, 0, 0, 4)
		b.is(b.Flush(ctx), nil)
		b.disk.Lose(3)
		for range 2 { // it is told once
			for _, move := range []func() error{
				func() error { _, err := h.GoTo(ctx, 1); return err },
				func() error { _, err := h.GoTo(ctx, 3); return err },
				func() error { return a.Restore(ctx, version) },
			} {
				b.is(move(), core.ErrLost)
				b.shows(a, "4 0 0 0")
			}
		}
		lost := 0
		for _, e := range b.events {
			if e.Kind == core.Lost {
				lost++
			}
		}
		if lost != 2 {
			b.Errorf("%d events", lost)
		}
		if did, err := h.Undo(ctx); !did || err != nil { // the one in the middle is there
			b.Error(did, err)
		}
		b.shows(a, "2 0 0 0")
		// A store that can't be asked has lost nothing.
		b.store.SetHook(drivertest.Fail(driver.ErrUnavailable, drivertest.Has))
		if _, err := h.GoTo(ctx, 0); err != nil {
			b.Error(err)
		}
		b.shows(a, "0 0 0 0")
	})
}

func (b *bench) shows(a *core.Allocation, want string) {
	b.Helper()
	p := make([]byte, 512*512*4)
	b.is(a.ReadRect(ctx, whole, p), nil)
	if got := fmt.Sprint(p[0], p[1024], p[512*256*4], p[len(p)-1]); got != want {
		b.Errorf("it shows %s, want %s", got, want)
	}
}

func newHistory(b *bench, a *core.Allocation, o core.HistoryOptions) *core.History {
	b.Helper()
	h, err := core.NewHistory(ctx, a, o)
	if err != nil {
		b.Fatal(err)
	}
	return h
}

func TestUndoAndRedo(t *testing.T) {
	for _, settings := range []core.Settings{{}, onDisk} {
		inBubble(t, settings, func(b *bench) {
			a := b.surface(512, 512, 4)
			h := newHistory(b, a, core.HistoryOptions{})
			for i := range int64(4) {
				b.stroke(a, i%2, i/2, byte(i+1))
				b.is(h.Commit(ctx, fmt.Sprint("stroke ", i)), nil)
			}
			b.shows(a, "1 2 3 4")
			step := func(call func() (bool, error), want bool) {
				b.Helper()
				if did, err := call(); err != nil || did != want {
					b.Errorf("%v, %v", did, err)
				}
			}
			undo := func() (bool, error) { return h.Undo(ctx) }
			redo := func() (bool, error) { return h.Redo(ctx) }
			step(redo, false)
			step(undo, true)
			step(undo, true)
			b.shows(a, "1 2 0 0")
			step(redo, true)
			b.shows(a, "1 2 3 0")
			entries := h.Entries()
			if len(entries) != 5 || !entries[3].Current || entries[3].Label != "stroke 2" || entries[4].Bytes != 0 {
				b.Errorf("%+v", entries)
			}
			// An edit after an undo frees what was undone.
			b.stroke(a, 0, 0, 9)
			held := b.Allocated(core.Memory) + b.Allocated(core.Disk)
			b.is(h.Commit(ctx, "other"), nil)
			step(redo, false)
			if now := b.Allocated(core.Memory) + b.Allocated(core.Disk); now != held-page {
				b.Errorf("%d bytes after %d", now, held)
			}
			for range 4 {
				step(undo, true)
			}
			step(undo, false)
			b.shows(a, "0 0 0 0")
			h.Dispose()
			if err := h.Commit(ctx, ""); err != core.ErrDisposed {
				b.Error(err)
			}
			_, err := h.Undo(ctx)
			b.is(err, core.ErrDisposed)
			if n := b.Allocated(core.Memory) + b.Allocated(core.Disk); n != 512*512*4 {
				b.Errorf("%d bytes are left", n)
			}
		})
	}
}

// What an entry shares with the surface does not count: it would be in memory as long as the surface is.
func TestTheMediumOfAnEntry(t *testing.T) {
	inBubble(t, core.Settings{MaxMemoryForCache: 5 * page, SpillPolicy: core.SpillColdest}, func(b *bench) {
		a := b.surface(512, 512, 4)
		h := newHistory(b, a, core.HistoryOptions{})
		for i := range int64(4) {
			b.stroke(a, i%2, i/2, byte(i+1))
			b.is(h.Commit(ctx, ""), nil)
		}
		b.is(b.Flush(ctx), nil)
		if a.Medium() != core.Memory {
			b.Error("the surface is on disk")
		}
		entries := h.Entries()
		for i, want := range []core.Medium{core.Disk, core.Disk, core.Disk} {
			if e := entries[i]; e.Medium != want || e.Bytes != page {
				b.Errorf("entry %d: %+v", i, e)
			}
		}
		if latest := entries[4]; latest.Medium != core.Memory {
			b.Errorf("%+v", latest)
		}
		b.counts(b.Allocated(core.Memory), 8*page-b.Allocated(core.Memory))
		h.Dispose()
	})
}

func TestUndoAskedForQuickly(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.surface(512, 512, 4)
		h := newHistory(b, a, core.HistoryOptions{})
		for i := range 4 {
			b.stroke(a, 0, 0, byte(i+1))
			b.is(h.Commit(ctx, ""), nil)
		}
		b.is(b.Flush(ctx), nil)
		turn := a.Turn() // nothing can go on
		var done []<-chan error
		for _, call := range []func() (bool, error){
			func() (bool, error) { return h.Undo(ctx) }, func() (bool, error) { return h.Undo(ctx) },
			func() (bool, error) { return h.Undo(ctx) }, func() (bool, error) { return h.Redo(ctx) },
			func() (bool, error) { return true, h.Commit(ctx, "") }, func() (bool, error) { return h.Undo(ctx) },
		} {
			done = append(done, later(func() error {
				if did, err := call(); err != nil || !did {
					return fmt.Errorf("%v, %w", did, err)
				}
				return nil
			}))
		}
		if !waits(done[0]) {
			b.Error("it did not wait for its turn")
		}
		b.is(turn.Flush(ctx, nil), nil)
		for _, d := range done {
			b.is(<-d, nil)
		}
		b.shows(a, "2 0 0 0")
		if entries := h.Entries(); len(entries) != 4 || !entries[2].Current {
			b.Errorf("%+v", entries)
		}
		h.Dispose()
	})
}

func TestABoundedHistory(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a, other := b.surface(512, 512, 4), b.surface(512, 512, 4)
		few := newHistory(b, a, core.HistoryOptions{MaxEntries: 2})
		small := newHistory(b, other, core.HistoryOptions{MaxBytes: 3 * page})
		for i := range 10 {
			b.stroke(a, 0, 0, byte(i+1))
			b.is(few.Commit(ctx, ""), nil)
			b.stroke(other, int64(i%2), 0, byte(i+1))
			b.stroke(other, int64(i%2), 1, byte(i+1))
			b.is(small.Commit(ctx, ""), nil)
		}
		if n := len(few.Entries()); n != 3 {
			b.Errorf("there are %d entries", n)
		}
		if n := len(small.Entries()); n != 2 {
			b.Errorf("there are %d entries", n)
		}
		b.counts(2*4*page+2*page+2*page, 0)
		few.Dispose()
		small.Dispose()
		b.counts(2*4*page, 0)
		if _, err := core.NewHistory(ctx, a, core.HistoryOptions{MaxBytes: -1}); !isArgument(err) {
			b.Error(err)
		}
		if _, err := core.NewHistory(ctx, a, core.HistoryOptions{MaxEntries: -1}); !isArgument(err) {
			b.Error(err)
		}
	})
}

func TestAnUndoReachesAcrossAResize(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.surface(512, 512, 4)
		h := newHistory(b, a, core.HistoryOptions{})
		b.stroke(a, 1, 1, 7)
		b.is(h.Commit(ctx, "paint"), nil)
		b.is(a.Resize(ctx, 100, 900), nil)
		b.is(h.Commit(ctx, "crop"), nil)
		if did, err := h.Undo(ctx); !did || err != nil {
			b.Fatal(did, err)
		}
		b.shows(a, "0 0 0 7")
		if did, err := h.Redo(ctx); !did || err != nil || a.Surface().Height != 900 {
			b.Fatal(did, err)
		}
		h.Dispose()
		b.counts(100*900*4, 0)
	})
}

func TestNeighboursAreReadAhead(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.surface(512, 512, 4)
		h := newHistory(b, a, core.HistoryOptions{})
		for i := range 5 {
			b.stroke(a, 0, 0, byte(i+1))
			b.is(h.Commit(ctx, ""), nil)
			b.is(a.MoveToDisk(ctx), nil)
			b.is(a.Flush(ctx), nil)
		}
		if did, err := h.Undo(ctx); !did || err != nil {
			b.Fatal(did, err)
		}
		b.settle()
		before := b.store.Counts().Gets
		if before == 0 {
			b.Error("nothing was read ahead")
		}
		if did, err := h.Undo(ctx); !did || err != nil {
			b.Fatal(did, err)
		}
		b.settle()
		before = b.store.Counts().Gets
		p := make([]byte, 256*256*4)
		b.is(a.ReadRect(ctx, core.Rect{Width: 256, Height: 256}, p), nil)
		if p[0] != 3 {
			b.Errorf("it shows %d", p[0])
		}
		if n := b.store.Counts().Gets - before; n != 0 {
			b.Errorf("%d records were fetched", n)
		}
		h.Dispose()
	})
}

// A history larger than memory: memory stays within its limit, and every state can be had again.
func TestAHistoryLargerThanMemory(t *testing.T) {
	const side, limit, strokes = 2048, 24 << 20, 60
	inBubble(t, core.Settings{MaxMemoryForCache: limit, SpillPolicy: core.SpillColdest}, func(b *bench) {
		a := b.surface(side, side, 4)
		h := newHistory(b, a, core.HistoryOptions{})
		at := func(i int) core.Rect {
			return core.Rect{X: int64(i*331) % (side - 300), Y: int64(i*577) % (side - 300), Width: 300, Height: 300}
		}
		before := make([][]byte, strokes)
		for i := range strokes {
			before[i] = make([]byte, 300*300*4)
			b.is(a.ReadRect(ctx, at(i), before[i]), nil)
			b.is(a.WriteRect(ctx, at(i), picture(300*300*4, byte(i))), nil)
			b.is(h.Commit(ctx, ""), nil)
		}
		s := b.Statistics()
		if s.Memory.PeakBytes > limit || a.Held(core.Disk) != 0 {
			b.Errorf("there were %d bytes in memory; the surface has %d on disk", s.Memory.PeakBytes, a.Held(core.Disk))
		}
		if s.Disk.AllocatedBytes < 40<<20 {
			b.Errorf("there are %d bytes on disk", s.Disk.AllocatedBytes)
		}
		got := make([]byte, 300*300*4)
		for i := strokes - 1; i >= 0; i-- {
			if did, err := h.Undo(ctx); !did || err != nil {
				b.Fatal(did, err)
			}
			b.is(a.ReadRect(ctx, at(i), got), nil)
			if !bytes.Equal(got, before[i]) {
				b.Fatalf("stroke %d is not undone", i)
			}
		}
		h.Dispose()
		if n := b.Allocated(core.Memory) + b.Allocated(core.Disk); n != side*side*4 {
			b.Errorf("%d bytes are left", n)
		}
		if n := b.Statistics().Memory.PeakBytes; n > limit {
			b.Errorf("there were %d bytes in memory", n)
		}
	})
}

// sum is how many bytes the entries hold.
func sum(entries []core.HistoryEntry) (n int64) {
	for _, e := range entries {
		n += e.Bytes
	}
	return n
}

// What was undone and painted over no longer counts, however often.
func TestTheBoundIsOfWhatThereIs(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.surface(512, 512, 4)
		h := newHistory(b, a, core.HistoryOptions{MaxBytes: 5 * page})
		for i := range 20 {
			for k := range int64(2) {
				b.stroke(a, k, 0, byte(i+1))
				b.stroke(a, k, 1, byte(i+1))
				b.is(h.Commit(ctx, ""), nil)
			}
			_, err := h.Undo(ctx)
			b.is(err, nil)
		}
		if entries := h.Entries(); sum(entries) != 4*page || len(entries) != 3 {
			b.Errorf("%+v", entries)
		}
		h.Dispose()
	})
}

func TestTheRevisionChangesWithTheEntriesAndOnlyThen(t *testing.T) {
	settings := core.Settings{MaxMemoryForCache: 32 * page, SpillPolicy: core.SpillColdest}
	inBubble(t, settings, func(b *bench) {
		a, other := b.surface(512, 512, 4), b.allocate(4*page)
		h := newHistory(b, a, core.HistoryOptions{MaxEntries: 3})
		revision, entries := h.Revision(), h.Entries()
		after := func(what string, changes bool) {
			b.Helper()
			r, now := h.Revision(), h.Entries()
			if same := slices.Equal(now, entries); same == changes {
				b.Fatalf("after %s the test is wrong: %+v", what, now)
			}
			if (r != revision) != changes {
				b.Errorf("after %s: %d, before %d", what, r, revision)
			}
			if again := h.Revision(); again != r {
				b.Errorf("after %s: %d, asked again %d", what, r, again)
			}
			revision, entries = r, now
		}
		after("nothing", false)
		for i := range 6 {
			b.stroke(a, 0, 0, byte(i+1))
			after("a write", false)
			b.is(h.Commit(ctx, fmt.Sprint(i)), nil)
			after("a commit", true)
		}
		_, _ = h.Undo(ctx)
		after("an undo", true)
		_, _ = h.Redo(ctx)
		after("a redo", true)
		_, _ = h.Redo(ctx)
		after("a redo of nothing", false)
		b.shows(a, "6 0 0 0")
		after("a read", false)
		b.is(other.MoveToDisk(ctx), nil)
		after("a move of something else", false)
		s := b.snapshot(a)
		b.stroke(a, 0, 0, 9)
		b.is(s.MoveToDisk(ctx), nil) // the latest state has the same pages
		after("a move of what the latest has", true)
		// The others go because of somebody who needs the room.
		full := b.allocate(30 * page)
		b.is(b.Flush(ctx), nil)
		after("a spill", true)
		full.Dispose()
		after("a disposal of something else", false)
		h.Dispose()
		after("its end", true)
	})
}

// An entry's bytes are in memory until the last of them has left.
func TestTheMediumOfAnEntryOfWhichAPartHasMoved(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.surface(512, 512, 4)
		h := newHistory(b, a, core.HistoryOptions{})
		paint := func() {
			for i := range int64(4) {
				b.stroke(a, i%2, i/2, 1)
			}
		}
		paint()
		b.is(h.Commit(ctx, ""), nil)
		b.configure(core.Settings{MaxMemoryForCache: 10 * page, SpillPolicy: core.SpillColdest})
		for n, want := range []core.Medium{core.Memory, core.Memory, core.Memory, core.Memory, core.Disk} {
			if e := h.Entries()[0]; e.Medium != want || e.Bytes != 4*page {
				b.Errorf("after %d of 4 pages: %+v", n, e)
			}
			if n == 4 {
				break
			}
			// What is coldest leaves one by one, the oldest first.
			b.configure(core.Settings{MaxMemoryForCache: b.Allocated(core.Memory), SpillPolicy: core.SpillColdest})
			b.allocate(page)
			b.is(b.Flush(ctx), nil)
			b.settle()
		}
		h.Dispose()
	})
}

func TestAThousandStates(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		const states = 1000
		a := b.surface(512, 512, 4)
		h := newHistory(b, a, core.HistoryOptions{MaxEntries: states})
		one := core.Rect{Width: 1, Height: 1}
		for i := range 3 * states {
			b.is(a.WriteRect(ctx, one, []byte{byte(i), 1, 2, 3}), nil)
			b.is(h.Commit(ctx, fmt.Sprint(i)), nil)
		}
		entries := h.Entries()
		if len(entries) != states+1 || sum(entries) != states*page || entries[0].Label != fmt.Sprint(2*states-1) || !entries[states].Current {
			b.Errorf("%d entries, %d bytes, the first is %+v", len(entries), sum(entries), entries[0])
		}
		b.counts(4*page+states*page, 0)
		h.Dispose()
		b.counts(4*page, 0)
	})
}

func TestGoTo(t *testing.T) {
	for _, settings := range []core.Settings{{}, onDisk} {
		inBubble(t, settings, func(b *bench) {
			a := b.surface(512, 512, 4)
			h := newHistory(b, a, core.HistoryOptions{})
			for i := range int64(4) {
				b.stroke(a, i%2, i/2, byte(i+1))
				b.is(h.Commit(ctx, ""), nil)
			}
			goTo := func(index int64, changes bool, shows string) {
				b.Helper()
				before := h.Revision()
				current := h.Entries()[index].Current
				if did, err := h.GoTo(ctx, index); err != nil || did != changes {
					b.Errorf("to %d: %v, %v", index, did, err)
				}
				b.shows(a, shows)
				if !h.Entries()[index].Current || (h.Revision() == before) != current {
					b.Errorf("to %d: %+v", index, h.Entries())
				}
			}
			goTo(4, false, "1 2 3 4")
			goTo(1, true, "1 0 0 0")
			goTo(3, true, "1 2 3 0")
			goTo(0, true, "0 0 0 0")
			goTo(0, false, "0 0 0 0")
			// What was written since is lost, also by going to where one is.
			b.stroke(a, 1, 1, 9)
			goTo(0, true, "0 0 0 0")
			goTo(0, false, "0 0 0 0")
			b.is(a.Resize(ctx, 100, 100), nil)
			goTo(0, true, "0 0 0 0")
			goTo(4, true, "1 2 3 4")
			for _, index := range []int64{-1, 5, core.MaxBytes} {
				b.stroke(a, 0, 0, 7)
				if _, err := h.GoTo(ctx, index); !isArgument(err) {
					b.Error(err)
				}
				b.shows(a, "7 2 3 4")
			}
			goTo(2, true, "1 2 0 0")
			b.stroke(a, 0, 0, 8)
			b.is(h.Commit(ctx, ""), nil)
			if n := len(h.Entries()); n != 4 {
				b.Errorf("there are %d entries", n)
			}
			// Two states with the same content are two states.
			b.is(h.Commit(ctx, ""), nil)
			goTo(3, true, "8 2 0 0")
			h.Dispose()
			_, err := h.GoTo(ctx, 0)
			b.is(err, core.ErrDisposed)
		})
	}
}

// An index is that of the entries that are there when the call's turn comes.
func TestGoToAskedForQuickly(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.surface(512, 512, 4)
		h := newHistory(b, a, core.HistoryOptions{MaxEntries: 3})
		turn := a.Turn() // nothing can go on
		var done []<-chan error
		stroke := func(value byte) {
			done = append(done,
				later(func() error {
					return a.WriteRect(ctx, core.Rect{Width: 256, Height: 256}, bytes.Repeat([]byte{value}, 256*256*4))
				}),
				later(func() error { return h.Commit(ctx, fmt.Sprint(value)) }))
		}
		goTo := func(index int64) <-chan error {
			return later(func() error {
				if did, err := h.GoTo(ctx, index); err != nil || !did {
					return fmt.Errorf("%v, %w", did, err)
				}
				return nil
			})
		}
		early := goTo(2)
		for i := range 5 {
			stroke(byte(i + 1))
		}
		done = append(done, goTo(0), goTo(2))
		if !waits(done[len(done)-1]) {
			b.Error("it did not wait for its turn")
		}
		b.is(turn.Flush(ctx, nil), nil)
		if err := <-early; !isArgument(err) {
			b.Error(err)
		}
		for _, d := range done {
			b.is(<-d, nil)
		}
		b.shows(a, "4 0 0 0")
		if entries := h.Entries(); len(entries) != 4 || !entries[2].Current || entries[2].Label != "4" {
			b.Errorf("%+v", entries)
		}
		h.Dispose()
	})
}

func TestNeighboursAreReadAheadOfWhereOneWent(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.surface(512, 512, 4)
		h := newHistory(b, a, core.HistoryOptions{})
		for i := range 8 {
			b.stroke(a, 0, 0, byte(i+1))
			b.is(h.Commit(ctx, ""), nil)
			b.is(a.MoveToDisk(ctx), nil)
			b.is(a.Flush(ctx), nil)
		}
		_, err := h.GoTo(ctx, 4)
		b.is(err, nil)
		b.settle()
		for _, to := range []int64{5, 3} {
			_, err := h.GoTo(ctx, to)
			b.is(err, nil)
			b.settle()
			before := b.store.Counts().Gets
			p := make([]byte, 256*256*4)
			b.is(a.ReadRect(ctx, core.Rect{Width: 256, Height: 256}, p), nil)
			if p[0] != byte(to) {
				b.Errorf("it shows %d", p[0])
			}
			if n := b.store.Counts().Gets - before; n != 0 {
				b.Errorf("to %d: %d records were fetched", to, n)
			}
		}
		h.Dispose()
	})
}
