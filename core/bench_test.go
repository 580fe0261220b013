package core_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"asposecache/core"
	"asposecache/core/mapstore"
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
		if _, err := a.Access(next(), 64<<10, false); err != nil {
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

// A picture of 100 megapixels, in memory.
func BenchmarkSnapshot(b *testing.B) {
	a, err := newBenchCache(b, core.CacheInMemoryOnly).Allocate(ctx, 400<<20)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s, err := a.Snapshot(ctx)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		s.Dispose()
		b.StartTimer()
	}
}

// A brush stroke of four tiles and a snapshot after it, beside the same strokes alone.
func BenchmarkStroke(b *testing.B) {
	for _, keep := range []bool{false, true} {
		b.Run(fmt.Sprintf("snapshots=%v", keep), func(b *testing.B) {
			a := filled(b, core.CacheInMemoryOnly)
			stroke := picture(4*core.PageSize, 1)
			next := anywhere(stroke)
			var history []*core.Allocation
			b.SetBytes(int64(len(stroke)))
			for b.Loop() {
				if err := a.WriteAt(ctx, stroke, next()); err != nil {
					b.Fatal(err)
				}
				if !keep {
					continue
				}
				s, err := a.Snapshot(ctx)
				if err != nil {
					b.Fatal(err)
				}
				if history = append(history, s); len(history) > 100 {
					history[0].Dispose()
					history = history[1:]
				}
			}
		})
	}
}
