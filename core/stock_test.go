package core_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"asposecache/core"
)

// slowMachine is memory of which a slab takes 3 ms to be had.
type slowMachine struct{ core.Machine }

func (m slowMachine) NewSlab(n int) []byte {
	time.Sleep(3 * time.Millisecond)
	return m.Machine.NewSlab(n)
}

// A stocking is a cache of such memory, and what was seen between its pauses.
type stocking struct {
	*core.Cache
	pauses    int
	longest   time.Duration // without a pause
	last      time.Time
	meanwhile func() // in each pause
}

func stockingUp(t *testing.T, settings core.Settings, test func(s *stocking)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stocking{last: time.Now()}
		c, err := core.New(core.Config{
			Settings: settings,
			Store:    newStore(),
			Machine:  slowMachine{core.NewMachine(1 << 30)},
			Pause: func() {
				s.pauses++
				s.longest = max(s.longest, time.Since(s.last))
				if s.meanwhile != nil {
					s.meanwhile()
				}
				time.Sleep(time.Second) // others
				s.last = time.Now()
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Cache = c
		test(s)
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
		if n := c.Allocated(core.Memory); n != 0 {
			t.Errorf("after closing %d bytes are in memory", n)
		}
		if err := c.Check(); err != nil {
			t.Error(err)
		}
	})
}

// New memory takes time, too: nobody waits for all of what a large call needs.
func TestNobodyWaitsLongerForMuchNewMemory(t *testing.T) {
	const size = 64 << 20
	allocate := func(t *testing.T, c *core.Cache, n int64) *core.Allocation {
		t.Helper()
		a, err := c.Allocate(ctx, n)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for name, prepare := range map[string]func(t *testing.T, c *core.Cache) (call func() error){
		"allocate": func(_ *testing.T, c *core.Cache) func() error {
			return func() error {
				_, err := c.Allocate(ctx, size)
				return err
			}
		},
		"allocateSurface": func(_ *testing.T, c *core.Cache) func() error {
			return func() error {
				_, err := c.AllocateSurface(ctx, core.SurfaceSpec{Width: 4096, Height: 4096, BytesPerPixel: 4})
				return err
			}
		},
		"reallocate": func(t *testing.T, c *core.Cache) func() error {
			a := allocate(t, c, 1)
			return func() error { return a.Reallocate(ctx, size) }
		},
		"resize": func(t *testing.T, c *core.Cache) func() error {
			a, err := c.AllocateSurface(ctx, core.SurfaceSpec{Width: 256, Height: 256, BytesPerPixel: 4})
			if err != nil {
				t.Fatal(err)
			}
			return func() error { return a.Resize(ctx, 4096, 4096) }
		},
		"moveToMemory": func(t *testing.T, c *core.Cache) func() error {
			if err := c.Configure(core.Settings{CacheType: core.CacheOnDiskOnly}); err != nil {
				t.Fatal(err)
			}
			a := allocate(t, c, size)
			if err := c.Configure(core.Settings{}); err != nil {
				t.Fatal(err)
			}
			return func() error { return a.MoveToMemory(ctx) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			stockingUp(t, core.Settings{}, func(s *stocking) {
				call := prepare(t, s.Cache)
				s.pauses, s.longest, s.last = 0, 0, time.Now()
				if err := call(); err != nil {
					t.Fatal(err)
				}
				if longest := max(s.longest, time.Since(s.last)); s.pauses == 0 || longest > 12*time.Millisecond {
					t.Errorf("%d pauses; the longest without one was %v", s.pauses, longest)
				}
				if n := s.Allocated(core.Memory); n < size || s.Allocated(core.Disk) != 0 {
					t.Errorf("%d bytes are in memory, %d on disk", n, s.Allocated(core.Disk))
				}
			})
		})
	}
}

// Who comes while memory is being made does not get it.
func TestRoomThatIsBeingMadeIsTaken(t *testing.T) {
	const size = 64 << 20
	stockingUp(t, core.Settings{CacheType: core.CacheInMemoryOnly, MaxMemoryForCache: size}, func(s *stocking) {
		var full *core.FullError
		s.meanwhile = func() {
			if _, err := s.Allocate(ctx, 1); !errors.As(err, &full) {
				t.Errorf("got %v", err)
			}
			if n := s.Allocated(core.Memory); n != size {
				t.Errorf("%d bytes are taken", n)
			}
		}
		if _, err := s.Allocate(ctx, size); err != nil {
			t.Error(err)
		}
		if full == nil {
			t.Error("nobody came")
		}
		s.meanwhile = nil
	})
}

// Who has begun to make the memory gets it, also before those who were called meanwhile and wait in a row.
func TestWhoMakesTheMemoryGetsIt(t *testing.T) {
	const size = 40 << 20
	for name, then := range map[string]core.SpillPolicy{"coldest": core.SpillColdest, "coldest since": core.SpillNever} {
		t.Run(name, func(t *testing.T) {
			settings := core.Settings{MaxMemoryForCache: 64 << 20, MaxDiskSpaceForCache: 1, SpillPolicy: then}
			stockingUp(t, settings, func(s *stocking) {
				var second <-chan error
				s.meanwhile = func() {
					s.meanwhile = nil
					settings.SpillPolicy = core.SpillColdest
					if err := s.Configure(settings); err != nil {
						t.Error(err)
					}
					second = later(func() error { _, err := s.Allocate(ctx, size); return err })
				}
				if a, err := s.Allocate(ctx, size); err != nil || a.Medium() != core.Memory {
					t.Errorf("the first one: %v", err)
				}
				var full *core.FullError
				if err := <-second; !errors.As(err, &full) {
					t.Errorf("the second one: %v", err)
				}
			})
		})
	}
}

// What ends the call ends it in a pause, and gives back what it has taken.
func TestACallEndsWhileMemoryIsMade(t *testing.T) {
	const size = 64 << 20
	why := errors.New("enough")
	t.Run("an ended context", func(t *testing.T) {
		stockingUp(t, core.Settings{}, func(s *stocking) {
			ctx, cancel := context.WithCancelCause(ctx)
			s.meanwhile = func() { cancel(why) }
			if _, err := s.Allocate(ctx, size); err != why || s.pauses != 1 {
				t.Errorf("%v after %d pauses", err, s.pauses)
			}
			if n := s.Allocated(core.Memory); n != 0 {
				t.Errorf("%d bytes are taken", n)
			}
		})
	})
	t.Run("disposed of", func(t *testing.T) {
		stockingUp(t, core.Settings{}, func(s *stocking) {
			a, err := s.Allocate(ctx, 1)
			if err != nil {
				t.Fatal(err)
			}
			s.meanwhile = a.Dispose
			if err := a.Reallocate(ctx, size); err != core.ErrDisposed {
				t.Error(err)
			}
			if n := s.Allocated(core.Memory); n != 0 {
				t.Errorf("%d bytes are taken", n)
			}
		})
	})
	t.Run("closed", func(t *testing.T) {
		stockingUp(t, core.Settings{}, func(s *stocking) {
			closed := make(chan error, 1)
			s.meanwhile = func() {
				s.meanwhile = nil
				go func() { closed <- s.Close(ctx) }()
				synctest.Wait()
			}
			if _, err := s.Allocate(ctx, size); err != core.ErrClosed {
				t.Error(err)
			}
			if err := <-closed; err != nil {
				t.Error(err)
			}
		})
	})
}
