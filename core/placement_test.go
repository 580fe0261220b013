package core_test

import (
	"errors"
	"testing"
	"time"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
)

func TestSettingsAreValidatedWhole(t *testing.T) {
	for _, test := range []struct {
		name     string
		settings core.Settings
		ok       bool
	}{
		{"the zero value is the default", core.Settings{}, true},
		{"the largest limits", core.Settings{MaxMemoryForCache: core.MaxBytes, MaxDiskSpaceForCache: core.MaxBytes}, true},
		{"a negative memory limit", core.Settings{MaxMemoryForCache: -1}, false},
		{"a negative disk limit", core.Settings{MaxDiskSpaceForCache: -1}, false},
		{"a limit that JavaScript's numbers can't hold", core.Settings{MaxMemoryForCache: core.MaxBytes + 1}, false},
		{"a cache type that there is not", core.Settings{CacheType: 3}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, core.Settings{MaxMemoryForCache: 7}, func(b *bench) {
				err := b.Configure(test.settings)
				if test.ok != (err == nil) {
					b.Errorf("got %v", err)
				}
				if want := (core.Settings{MaxMemoryForCache: 7}); !test.ok && b.Settings() != want {
					b.Errorf("refused settings have changed %+v", b.Settings())
				}
			})
		})
	}
}

func TestCacheTypesHaveNames(t *testing.T) {
	for _, c := range []core.CacheType{core.Auto, core.CacheInMemoryOnly, core.CacheOnDiskOnly} {
		if got, err := core.ParseCacheType(c.String()); got != c || err != nil {
			t.Errorf("%q is parsed as %v, %v", c, got, err)
		}
	}
	var wrong *core.ArgumentError
	if _, err := core.ParseCacheType("Auto"); !errors.As(err, &wrong) {
		t.Errorf("got %v", err)
	}
}

// The numbers are those of the vendor's sample: the RGBA pixels of an image of 100 x 100.
func TestTheVendorsSample(t *testing.T) {
	const pixels = 100 * 100 * 4
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.allocate(pixels)
		b.counts(40000, 0)
		a.Dispose()
		b.counts(0, 0)
		b.configure(core.Settings{CacheType: core.CacheOnDiskOnly})
		a = b.allocate(pixels)
		b.counts(0, 40000)
		a.Dispose()
		b.counts(0, 0)
	})
}

func TestPlacement(t *testing.T) {
	const M, D = core.Memory, core.Disk
	for _, test := range []struct {
		name     string
		settings core.Settings
		sizes    []int64
		want     []core.Medium // of those that are placed
		refused  core.Medium   // who refuses the last one, if there is one more size than media
	}{
		{"auto without limits stays in memory", core.Settings{}, []int64{100, 0, 300_000}, []core.Medium{M, M, M}, 0},
		{"auto fills memory to the byte, then the disk", core.Settings{MaxMemoryForCache: 100}, []int64{60, 40, 1}, []core.Medium{M, M, D}, 0},
		{"auto goes back to memory for what fits there", core.Settings{MaxMemoryForCache: 100}, []int64{60, 41, 40}, []core.Medium{M, D, M}, 0},
		{"auto is refused by the disk when both are full", core.Settings{MaxMemoryForCache: 100, MaxDiskSpaceForCache: 50}, []int64{100, 50, 1}, []core.Medium{M, D}, D},
		{"nothing at all fits a limit that was reached", core.Settings{MaxMemoryForCache: 100}, []int64{100, 0}, []core.Medium{M, M}, 0},
		{"memory only never uses the disk", core.Settings{CacheType: core.CacheInMemoryOnly, MaxMemoryForCache: 100}, []int64{100, 1}, []core.Medium{M}, M},
		{"disk only never uses memory", core.Settings{CacheType: core.CacheOnDiskOnly}, []int64{100, 0}, []core.Medium{D, D}, 0},
		{"disk only is refused by the disk", core.Settings{CacheType: core.CacheOnDiskOnly, MaxDiskSpaceForCache: 100}, []int64{99, 2}, []core.Medium{D}, D},
		{"the largest size there is fits the disk once", core.Settings{CacheType: core.CacheOnDiskOnly}, []int64{core.MaxBytes, 1}, []core.Medium{D}, D},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, test.settings, func(b *bench) {
				var held [2]int64
				for i, size := range test.sizes {
					a, err := b.Allocate(ctx, size)
					if i == len(test.want) {
						limit := []int64{test.settings.MaxMemoryForCache, test.settings.MaxDiskSpaceForCache}[test.refused]
						if limit == 0 {
							limit = core.MaxBytes // which is always one
						}
						full := b.full(err, test.refused, size, held[test.refused], limit, core.ByLimit)
						if wantCause := test.settings.CacheType == core.Auto; wantCause != (full.Cause != nil) {
							b.Errorf("its cause is %v", full.Cause)
						}
						break
					}
					if err != nil {
						b.Fatal(err)
					}
					if a.Medium() != test.want[i] {
						b.Errorf("number %d is in %v", i, a.Medium())
					}
					held[test.want[i]] += size
				}
				b.counts(held[M], held[D])
			})
		})
	}
}

func TestWhatIsAllocatedStaysWhereItIs(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.allocate(1000)
		b.configure(core.Settings{CacheType: core.CacheOnDiskOnly, MaxMemoryForCache: 1})
		if a.Medium() != core.Memory || b.allocate(1).Medium() != core.Disk {
			b.Error("placement does not go by the settings of the call's own moment")
		}
	})
}

func TestTheMachinesMemory(t *testing.T) {
	withMachine(t, core.Settings{}, core.NewMachine(8<<20), func(b *bench) {
		a := b.allocate(7 << 20)
		if on := b.allocate(2 << 20); on.Medium() != core.Disk {
			b.Error("auto does not go to disk when the machine has no more memory")
		}
		b.configure(core.Settings{CacheType: core.CacheInMemoryOnly})
		_, err := b.Allocate(ctx, 2<<20)
		b.full(err, core.Memory, 2<<20, 7<<20, 0, core.ByMemory)
		_, err = b.Allocate(ctx, core.MaxBytes-7<<20)
		b.full(err, core.Memory, core.MaxBytes-7<<20, 7<<20, 0, core.ByMemory)
		err = a.Reallocate(ctx, 10<<20)
		b.full(err, core.Memory, 3<<20, 7<<20, 0, core.ByMemory)
		b.counts(7<<20, 2<<20)
		a.Dispose()
		if b.allocate(8<<20).Medium() != core.Memory {
			b.Error("memory that was freed is not used again")
		}
	})
}

func TestNewBytesAreZero(t *testing.T) {
	for _, c := range []core.CacheType{core.CacheInMemoryOnly, core.CacheOnDiskOnly} {
		t.Run(c.String(), func(t *testing.T) {
			inBubble(t, core.Settings{CacheType: c}, func(b *bench) {
				medium := core.Medium(0)
				if c == core.CacheOnDiskOnly {
					medium = core.Disk
				}
				for _, n := range []int{1, 300, 100_000, core.PageSize, 3*core.PageSize + 5} {
					a := b.allocate(int64(n))
					b.holds(a, medium, make([]byte, n))
					b.write(a, picture(n, 1), 0)
					if err := a.Flush(ctx); err != nil {
						b.Fatal(err)
					}
					a.Dispose()
				}
				for _, n := range []int{5, 290, 99_000, 2 * core.PageSize} {
					b.holds(b.allocate(int64(n)), medium, make([]byte, n))
				}
			})
		})
	}
}

func TestOpeningTheDisk(t *testing.T) {
	onDisk := core.Settings{CacheType: core.CacheOnDiskOnly}

	t.Run("it is opened once, when it is first needed", func(t *testing.T) {
		inBubble(t, core.Settings{}, func(b *bench) {
			b.allocate(10)
			if n := b.store.Counts().Calls[drivertest.Open]; n != 0 {
				b.Errorf("it was opened %d times too early", n)
			}
			b.configure(onDisk)
			b.allocate(10)
			b.allocate(10)
			if n := b.store.Counts().Calls[drivertest.Open]; n != 1 {
				b.Errorf("it was opened %d times", n)
			}
		})
	})
	t.Run("a failure gives the room back, and can pass", func(t *testing.T) {
		inBubble(t, onDisk, func(b *bench) {
			b.store.SetHook(drivertest.FailNth(errBroken, drivertest.Open, 1, 1))
			_, err := b.Allocate(ctx, 10)
			b.is(err, driver.ErrUnavailable)
			b.is(err, errBroken)
			b.counts(0, 0)
			b.allocate(10)
			b.counts(0, 10)
		})
	})
	t.Run("in auto with memory full it is the cause of the refusal", func(t *testing.T) {
		inBubble(t, core.Settings{MaxMemoryForCache: 5}, func(b *bench) {
			b.store.SetHook(drivertest.Fail(errBroken, drivertest.Open))
			_, err := b.Allocate(ctx, 10)
			b.is(b.full(err, core.Memory, 10, 0, 5, core.ByLimit).Cause, driver.ErrUnavailable)
			b.counts(0, 0)
		})
	})
	t.Run("after some failures nobody asks again", func(t *testing.T) {
		inBubble(t, onDisk, func(b *bench) {
			b.store.SetHook(drivertest.Fail(errBroken, drivertest.Open))
			for range 10 {
				_, err := b.Allocate(ctx, 10)
				b.is(err, driver.ErrUnavailable)
			}
			if n := b.store.Counts().Calls[drivertest.Open]; n != 3 {
				b.Errorf("it was tried %d times", n)
			}
		})
	})
	t.Run("when it does not answer that takes 5 seconds", func(t *testing.T) {
		inBubble(t, onDisk, func(b *bench) {
			b.store.SetHook(drivertest.Block(make(chan struct{}), drivertest.Open))
			start := time.Now()
			done := later(func() error { _, err := b.Allocate(ctx, 10); return err })
			b.counts(0, 10) // the room is taken at the call
			b.is(<-done, driver.ErrUnavailable)
			if took := time.Since(start); took != 5*time.Second {
				b.Errorf("it took %v", took)
			}
			b.counts(0, 0)
		})
	})
}
