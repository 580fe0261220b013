package core_test

import (
	"context"
	"testing"
	"time"

	"asposecache/core"
)

// A calling is a bench in whose pauses a test can do something.
type calling struct {
	*bench
	pause func() // in each pause, if it is set
}

func callingAtOnce(t *testing.T, settings core.Settings, test func(c *calling)) {
	t.Helper()
	c := new(calling)
	inBubbleWith(t, core.Config{Settings: settings, Pause: func() {
		if c.pause != nil {
			c.pause()
		}
	}}, func(b *bench) {
		c.bench = b
		test(c)
	})
}

// soon waits for a call's error; after an hour of the bubble's clock the test fails.
func (c *calling) soon(what string, done <-chan error) error {
	c.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Hour):
		c.Fatalf("%s waits for ever", what)
		return nil
	}
}

// After Restore two working allocations have the same pages. Each of them leaves memory once, and is counted once.
func TestAPageOfTwoAllocationsLeavesOnce(t *testing.T) {
	callingAtOnce(t, coldest(12), func(c *calling) {
		from, to := c.allocate(4*page), c.allocate(4*page)
		c.write(from, picture(4*page, 1), 0)
		c.is(to.Restore(ctx, from), nil)
		c.allocate(8 * page)
		c.counts(12*page, 0)
		for range 2 {
			a := later(func() error { _, err := c.Allocate(ctx, 6*page); return err })
			c.is(c.soon("allocate", a), nil)
			if n := c.Leaving(); n != 0 {
				c.Errorf("%d bytes are still leaving", n)
			}
		}
		c.holds(to, core.Disk, picture(4*page, 1))
	})
}

// A request waits for a moveToDisk, which waits for pages that the request has chosen and not begun to store.
func TestTwoThatMoveTheSamePagesDoNotWaitForEachOther(t *testing.T) {
	const n = 64 << 20 // more than may wait at a time
	callingAtOnce(t, coldest(n/page), func(c *calling) {
		a := c.allocate(n)
		c.slowStore(50 * time.Millisecond)
		allocated := later(func() error { _, err := c.Allocate(ctx, n); return err })
		c.write(a, []byte("x"), 0) // this page stays, so that others have to leave
		moved := later(func() error { return a.MoveToDisk(ctx) })
		c.is(c.soon("moveToDisk", moved), nil)
		c.is(c.soon("allocate", allocated), nil)
	})
}

// The pages of a snapshot and of what it was taken of move to disk with whoever is first; the other one notices.
func TestBothWhoMoveSharedPagesNotice(t *testing.T) {
	callingAtOnce(t, core.Settings{}, func(c *calling) {
		a := c.allocate(80 * page)
		s := c.snapshot(a)
		told := &core.CallOptions{Progress: func(int64, int64) { time.Sleep(time.Millisecond) }}
		first := later(func() error { return a.Turn().MoveToDisk(ctx, told) })
		second := later(func() error { return s.MoveToDisk(ctx) })
		c.is(c.soon("the first", first), nil)
		c.is(c.soon("the second", second), nil)
		c.counts(0, 80*page)
	})
}

// One of three that share pages gives up. Then each of the others moves a page that the other one needs to have moved.
func TestTwoThatMoveEachOthersPagesEnd(t *testing.T) {
	callingAtOnce(t, core.Settings{}, func(c *calling) {
		a := c.allocate(3 * page)
		c.write(a, picture(3*page, 1), 0)
		first, last := c.snapshot(a), c.snapshot(a)
		c.write(first, picture(page, 2), 2*page) // has the first two pages of a
		c.write(last, picture(page, 3), 0)       // has the last two
		c.slowStore(50 * time.Millisecond)
		limited, cancel := context.WithCancel(ctx)
		givenUp := later(func() error { return first.MoveToDisk(limited) })
		others := []<-chan error{
			later(func() error { return last.MoveToDisk(ctx) }),
			later(func() error { return a.MoveToDisk(ctx) }),
		}
		time.Sleep(time.Millisecond)
		cancel()
		c.is(<-givenUp, context.Canceled)
		for _, other := range others {
			c.is(c.soon("moveToDisk", other), nil)
		}
		c.holds(a, core.Disk, picture(3*page, 1))
		c.counts(page, 4*page)
	})
}

// slowToRefuse is memory that takes 1 ms to find out that there is no more.
type slowToRefuse struct {
	core.Machine
	slow bool
}

func (m *slowToRefuse) Fits(n int64) bool {
	fits := m.Machine.Fits(n)
	if m.slow && !fits {
		time.Sleep(time.Millisecond)
	}
	return fits
}

// A write for whose copies there is no room ends, however long it takes to find that out for each page.
func TestAWriteThatIsRefusedSlowlyEnds(t *testing.T) {
	m := &slowToRefuse{Machine: core.NewMachine(4 << 20)}
	c := new(calling)
	withMachine(t, core.Settings{CacheType: core.CacheInMemoryOnly}, m, func(b *bench) {
		c.bench = b
		a := c.allocate(16 * page)
		c.snapshot(a)
		m.slow = true
		written := later(func() error { return a.WriteAt(ctx, picture(16*page, 1), 0) })
		if err := c.soon("write", written); err == nil {
			c.Error("it was written")
		}
		m.slow = false
	})
}

// Who waits for room notices what another call leaves, while a third one keeps its pages.
func TestRoomThatComesMeanwhileIsNoticed(t *testing.T) {
	const n = 10 << 20
	settings := core.Settings{MaxMemoryForCache: 2 * n, SpillPolicy: core.SpillColdest, MaxDiskSpaceForCache: 1}
	for name, prepare := range map[string]func(c *calling) (leave func() error){
		"dispose": func(c *calling) func() error {
			a := c.allocate(n)
			return func() error { a.Dispose(); return nil }
		},
		"reallocate": func(c *calling) func() error {
			a := c.allocate(n)
			return func() error { return a.Reallocate(ctx, 1) }
		},
		"resize": func(c *calling) func() error {
			s, err := c.AllocateSurface(ctx, core.SurfaceSpec{Width: 1600, Height: 1600, BytesPerPixel: 4})
			c.is(err, nil)
			return func() error { return s.Resize(ctx, 1, 1) }
		},
		"goTo": func(c *calling) func() error {
			a := c.allocate(n / 2)
			h, err := core.NewHistory(ctx, a, core.HistoryOptions{})
			c.is(err, nil)
			c.write(a, picture(n/2, 1), 0)
			return func() error { _, err := h.GoTo(ctx, 0); return err }
		},
	} {
		t.Run(name, func(t *testing.T) {
			callingAtOnce(t, settings, func(c *calling) {
				kept := c.allocate(n)
				leave := prepare(c)
				release := make(chan struct{})
				c.pause = func() { <-release }
				written := later(func() error { return kept.WriteAt(ctx, picture(n, 3), 0) })
				allocated := later(func() error { _, err := c.Allocate(ctx, n/4); return err })
				if !waits(written) || !waits(allocated) {
					c.Fatal("they did not wait")
				}
				c.is(leave(), nil)
				c.is(c.soon("allocate", allocated), nil)
				if !waits(written) {
					c.Error("it was not under way any more")
				}
				close(release)
				c.is(<-written, nil)
			})
		})
	}
}

// A write that finds no room for more copies of shared pages keeps those that it has made, and gives them back when
// it is refused.
func TestCopiesOfAWriteThatGoesOnAreWaitedFor(t *testing.T) {
	settings := core.Settings{MaxMemoryForCache: 125 * page, SpillPolicy: core.SpillColdest, MaxDiskSpaceForCache: 1}
	callingAtOnce(t, settings, func(c *calling) {
		a, other := c.allocate(80*page), c.allocate(40*page)
		c.snapshot(a)
		steps := make(chan struct{})
		c.pause = func() { <-steps }
		written := later(func() error { return a.WriteAt(ctx, picture(80*page, 1), 0) })
		waits(written)
		other.Dispose() // so that it goes on with copies
		steps <- struct{}{}
		waits(written)
		allocated := later(func() error { _, err := c.Allocate(ctx, 20*page); return err })
		if !waits(written) || !waits(allocated) {
			c.Fatal("they did not wait")
		}
		close(steps)
		c.pause = nil
		if err := c.soon("write", written); err == nil {
			c.Error("it was written")
		}
		c.is(c.soon("allocate", allocated), nil)
	})
}

// Only the calls that were under way before are waited for: where there always are some, who can't have room is refused
// all the same.
func TestWhoCantHaveRoomIsRefusedInTheEnd(t *testing.T) {
	const n = 16 << 20
	settings := core.Settings{MaxMemoryForCache: 2 * n, SpillPolicy: core.SpillColdest, MaxDiskSpaceForCache: 1}
	callingAtOnce(t, settings, func(c *calling) {
		c.pause = func() { time.Sleep(8 * time.Millisecond) }
		stop, cancel := context.WithCancel(ctx)
		var writers []<-chan error
		for i := range 2 {
			a := c.allocate(n)
			writers = append(writers, later(func() error {
				time.Sleep(time.Duration(i*5) * time.Millisecond) // so that one of them always is at it
				for stop.Err() == nil {
					if err := a.WriteAt(ctx, picture(n, 1), 0); err != nil {
						return err
					}
					time.Sleep(time.Millisecond)
				}
				return nil
			}))
		}
		time.Sleep(20 * time.Millisecond)
		allocated := later(func() error { _, err := c.Allocate(ctx, 1<<20); return err })
		select {
		case err := <-allocated:
			c.full(err, core.Disk, 1<<20, 0, 1, core.ByLimit)
		case <-time.After(time.Second):
			c.Error("it still waits")
		}
		cancel()
		for _, w := range writers {
			c.is(<-w, nil)
		}
	})
}
