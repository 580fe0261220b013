package core_test

import (
	"bytes"
	"errors"
	"testing"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
)

const page = core.PageSize

func TestASnapshotHasTheContentOfItsMoment(t *testing.T) {
	for _, test := range []struct {
		name     string
		settings core.Settings
		medium   core.Medium
		flush    bool
	}{
		{"in memory", core.Settings{}, core.Memory, false},
		{"waiting to be stored", onDisk, core.Disk, false},
		{"stored", onDisk, core.Disk, true},
	} {
		for _, first := range []string{"the snapshot", "the original"} {
			t.Run(test.name+", "+first+" goes first", func(t *testing.T) {
				inBubble(t, test.settings, func(b *bench) {
					const n = 3*page + 1000
					a := b.allocate(n)
					content := picture(n, 1)
					b.write(a, content, 0)
					if test.flush {
						b.is(a.Flush(ctx), nil)
					}
					s := b.snapshot(a)
					again := b.snapshot(s)
					held := func(bytes int64) {
						b.Helper()
						if test.medium == core.Memory {
							b.counts(bytes, 0)
						} else {
							b.counts(0, bytes)
						}
					}
					held(n)
					if a.Role() != core.RoleWorking || s.Role() != core.RoleHistory || again.Role() != core.RoleHistory {
						b.Error("the roles are wrong")
					}
					if s.Held(test.medium) != n {
						b.Errorf("the snapshot holds %d", s.Held(test.medium))
					}
					changed := bytes.Clone(content)
					b.write(a, []byte("new"), page-1) // two pages
					copy(changed[page-1:], "new")
					held(n + 2*page)
					b.write(a, []byte("newer"), page-1) // the same two, its own by now
					copy(changed[page-1:], "newer")
					held(n + 2*page)
					b.write(s, []byte("old"), 3*page+5) // a snapshot may be written too
					snapped := bytes.Clone(content)
					copy(snapped[3*page+5:], "old")
					held(n + 2*page + 1000)
					b.holds(a, test.medium, changed)
					b.holds(s, test.medium, snapped)
					b.holds(again, test.medium, content)
					again.Dispose()
					held(n + 2*page + 1000)
					if first == "the snapshot" {
						s.Dispose()
						held(n)
						b.holds(a, test.medium, changed)
						a.Dispose()
					} else {
						a.Dispose()
						held(n)
						b.holds(s, test.medium, snapped)
						s.Dispose()
					}
					held(0)
				})
			})
		}
	}
}

func TestASnapshotTakesItsTurn(t *testing.T) {
	for _, settings := range []core.Settings{{}, onDisk} {
		inBubble(t, settings, func(b *bench) {
			a := b.allocate(4)
			before, snap, after := a.Turn(), a.Turn(), a.Turn()
			var s *core.Allocation
			taken := later(func() (err error) { s, err = snap.Snapshot(ctx); return err })
			written := later(func() error { return after.Write(ctx, driver.Bytes("zz"), 0, nil) })
			a.Dispose() // which is called last of all
			b.is(before.Write(ctx, driver.Bytes("abcd"), 0, nil), nil)
			b.is(<-taken, nil)
			b.is(<-written, nil)
			b.holds(s, s.Medium(), []byte("abcd"))
			if m := s.Medium(); s.Held(m) != 4 || b.Allocated(m) != 4 {
				b.Error("what outlives its original does not count")
			}
			_, err := a.Snapshot(ctx)
			b.is(err, core.ErrDisposed)
			s.Dispose()
			b.counts(0, 0)
		})
	}
}

func TestSnapshotsAskForNoRoom(t *testing.T) {
	inBubble(t, core.Settings{MaxMemoryForCache: 2 * page}, func(b *bench) {
		a := b.allocate(2 * page)
		b.configure(core.Settings{MaxMemoryForCache: 1, MaxDiskSpaceForCache: 1})
		occupied := b.Statistics().Memory.OccupiedBytes
		for range 100 {
			b.snapshot(a)
		}
		b.counts(2*page, 0)
		if s := b.Statistics().Memory; s.OccupiedBytes != occupied || s.Allocations != 101 {
			b.Errorf("%+v", s)
		}
	})
}

func TestBytesThatWereNeverWritten(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(4 * page)
		s := b.snapshot(a)
		b.counts(0, 4*page) // all of it the original's
		if s.Held(core.Disk) != 0 {
			b.Error("holes are reserved twice")
		}
		b.configure(core.Settings{CacheType: core.CacheOnDiskOnly, MaxDiskSpaceForCache: 5 * page})
		b.write(a, picture(4*page, 1), 0)
		b.counts(0, 4*page)
		b.write(s, []byte("x"), 0)
		b.counts(0, 5*page)
		b.full(s.WriteAt(ctx, []byte("x"), page), core.Disk, page, 5*page, 5*page, core.ByLimit)
		want := make([]byte, 4*page)
		want[0] = 'x'
		b.holds(s, core.Disk, want)
		b.counts(0, 5*page)
		a.Dispose()
		b.counts(0, page)
	})
}

func TestAPageOnDiskThatIsSharedNeedsRoomToBeWritten(t *testing.T) {
	inBubble(t, core.Settings{CacheType: core.CacheOnDiskOnly, MaxDiskSpaceForCache: 3 * page}, func(b *bench) {
		a := b.allocate(2 * page)
		content := picture(2*page, 1)
		b.write(a, content, 0)
		s := b.snapshot(a)
		b.full(a.WriteAt(ctx, content[:page+1], 7), core.Disk, 2*page, 2*page, 3*page, core.ByLimit)
		b.holds(a, core.Disk, content)
		b.counts(0, 2*page)
		b.write(a, []byte("x"), 0)
		b.counts(0, 3*page)
		b.holds(s, core.Disk, content)
		b.is(b.Flush(ctx), nil)
		s.Dispose()
		b.counts(0, 2*page)
		content[0] = 'x'
		b.holds(a, core.Disk, content)
	})
}

// shared is a full memory with one allocation and a snapshot of it.
func shared(b *bench, pages int) (a, s *core.Allocation, content []byte) {
	b.Helper()
	a = b.allocate(int64(pages) * page)
	content = picture(pages*page, 1)
	b.write(a, content, 0)
	return a, b.snapshot(a), content
}

func TestACopyThatDoesNotFit(t *testing.T) {
	full := core.Settings{MaxMemoryForCache: 4 * page}

	t.Run("the old page goes to disk and the new one is written in place", func(t *testing.T) {
		inBubble(t, full, func(b *bench) {
			a, s, content := shared(b, 3)
			b.write(a, []byte("one"), 5)
			b.counts(4*page, 0)
			b.write(a, []byte("two"), 2*page-1) // the second and the third page
			b.counts(4*page, 2*page)
			if told := b.spills(); len(told) != 1 || told[0].Bytes != 2*page || told[0].Why != core.WhyCopy || told[0].Allocation != s {
				b.Errorf("%+v", told)
			}
			b.holds(s, core.Memory, content) // one page of it is
			b.is(b.Flush(ctx), nil)
			b.holds(s, core.Memory, content)
			copy(content[5:], "one")
			copy(content[2*page-1:], "two")
			b.holds(a, core.Memory, content)
			s.Dispose()
			b.counts(3*page, 0)
		})
	})
	t.Run("in memory only it is refused", func(t *testing.T) {
		inBubble(t, core.Settings{MaxMemoryForCache: 4 * page, CacheType: core.CacheInMemoryOnly}, func(b *bench) {
			a, s, content := shared(b, 3)
			b.full(a.WriteAt(ctx, content[:page+1], 5), core.Memory, page, 4*page, 4*page, core.ByLimit)
			b.counts(3*page, 0)
			b.holds(a, core.Memory, content)
			b.holds(s, core.Memory, content)
		})
	})
	t.Run("with the disk full too it is refused", func(t *testing.T) {
		inBubble(t, core.Settings{MaxMemoryForCache: 3 * page, MaxDiskSpaceForCache: page + 5}, func(b *bench) {
			a, s, content := shared(b, 3)
			err := a.WriteAt(ctx, picture(page+1, 2), 5)
			b.full(b.full(err, core.Disk, 2*page, 0, page+5, core.ByLimit).Cause, core.Memory, page, 3*page, 3*page, core.ByLimit)
			b.counts(3*page, 0)
			b.holds(a, core.Memory, content)
			b.holds(s, core.Memory, content)
		})
	})
	t.Run("without a disk it is refused", func(t *testing.T) {
		inBubble(t, core.Settings{MaxMemoryForCache: 3 * page}, func(b *bench) {
			a, s, content := shared(b, 3)
			b.store.SetHook(drivertest.Fail(errBroken, drivertest.Open))
			err := a.WriteAt(ctx, picture(page+1, 2), 5)
			b.is(b.full(err, core.Memory, page, 3*page, 3*page, core.ByLimit).Cause, driver.ErrUnavailable)
			b.counts(3*page, 0)
			b.holds(a, core.Memory, content)
			b.holds(s, core.Memory, content)
		})
	})
	t.Run("while storing fails and the bound is reached it is refused", func(t *testing.T) {
		inBubble(t, core.Settings{MaxMemoryForCache: 40 << 20}, func(b *bench) {
			a, s, content := shared(b, 160)
			b.store.SetHook(drivertest.Fail(errBroken, drivertest.Apply))
			err := a.WriteAt(ctx, picture(40<<20, 2), 0)
			b.is(b.full(err, core.Memory, page, 40<<20, 40<<20, core.ByLimit).Cause, errBroken)
			b.counts(40<<20, 0)
			b.holds(a, core.Memory, content)
			b.store.SetHook(nil)
			after := picture(40<<20, 2)
			b.write(a, after, 0)
			b.counts(40<<20, 40<<20)
			b.holds(a, core.Memory, after)
			b.holds(s, core.Disk, content)
		})
	})
	t.Run("without memory in the machine it is the same", func(t *testing.T) {
		withMachine(t, core.Settings{}, core.NewMachine(4<<20), func(b *bench) {
			a, s, content := shared(b, 16)
			b.write(a, []byte("x"), 3*page)
			b.counts(4<<20, page)
			b.holds(s, core.Memory, content) // but for one page
			content[3*page] = 'x'
			b.holds(a, core.Memory, content)
		})
	})
	t.Run("a source that fails leaves everything as it was", func(t *testing.T) {
		inBubble(t, core.Settings{}, func(b *bench) {
			a, s, content := shared(b, 3)
			b.is(a.Turn().Write(ctx, failing{make(driver.Bytes, 2*page)}, 5, nil), errBroken)
			b.counts(3*page, 0)
			b.holds(a, core.Memory, content)
			b.holds(s, core.Memory, content)
		})
	})
}

type failing struct{ driver.Bytes }

func (f failing) ReadAt(p []byte, off int) error {
	if off > page {
		return errBroken
	}
	return f.Bytes.ReadAt(p, off)
}

func TestWritingAtOnceToSharedPages(t *testing.T) {
	inBubble(t, core.Settings{MaxMemoryForCache: 4 * page}, func(b *bench) {
		a, s, content := shared(b, 3)
		if _, err := a.Access(0, 3*page, core.ForReading); err != nil {
			b.Error(err)
		}
		b.counts(3*page, 0)
		_, err := a.Access(page-1, 2, core.ForWriting)
		b.full(err, core.Memory, page, 4*page, 4*page, core.ByLimit)
		b.counts(3*page, 0)
		p, err := a.Access(page, 10, core.ForWriting)
		b.is(err, nil)
		copy(p, "abc")
		b.counts(4*page, 0)
		b.holds(s, core.Memory, content)
		copy(content[page:], "abc")
		b.holds(a, core.Memory, content)

		// What lies on both media can be had where it is in memory.
		b.write(a, []byte("x"), 0)
		b.is(access(s, page, page), nil)
		b.is(access(s, page-1, 2), core.ErrNotInMemory)
		b.is(access(a, 0, 3*page), nil)
		if s.Medium() != core.Memory || s.Held(core.Disk) != page || s.Held(core.Memory) != 2*page {
			b.Errorf("it has %d and %d", s.Held(core.Memory), s.Held(core.Disk))
		}
	})
}

// What is going to be replaced is not copied; all else is, whatever the blocks held that the copies lie in.
func TestReplacingAtOnceWhatIsShared(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		const size = 2*page + 1000
		rest := func(p []byte, off, n int) []byte { return append(bytes.Clone(p[:off]), p[off+n:]...) }
		for _, purpose := range []core.Purpose{core.ForWriting, core.ForReplacing} {
			for _, at := range []struct{ off, n int }{
				{0, 1}, {5, 100}, {page - 1, 2}, {0, page}, {page, page}, {100, 2 * page}, {2 * page, 1000}, {size - 1, 1}, {0, size},
			} {
				a := b.allocate(size)
				content := picture(size, 1)
				b.write(a, content, 0)
				s := b.snapshot(a)
				b.soil(size)
				_, err := a.Access(int64(at.off), int64(at.n), purpose)
				b.is(err, nil)
				got := make([]byte, size)
				b.is(a.ReadAt(ctx, got, 0), nil)
				if purpose == core.ForWriting {
					b.holds(a, core.Memory, content)
				} else if !bytes.Equal(rest(got, at.off, at.n), rest(content, at.off, at.n)) {
					b.Errorf("bytes beside %+v differ", at)
				} else if bytes.Equal(got[at.off:][:at.n], content[at.off:][:at.n]) {
					b.Errorf("%+v was copied for nothing", at)
				}
				b.holds(s, core.Memory, content)
				a.Dispose()
				s.Dispose()
			}
		}
	})
	for _, purpose := range []core.Purpose{core.ForWriting, core.ForReplacing} {
		inBubble(t, core.Settings{MaxMemoryForCache: 4 * page}, func(b *bench) {
			b.soil(4 * page)
			a, s, content := shared(b, 3)
			_, err := a.Access(0, 2*page, purpose) // there is room for one of two copies
			b.full(err, core.Memory, page, 4*page, 4*page, core.ByLimit)
			b.counts(3*page, 0)
			b.holds(a, core.Memory, content)
			b.holds(s, core.Memory, content)
		})
	}
}

func TestReallocatingWhatIsShared(t *testing.T) {
	const old = 2*page + 5000
	for _, medium := range []core.Medium{core.Memory, core.Disk} {
		for _, flush := range []bool{false, true} {
			for _, size := range []int{0, 100, page, page + 10, 2*page + 1, old, old + 10, 3*page + 1} {
				for _, first := range []string{"the snapshot", "the original"} {
					t.Run(medium.String(), func(t *testing.T) {
						settings := core.Settings{}
						if medium == core.Disk {
							settings = onDisk
						}
						inBubble(t, settings, func(b *bench) {
							a := b.allocate(old)
							content := picture(old, 1)
							b.write(a, content, 0)
							if flush {
								b.is(a.Flush(ctx), nil)
							}
							s := b.snapshot(a)
							b.is(a.Reallocate(ctx, int64(size)), nil)
							resized := make([]byte, size)
							copy(resized, content)
							b.holds(a, medium, resized)
							b.holds(s, medium, content)
							left, want := a, resized
							if first == "the snapshot" {
								s.Dispose()
							} else {
								a.Dispose()
								left, want = s, content
							}
							b.holds(left, medium, want)
							if left.Held(medium) != int64(len(want)) || b.Allocated(medium) != int64(len(want)) {
								b.Errorf("%d bytes are counted, want %d", b.Allocated(medium), len(want))
							}
							b.counts(b.Allocated(core.Memory), b.Allocated(core.Disk))
							if len(want) > 0 {
								b.write(left, []byte("z"), int64(len(want)-1))
								want[len(want)-1] = 'z'
								b.holds(left, medium, want)
							}
							if medium == core.Disk {
								b.is(left.Flush(ctx), nil)
								timePasses()
								b.holds(left, medium, want)
							}
						})
					})
				}
			}
		}
	}
}

func TestAFailureToStoreIsToldToAllWhoHoldThePage(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a, other := b.allocate(page), b.allocate(page)
		b.store.SetHook(drivertest.Fail(errBroken, drivertest.Apply))
		b.write(a, picture(page, 1), 0)
		s := b.snapshot(a)
		for b.told(core.StoreFailed) == 0 {
			timePasses()
		}
		b.is(s.WriteAt(ctx, []byte("x"), 0), errBroken)
		b.is(a.WriteAt(ctx, []byte("x"), 0), errBroken)
		timePasses()
		b.is(s.WriteAt(ctx, []byte("y"), 0), nil)
		b.is(other.WriteAt(ctx, []byte("y"), 0), nil)
		b.store.SetHook(nil)
		for a.Flush(ctx) != nil || s.Flush(ctx) != nil || other.Flush(ctx) != nil {
			timePasses()
		}
		b.holds(a, core.Disk, picture(page, 1))
	})
}

func TestLostPagesThatAreShared(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(2 * page)
		content := picture(2*page, 1)
		b.write(a, content, 0)
		b.is(a.Flush(ctx), nil)
		s := b.snapshot(a)
		b.write(a, content[:page], page) // it has the first page with the snapshot, the second alone
		b.is(a.Flush(ctx), nil)
		b.disk.Lose(1)
		p := make([]byte, page)
		b.is(s.ReadAt(ctx, p, page), core.ErrLost)
		b.is(a.ReadAt(ctx, p, 0), core.ErrLost)
		b.is(a.ReadAt(ctx, p, page), nil)
		// Both pages were in the record that is gone, and it is told where that is first noticed.
		var lost []int64
		for _, e := range b.events {
			if e.Kind == core.Lost {
				lost = append(lost, e.Offset)
				if e.Allocation != s || e.Bytes != page {
					b.Errorf("%+v", e)
				}
			}
		}
		if len(lost) != 2 || lost[0] != 0 || lost[1] != page {
			b.Errorf("lost: %v", lost)
		}
		b.write(a, content[:page], 0) // which heals it for itself
		b.is(a.ReadAt(ctx, p, 0), nil)
		b.is(s.ReadAt(ctx, p, 0), core.ErrLost)
		var full *core.FullError
		if err := s.WriteAt(ctx, content, 0); errors.As(err, &full) || err != nil {
			b.Error(err)
		}
		b.holds(s, core.Disk, content)
	})
}

func TestSnapshotsAreCheap(t *testing.T) {
	cache, err := core.New(core.Config{Machine: core.NewMachine(1 << 30)})
	if err != nil {
		t.Fatal(err)
	}
	a, err := cache.Allocate(ctx, 400<<20)
	if err != nil {
		t.Fatal(err)
	}
	n := testing.AllocsPerRun(10, func() {
		s, err := a.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		s.Dispose()
	})
	if n > 20 {
		t.Errorf("a snapshot of 1600 pages makes %v objects", n)
	}
}

func TestLostRecordsThatVersionsShare(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(page)
		b.write(a, picture(page, 1), 0)
		b.is(a.Flush(ctx), nil)
		s := b.snapshot(a)
		b.write(a, []byte("0123456789"), 0) // of its page, the rest is in the record of before
		b.is(a.Flush(ctx), nil)
		b.disk.Lose(1)
		p := make([]byte, page)
		b.is(s.ReadAt(ctx, p, 0), core.ErrLost)
		b.is(a.ReadAt(ctx, p, 0), core.ErrLost)
		var ofA, ofS int64
		for _, e := range b.events {
			if e.Kind == core.Lost && e.Allocation == a {
				ofA += e.Bytes
			}
			if e.Kind == core.Lost && e.Allocation == s {
				ofS += e.Bytes
			}
		}
		if ofA != page-10 || ofS != page {
			b.Errorf("%d bytes of one and %d of the other are told", ofA, ofS)
		}
	})
}

// While a write rests, all originals of the pages that it has copied leave memory. The copies, and so the allocation, are
// in memory all the same.
func TestACopyIsInMemoryWhenAllOriginalsHaveLeft(t *testing.T) {
	const n = 40 * page
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.allocate(n)
		want := picture(n, 1)
		b.write(a, want, 0)
		s := b.snapshot(a)
		rests, goOn := make(chan struct{}), make(chan struct{})
		first := true
		w := later(func() error {
			return a.Turn().Write(ctx, driver.Bytes(picture(n-10, 2)), 5, &core.CallOptions{Progress: func(int64, int64) {
				if first {
					first = false
					close(rests)
					<-goOn
				}
			}})
		})
		<-rests
		b.is(s.MoveToDisk(ctx), nil)
		if a.Medium() != core.Disk {
			t.Error("it has not left")
		}
		close(goOn)
		b.is(<-w, nil)
		copy(want[5:], picture(n-10, 2))
		media := a.PageMedia()
		if media[0] != core.Memory || media[n/page-1] != core.Disk {
			t.Fatal(media)
		}
		if m := a.Medium(); m != core.Memory {
			t.Errorf("it is in %v", m)
		}
		if err := b.Check(); err != nil {
			t.Error(err)
		}
		if a.WriteNow(driver.Bytes(make([]byte, 10)), page) {
			clear(want[page : page+10])
		}
		got := make([]byte, n)
		b.is(a.ReadAt(ctx, got, 0), nil)
		if !bytes.Equal(got, want) {
			t.Error("it has other bytes")
		}
	})
}
