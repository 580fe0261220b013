package core_test

import (
	"bytes"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/mapstore"
)

// A picture of 16 MiB.
const (
	largeSide = 2048
	largeSize = largeSide * largeSide * 4
)

var large = core.Rect{Width: largeSide, Height: largeSide}

// slow is memory of which a piece takes 3 ms, as where a page is touched for the first time.
type slow struct{ strided }

func newSlow(n int64) slow { return slow{strided{make(driver.Bytes, n), new(int)}} }

func (s slow) ReadAt(p []byte, off int) error {
	time.Sleep(3 * time.Millisecond)
	return s.Bytes.ReadAt(p, off)
}

func (s slow) WriteAt(p []byte, off int) error {
	time.Sleep(3 * time.Millisecond)
	return s.Bytes.WriteAt(p, off)
}

func (s slow) CopyRows(off, pitch int, src driver.Buffer, srcOff, srcPitch, n, rows int) (bool, error) {
	time.Sleep(3 * time.Millisecond)
	return s.strided.CopyRows(off, pitch, src, srcOff, srcPitch, n, rows)
}

func (s slow) ReadRows(p []byte, pitch, off, srcPitch, n, rows int) (bool, error) {
	time.Sleep(3 * time.Millisecond)
	return s.strided.ReadRows(p, pitch, off, srcPitch, n, rows)
}

// pausing runs a test with a cache in memory that calls pause in its pauses.
func pausing(t *testing.T, pause func(), test func(c *core.Cache)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, err := core.New(core.Config{Pause: pause})
		if err != nil {
			t.Fatal(err)
		}
		test(c)
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	})
}

// How many bytes that are does not matter.
func TestNobodyWaitsLongerForALongCopy(t *testing.T) {
	into := func(size int64) (driver.Buffer, error) { return newSlow(size), nil }
	from := newSlow(largeSize)
	for name, call := range map[string]func(bytes, surface *core.Allocation) error{
		"read":      func(a, _ *core.Allocation) error { return a.Turn().Read(ctx, 0, -1, into, nil) },
		"readRect":  func(_, s *core.Allocation) error { return s.Turn().ReadRect(ctx, core.Whole, into, nil) },
		"write":     func(a, _ *core.Allocation) error { return a.Turn().Write(ctx, from, 0, nil) },
		"writeRect": func(_, s *core.Allocation) error { return s.Turn().WriteRect(ctx, large, from, 0, nil) },
		"write to what a snapshot shares": func(a, _ *core.Allocation) error {
			s, err := a.Snapshot(ctx)
			if err != nil {
				return err
			}
			defer s.Dispose()
			return a.Turn().Write(ctx, from, 0, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var last time.Time
			var longest time.Duration
			pauses := 0
			pause := func() {
				pauses++
				longest = max(longest, time.Since(last))
				time.Sleep(time.Second) // others
				last = time.Now()
			}
			pausing(t, pause, func(c *core.Cache) {
				a, err := c.Allocate(ctx, largeSize)
				if err != nil {
					t.Fatal(err)
				}
				s, err := c.AllocateSurface(ctx, core.SurfaceSpec{Width: largeSide, Height: largeSide, BytesPerPixel: 4})
				if err != nil {
					t.Fatal(err)
				}
				last = time.Now()
				if err := call(a, s); err != nil {
					t.Fatal(err)
				}
				if longest = max(longest, time.Since(last)); pauses == 0 || longest > 12*time.Millisecond {
					t.Errorf("%d pauses; the longest without one was %v", pauses, longest)
				}
			})
		})
	}
}

// lateStore is a disk of which a buffer takes 3 ms to be filled.
type lateStore struct{ driver.Store }

type lateBuffer struct{ driver.Bytes }

func (b lateBuffer) WriteAt(p []byte, off int) error {
	time.Sleep(3 * time.Millisecond)
	return b.Bytes.WriteAt(p, off)
}

func (s lateStore) NewBuffer(n int) (driver.Buffer, error) {
	b, err := s.Store.NewBuffer(n)
	if err != nil {
		return nil, err
	}
	return lateBuffer{b.(driver.Bytes)}, nil
}

func (s lateStore) FreeBuffer(b driver.Buffer) {
	if late, ok := b.(lateBuffer); ok {
		b = late.Bytes
	}
	s.Store.FreeBuffer(b)
}

// What leaves memory is copied as well, to where it waits to be stored.
func TestNobodyWaitsLongerForWhatLeavesMemory(t *testing.T) {
	const limit = largeSize + largeSize/2
	coldest := core.Settings{MaxMemoryForCache: limit, SpillPolicy: core.SpillColdest}
	for name, test := range map[string]struct {
		settings core.Settings
		call     func(c *core.Cache, a *core.Allocation) error
	}{
		"moveToDisk": {core.Settings{}, func(_ *core.Cache, a *core.Allocation) error { return a.MoveToDisk(ctx) }},
		"allocate, others make room": {coldest, func(c *core.Cache, _ *core.Allocation) error {
			_, err := c.Allocate(ctx, largeSize)
			return err
		}},
		"moveToMemory, others make room": {coldest, func(c *core.Cache, _ *core.Allocation) error {
			if err := c.Configure(onDisk); err != nil {
				return err
			}
			b, err := c.Allocate(ctx, largeSize)
			if err != nil {
				return err
			}
			if err := c.Configure(coldest); err != nil {
				return err
			}
			return b.MoveToMemory(ctx)
		}},
		"write to what a snapshot shares, which leaves": {core.Settings{MaxMemoryForCache: limit}, writeShared},
		"write to what a snapshot shares, others make room": {core.Settings{MaxMemoryForCache: 2*largeSize + 1<<20,
			SpillPolicy: core.SpillColdest}, func(c *core.Cache, a *core.Allocation) error {
			b, err := c.Allocate(ctx, largeSize)
			if err != nil {
				return err
			}
			defer b.Dispose()
			return writeShared(c, a)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var last time.Time
			var longest time.Duration
			pause := func() {
				longest = max(longest, time.Since(last))
				time.Sleep(time.Second) // others
				last = time.Now()
			}
			synctest.Test(t, func(t *testing.T) {
				c, err := core.New(core.Config{Pause: pause, Settings: test.settings, Store: lateStore{mapstore.New()}})
				if err != nil {
					t.Fatal(err)
				}
				a, err := c.Allocate(ctx, largeSize)
				if err != nil {
					t.Fatal(err)
				}
				last = time.Now()
				if err := test.call(c, a); err != nil {
					t.Error(err)
				}
				if longest = max(longest, time.Since(last)); longest > 12*time.Millisecond {
					t.Errorf("the longest without a pause was %v", longest)
				}
				if err := c.Close(ctx); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func writeShared(c *core.Cache, a *core.Allocation) error {
	s, err := a.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.Dispose()
	return a.Turn().Write(ctx, newSlow(largeSize), 0, nil)
}

// Neither does the clock, which stands still here. What others write in the pauses is not seen.
func TestAPictureIsReducedInPieces(t *testing.T) {
	for name, how := range map[string]core.How{"pick": core.Pick, "average": core.Average} {
		t.Run(name, func(t *testing.T) {
			var s *core.Allocation
			var written <-chan error
			var pauses atomic.Int32 // also of what is written in a pause
			pauses.Store(1)         // so that nothing is written in those of the first write
			pause := func() {
				if pauses.Add(1) > 1 {
					return
				}
				written = later(func() error { return s.WriteRect(ctx, large, bytes.Repeat([]byte{9}, largeSize)) })
			}
			pausing(t, pause, func(c *core.Cache) {
				var err error
				if s, err = c.AllocateSurface(ctx, core.SurfaceSpec{Width: largeSide, Height: largeSide, BytesPerPixel: 4}); err != nil {
					t.Fatal(err)
				}
				if err := s.WriteRect(ctx, large, bytes.Repeat([]byte{7}, largeSize)); err != nil {
					t.Fatal(err)
				}
				pauses.Store(0)
				var got driver.Bytes
				err = s.Turn().ReadRectScaled(ctx, core.Whole, 1, how, func(size int64) (driver.Buffer, error) {
					got = make(driver.Bytes, size)
					return got, nil
				}, nil)
				if err != nil || bytes.Count(got, []byte{7}) != largeSize/4 {
					t.Errorf("%v; not what was there when its turn came", err)
				}
				if pauses.Load() == 0 {
					t.Fatal("16 MiB are reduced without a pause")
				}
				if err := <-written; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
