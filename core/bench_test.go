package core_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/mapstore"
)

// Benchmarks of the cache without a browser, in the form that benchstat compares:
//
//	go test -run '^$' -bench . -count 10 ./core | tee new.txt
//
// The store behind the disk tier is the one for tests, which copies what it stores and overwrites what is
// given back: the figures are for comparing one version of the cache with another.

// room is what the benchmarks of reads and writes go through, over and over.
const room = 64 << 20

func newBenchCache(b *testing.B, cacheType core.CacheType) *core.Cache {
	b.Helper()
	c, err := core.New(core.Config{Store: mapstore.New(), Settings: core.Settings{CacheType: cacheType}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.Close(ctx); err != nil {
			b.Error(err)
		}
	})
	return c
}

// filled is an allocation in which every page is there.
func filled(b *testing.B, cacheType core.CacheType) *core.Allocation {
	b.Helper()
	a, err := newBenchCache(b, cacheType).Allocate(ctx, room)
	if err != nil {
		b.Fatal(err)
	}
	tile := picture(1<<20, 1)
	for off := int64(0); off < room; off += int64(len(tile)) {
		if err := a.WriteAt(ctx, tile, off); err != nil {
			b.Fatal(err)
		}
	}
	if err := a.Flush(ctx); err != nil {
		b.Fatal(err)
	}
	return a
}

// eachSize runs a benchmark for tiles of several sizes.
func eachSize(b *testing.B, run func(b *testing.B, tile []byte)) {
	for _, size := range []int{4 << 10, 64 << 10, 256 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("size=%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			run(b, picture(size, 2))
		})
	}
}

// inOrder gives the offsets of tiles one after the other.
func inOrder(tile []byte) func() int64 {
	off := int64(-len(tile))
	return func() int64 {
		off = (off + int64(len(tile))) % room
		return off
	}
}

// anywhere gives the offsets of tiles here and there, the same ones every time.
func anywhere(tile []byte) func() int64 {
	r := rand.New(rand.NewPCG(1, 2))
	return func() int64 { return r.Int64N(room/int64(len(tile))) * int64(len(tile)) }
}

func BenchmarkAllocateDispose(b *testing.B) {
	for _, live := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("live=%d", live), func(b *testing.B) {
			c := newBenchCache(b, core.CacheInMemoryOnly)
			for range live {
				if _, err := c.AllocateInMemory(4 << 10); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				a, err := c.AllocateInMemory(64 << 10)
				if err != nil {
					b.Fatal(err)
				}
				a.Dispose()
			}
		})
	}
}

func BenchmarkAccess(b *testing.B) {
	a := filled(b, core.CacheInMemoryOnly)
	next := anywhere(make([]byte, 64<<10))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Access(next(), 64<<10, core.ForReading); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteMemory(b *testing.B) {
	eachSize(b, func(b *testing.B, tile []byte) { write(b, core.CacheInMemoryOnly, tile, inOrder(tile)) })
}

func BenchmarkReadMemory(b *testing.B) {
	eachSize(b, func(b *testing.B, tile []byte) { read(b, core.CacheInMemoryOnly, tile, inOrder(tile)) })
}

func BenchmarkWriteDisk(b *testing.B) {
	eachSize(b, func(b *testing.B, tile []byte) { write(b, core.CacheOnDiskOnly, tile, inOrder(tile)) })
}

func BenchmarkReadDisk(b *testing.B) {
	eachSize(b, func(b *testing.B, tile []byte) { read(b, core.CacheOnDiskOnly, tile, inOrder(tile)) })
}

func BenchmarkRewriteDiskAnywhere(b *testing.B) {
	eachSize(b, func(b *testing.B, tile []byte) { write(b, core.CacheOnDiskOnly, tile, anywhere(tile)) })
}

func BenchmarkReadDiskAnywhere(b *testing.B) {
	eachSize(b, func(b *testing.B, tile []byte) { read(b, core.CacheOnDiskOnly, tile, anywhere(tile)) })
}

// write writes tiles and, at the end and as a part of it, flushes.
func write(b *testing.B, cacheType core.CacheType, tile []byte, next func() int64) {
	a := filled(b, cacheType)
	b.ResetTimer()
	for range b.N {
		if err := a.WriteAt(ctx, tile, next()); err != nil {
			b.Fatal(err)
		}
	}
	if err := a.Flush(ctx); err != nil {
		b.Fatal(err)
	}
}

func read(b *testing.B, cacheType core.CacheType, tile []byte, next func() int64) {
	a := filled(b, cacheType)
	for b.Loop() {
		if err := a.ReadAt(ctx, tile, next()); err != nil {
			b.Fatal(err)
		}
	}
}

// bigSurface is a picture of 100 megapixels, in memory.
func bigSurface(b *testing.B) *core.Allocation {
	b.Helper()
	a, err := newBenchCache(b, core.CacheInMemoryOnly).AllocateSurface(ctx, core.SurfaceSpec{Width: 10_000, Height: 10_000, BytesPerPixel: 4})
	if err != nil {
		b.Fatal(err)
	}
	return a
}

// bigPages is how many tiles it has.
const bigPages = 40 * 40

// A snapshot of a large picture, and what there is to remember for each of its tiles.
func BenchmarkSnapshot(b *testing.B) {
	a := bigSurface(b)
	var before, after runtime.MemStats
	kept := make([]*core.Allocation, 100)
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range kept {
		s, err := a.Snapshot(ctx)
		if err != nil {
			b.Fatal(err)
		}
		kept[i] = s
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	for _, s := range kept {
		s.Dispose()
	}
	b.ReportAllocs()
	for b.Loop() {
		s, err := a.Snapshot(ctx)
		if err != nil {
			b.Fatal(err)
		}
		s.Dispose()
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(kept))/bigPages, "B/page")
}

// brush gives the places of strokes of 300 x 300, the same ones every time.
func brush() func() core.Rect {
	r := rand.New(rand.NewPCG(1, 2))
	return func() core.Rect { return core.Rect{X: r.Int64N(9700), Y: r.Int64N(9700), Width: 300, Height: 300} }
}

// A brush stroke on tiles that a snapshot shares, beside one on tiles that nobody does.
func BenchmarkStroke(b *testing.B) {
	for _, shared := range []bool{false, true} {
		b.Run(fmt.Sprintf("shared=%v", shared), func(b *testing.B) {
			a, next, stroke := bigSurface(b), brush(), picture(300*300*4, 1)
			var last *core.Allocation
			for b.Loop() {
				if shared {
					s, err := a.Snapshot(ctx)
					if err != nil {
						b.Fatal(err)
					}
					if last != nil {
						last.Dispose()
					}
					last = s
				}
				if err := a.WriteRect(ctx, next(), stroke); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A stroke, a commit and an undo, with so many entries before them.
func BenchmarkCommitUndo(b *testing.B) {
	for _, entries := range []int{1, 100} {
		b.Run(fmt.Sprintf("entries=%d", entries), func(b *testing.B) {
			a, next, stroke := bigSurface(b), brush(), picture(300*300*4, 1)
			h, err := core.NewHistory(ctx, a, core.HistoryOptions{})
			if err != nil {
				b.Fatal(err)
			}
			defer h.Dispose()
			commit := func() {
				if err := a.WriteRect(ctx, next(), stroke); err != nil {
					b.Fatal(err)
				}
				if err := h.Commit(ctx, ""); err != nil {
					b.Fatal(err)
				}
			}
			for range entries {
				commit()
			}
			b.ReportAllocs()
			for b.Loop() {
				commit()
				if done, err := h.Undo(ctx); err != nil || !done {
					b.Fatal(done, err)
				}
			}
		})
	}
}

func BenchmarkDifference(b *testing.B) {
	a, next, stroke := bigSurface(b), brush(), picture(300*300*4, 1)
	s, err := a.Snapshot(ctx)
	if err != nil {
		b.Fatal(err)
	}
	for range 10 {
		if err := a.WriteRect(ctx, next(), stroke); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := core.DifferenceRects(a, s); err != nil {
			b.Fatal(err)
		}
	}
}

// An overview of 1/16.
func BenchmarkReadRectScaled(b *testing.B) {
	for name, how := range map[string]core.How{"pick": core.Pick, "average": core.Average} {
		b.Run("how="+name, func(b *testing.B) {
			a := bigSurface(b)
			var out driver.Bytes
			target := func(n int64) (driver.Buffer, error) {
				if out == nil {
					out = make(driver.Bytes, n)
				}
				return out, nil
			}
			b.SetBytes(a.Size())
			for b.Loop() {
				if err := a.Turn().ReadRectScaled(ctx, core.Whole, 4, how, target, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Averages of what is in memory, by how many times and for how many bytes per pixel.
func BenchmarkReduce(b *testing.B) {
	const side = 2048
	for _, bpp := range []int{1, 3, 4} {
		for _, shift := range []int{1, 4, 8} {
			b.Run(fmt.Sprintf("bpp=%d/by=%d", bpp, 1<<shift), func(b *testing.B) {
				spec := core.SurfaceSpec{Width: side, Height: side, BytesPerPixel: bpp}
				a, err := newBenchCache(b, core.CacheInMemoryOnly).AllocateSurface(ctx, spec)
				if err != nil {
					b.Fatal(err)
				}
				out := make(driver.Bytes, side*side*bpp>>(2*shift))
				target := func(int64) (driver.Buffer, error) { return out, nil }
				b.SetBytes(a.Size())
				for b.Loop() {
					if err := a.Turn().ReadRectScaled(ctx, core.Whole, shift, core.Average, target, nil); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
