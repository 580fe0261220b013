package core_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"testing"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
)

func (b *bench) surface(w, h int64, bpp int) *core.Allocation {
	b.Helper()
	a, err := b.AllocateSurface(ctx, core.SurfaceSpec{Width: w, Height: h, BytesPerPixel: bpp})
	if err != nil {
		b.Fatal(err)
	}
	return a
}

// isArgument looks at a refused argument.
func isArgument(err error) bool {
	var wrong *core.ArgumentError
	var number *core.RangeError
	return errors.As(err, &wrong) || errors.As(err, &number)
}

func TestWhichSurfacesThereAre(t *testing.T) {
	const most = math.MaxInt32
	for _, test := range []struct {
		spec core.SurfaceSpec
		ok   bool
	}{
		{core.SurfaceSpec{Width: 1, Height: 1, BytesPerPixel: 1}, true},
		{core.SurfaceSpec{Width: 300, Height: 300, BytesPerPixel: 16}, true},
		{core.SurfaceSpec{Width: 1 << 26, Height: 1 << 26, BytesPerPixel: 1}, true},
		{core.SurfaceSpec{Width: most, Height: 1, BytesPerPixel: 4}, true},
		{core.SurfaceSpec{Width: 0, Height: 1, BytesPerPixel: 4}, false},
		{core.SurfaceSpec{Width: 1, Height: 0, BytesPerPixel: 4}, false},
		{core.SurfaceSpec{Width: -1, Height: -1, BytesPerPixel: 4}, false},
		{core.SurfaceSpec{Width: most + 1, Height: 1, BytesPerPixel: 4}, false},
		{core.SurfaceSpec{Width: 1, Height: 1, BytesPerPixel: 0}, false},
		{core.SurfaceSpec{Width: 1, Height: 1, BytesPerPixel: 17}, false},
		{core.SurfaceSpec{Width: most, Height: most, BytesPerPixel: 16}, false},
	} {
		inBubble(t, onDisk, func(b *bench) {
			a, err := b.AllocateSurface(ctx, test.spec)
			if !test.ok {
				if !isArgument(err) {
					b.Errorf("%+v: %v", test.spec, err)
				}
				b.counts(0, 0)
				return
			}
			if err != nil {
				b.Fatal(err)
			}
			if a.Surface() != test.spec {
				b.Errorf("%+v", a.Surface())
			}
			b.counts(0, test.spec.Width*test.spec.Height*int64(test.spec.BytesPerPixel))
		})
	}
}

func TestRectanglesThatAreWrong(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		a := b.surface(300, 200, 4)
		content := picture(300*200*4, 1)
		all := core.Rect{Width: 300, Height: 200}
		b.is(a.WriteRect(ctx, all, content), nil)
		for _, test := range []struct {
			name   string
			rect   core.Rect
			n      int
			stride int64
			ok     bool
		}{
			{"nothing", core.Rect{X: 300, Y: 200}, 0, 0, true},
			{"no height", core.Rect{Width: 5}, 0, 0, true},
			{"left of it", core.Rect{X: -1, Width: 1, Height: 1}, 4, 0, false},
			{"above it", core.Rect{Y: -1, Width: 1, Height: 1}, 4, 0, false},
			{"too wide", core.Rect{X: 1, Width: 300, Height: 1}, 1200, 0, false},
			{"too high", core.Rect{Y: 200, Width: 1, Height: 1}, 4, 0, false},
			{"of negative size", core.Rect{X: 5, Y: 5, Width: -1, Height: -1}, 4, 0, false},
			{"so large that sums overflow", core.Rect{X: 5, Y: 5, Width: math.MaxInt64, Height: math.MaxInt64}, 4, 0, false},
			{"too few bytes", core.Rect{Width: 2, Height: 2}, 15, 0, false},
			{"too many bytes", core.Rect{Width: 2, Height: 2}, 17, 0, false},
			{"a stride that is too small", core.Rect{Width: 2, Height: 2}, 16, 7, false},
			{"a stride that overflows", core.Rect{Width: 2, Height: 2}, 16, core.MaxBytes, false},
			{"any stride of a single row", core.Rect{Width: 0, Height: 1}, 0, core.MaxBytes, true},
			{"a negative stride", core.Rect{Width: 2, Height: 2}, 16, -8, false},
			{"too few bytes for the stride", core.Rect{Width: 2, Height: 2}, 17, 10, false},
			{"too many bytes for the stride", core.Rect{Width: 2, Height: 2}, 21, 10, false},
		} {
			err := a.Turn().WriteRect(ctx, test.rect, make(driver.Bytes, test.n), test.stride, nil)
			if test.ok && err != nil || !test.ok && !isArgument(err) {
				b.Errorf("%s: %v", test.name, err)
			}
			if err := a.AccessRect(test.rect, core.ForReading); test.stride == 0 && test.n != 15 && test.n != 17 && test.ok != (err == nil) {
				b.Errorf("%s, at once: %v", test.name, err)
			}
		}
		got := make([]byte, len(content))
		b.is(a.ReadRect(ctx, all, got), nil)
		if !bytes.Equal(got, content) {
			b.Error("something has changed")
		}
		b.counts(300*200*4, 0)

		// A surface has no range, and what is none has no rectangle.
		plain := b.allocate(100)
		for name, err := range map[string]error{
			"ReadAt":         a.ReadAt(ctx, got, 0),
			"WriteAt":        a.WriteAt(ctx, got, 0),
			"Reallocate":     a.Reallocate(ctx, 10),
			"Access":         access(a, 0, 1),
			"ReadRect":       plain.ReadRect(ctx, core.Rect{}, nil),
			"WriteRect":      plain.WriteRect(ctx, core.Rect{}, nil),
			"Resize":         plain.Resize(ctx, 1, 1),
			"Resize to less": a.Resize(ctx, 0, 1),
			"AccessRect":     plain.AccessRect(core.Rect{}, core.ForReading),
			"Restore":        plain.Restore(ctx, a),
			"scaled":         a.Turn().ReadRectScaled(ctx, all, 9, core.Pick, nil, nil),
			"in another way": a.Turn().ReadRectScaled(ctx, all, 1, 2, nil, nil),
		} {
			if !isArgument(err) {
				b.Errorf("%s: %v", name, err)
			}
		}
		if _, err := core.DifferenceRects(plain, plain); !isArgument(err) {
			b.Error(err)
		}
		if _, err := core.Difference(a, a); !isArgument(err) {
			b.Error(err)
		}
	})
}

func TestSmallSurfacesTakeNoMoreThanTheirPixels(t *testing.T) {
	inBubble(t, core.Settings{}, func(b *bench) {
		b.surface(300, 300, 4)
		if n := b.Statistics().Memory.OccupiedBytes; n > 300*300*4+4*256 {
			b.Errorf("%d bytes are occupied", n)
		}
	})
	inBubble(t, onDisk, func(b *bench) {
		a := b.surface(300, 300, 4)
		b.is(a.WriteRect(ctx, core.Rect{Width: 300, Height: 300}, picture(300*300*4, 1)), nil)
		b.is(a.Flush(ctx), nil)
		if b.disk.Records() != 1 || b.disk.Bytes() != 300*300*4 {
			b.Errorf("%d records of %d bytes", b.disk.Records(), b.disk.Bytes())
		}
	})
}

func TestARectangleTouchesOnlyItsTiles(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		const w, h = 2048, 1024
		a := b.surface(w, h, 4)
		content := picture(w*h*4, 1)
		b.is(a.WriteRect(ctx, core.Rect{Width: w, Height: h}, content), nil)
		b.is(a.Flush(ctx), nil)
		r := core.Rect{X: 500, Y: 300, Width: 300, Height: 300} // 3 x 2 tiles
		before := b.store.Counts().Gets
		got := make([]byte, 300*300*4)
		b.is(a.ReadRect(ctx, r, got), nil)
		for y := range 300 {
			if !bytes.Equal(got[y*1200:][:1200], content[((300+y)*w+500)*4:][:1200]) {
				b.Fatalf("row %d differs", y)
			}
		}
		b.settle()
		if n := b.store.Counts().Gets - before; n > 6 {
			b.Errorf("%d records were fetched for 6 tiles", n)
		}
		s := b.snapshot(a)
		b.is(a.WriteRect(ctx, r, got), nil)
		b.counts(0, w*h*4+6*page)
		rects, err := core.DifferenceRects(a, s)
		b.is(err, nil)
		if len(rects) != 1 || rects[0] != (core.Rect{X: 256, Y: 256, Width: 768, Height: 512}) {
			b.Errorf("%v", rects)
		}
		plain := b.allocate(5*page + 10)
		same := b.snapshot(plain)
		b.write(plain, make([]byte, page+2), page+5)
		b.write(plain, []byte("x"), 5*page)
		spans, err := core.Difference(plain, same)
		b.is(err, nil)
		if len(spans) != 2 || spans[0] != (core.Span{Offset: page, Length: 2 * page}) || spans[1] != (core.Span{Offset: 5 * page, Length: 10}) {
			b.Errorf("%v", spans)
		}
	})
}

// What is going to be replaced need not be copied; all else is, whatever the blocks held that the copies lie in: what is
// beside a row in its tile, and above and below of it.
func TestReplacingTilesThatAreShared(t *testing.T) {
	const w, h = 600, 520
	whole := core.Rect{Width: w, Height: h}
	for _, bpp := range []int64{1, 3, 4} {
		inBubble(t, core.Settings{}, func(b *bench) {
			a := b.surface(w, h, int(bpp))
			content := picture(int(w*h*bpp), 1)
			b.is(a.WriteRect(ctx, whole, content), nil)
			holds := func(a *core.Allocation, want []byte, what string, r core.Rect) {
				b.Helper()
				got := make([]byte, len(want))
				b.is(a.ReadRect(ctx, whole, got), nil)
				if !bytes.Equal(got, want) {
					b.Fatalf("%d bytes per pixel, %+v: %s", bpp, r, what)
				}
			}
			for i, r := range []core.Rect{
				{X: 10, Y: 20, Width: 1, Height: 1},
				{X: 10, Y: 20, Width: 1, Height: 100},
				{X: 10, Y: 20, Width: 100, Height: 1},
				{X: 10, Y: 20, Width: 100, Height: 100},
				{Width: 256, Height: 256},
				{Y: 20, Width: 256, Height: 30},
				{X: 100, Y: 20, Width: 156, Height: 236},
				{X: 100, Y: 100, Width: 300, Height: 300},
				{X: 255, Y: 255, Width: 2, Height: 2},
				{X: 500, Y: 500, Width: 100, Height: 20},
				{X: 512, Y: 512, Width: 88, Height: 8},
				{X: 599, Y: 519, Width: 1, Height: 1},
				{X: 1, Y: 1, Width: w - 2, Height: h - 2},
				{X: 300, Y: 300},
				whole,
			} {
				data := picture(int(r.Width*r.Height*bpp), byte(i+2))
				want := bytes.Clone(content)
				for y := range r.Height {
					copy(want[((r.Y+y)*w+r.X)*bpp:][:r.Width*bpp], data[y*r.Width*bpp:])
				}
				for _, purpose := range []core.Purpose{core.ForWriting, core.ForReplacing} {
					b.soil(w * h * bpp)
					c := b.snapshot(a)
					b.is(c.AccessRect(r, purpose), nil)
					if purpose == core.ForWriting {
						holds(c, content, "it has changed", r)
					} else {
						c.CopyRectIn(r, data)
						holds(c, want, "something else was left out", r)
					}
					holds(a, content, "the original has changed", r)
					c.Dispose()
				}
				// The same by the way that can wait.
				b.soil(w * h * bpp)
				c := b.snapshot(a)
				b.is(c.WriteRect(ctx, r, data), nil)
				holds(c, want, "written, it differs", r)
				holds(a, content, "the original has changed", r)
				c.Dispose()
			}
		})
	}
}

func TestResizingAgainstTheLimits(t *testing.T) {
	exact := core.Settings{MaxMemoryForCache: 400 * 400 * 4, ExactReallocateOnly: true}
	inBubble(t, exact, func(b *bench) {
		a := b.surface(300, 300, 4)
		content := picture(300*300*4, 1)
		b.is(a.WriteRect(ctx, core.Rect{Width: 300, Height: 300}, content), nil)
		b.is(a.Resize(ctx, 400, 400), nil)
		b.counts(400*400*4, 0)
		b.store.SetHook(drivertest.Fail(errBroken, drivertest.Apply))
		b.is(a.Resize(ctx, 401, 400), errBroken)
		b.counts(400*400*4, 0)
		b.store.SetHook(nil)
		b.is(a.Resize(ctx, 401, 400), nil)
		b.counts(0, 401*400*4)
		if told := b.spills(); len(told) != 1 || told[0].Bytes != 400*400*4 || told[0].Why != core.WhyReallocate {
			b.Errorf("%+v", told)
		}
		got := make([]byte, 300*300*4)
		b.is(a.ReadRect(ctx, core.Rect{Width: 300, Height: 300}, got), nil)
		if !bytes.Equal(got, content) {
			b.Error("the picture differs")
		}
		b.is(a.Flush(ctx), nil)
		b.store.SetHook(drivertest.Fail(errBroken, drivertest.Get))
		for range 5 {
			timePasses()
		}
		spec := a.Surface()
		if err := a.Resize(ctx, 300, 300); err == nil || a.Surface() != spec {
			b.Errorf("%v, %+v", err, a.Surface())
		}
		b.counts(0, 401*400*4)
		b.store.SetHook(nil)
		b.is(a.Resize(ctx, 300, 300), nil)
		b.counts(0, 300*300*4)
		b.is(a.ReadRect(ctx, core.Rect{Width: 300, Height: 300}, got), nil)
		if !bytes.Equal(got, content) {
			b.Error("the picture differs")
		}
	})
	inBubble(t, core.Settings{MaxMemoryForCache: 100 * 100, MaxDiskSpaceForCache: 99, ExactReallocateOnly: true}, func(b *bench) {
		a := b.surface(100, 100, 1)
		b.full(a.Resize(ctx, 101, 100), core.Disk, 100*101, 0, 99, core.ByLimit)
		b.counts(100*100, 0)
		b.is(a.Resize(ctx, 10, 200), nil)
		b.counts(2000, 0)
	})
}

// strided is memory outside of the Go heap that copies rows by itself.
type strided struct {
	driver.Bytes
	calls *int
}

func (s strided) CopyRows(off, pitch int, src driver.Buffer, srcOff, srcPitch, n, rows int) (bool, error) {
	*s.calls++
	for i := range rows {
		if err := src.ReadAt(s.Bytes[off+i*pitch:][:n], srcOff+i*srcPitch); err != nil {
			return true, err
		}
	}
	return true, nil
}

func (s strided) ReadRows(p []byte, pitch, off, srcPitch, n, rows int) (bool, error) {
	*s.calls++
	for i := range rows {
		copy(p[i*pitch:][:n], s.Bytes[off+i*srcPitch:])
	}
	return true, nil
}

func TestRowsAreCopiedInOneCall(t *testing.T) {
	for _, settings := range []core.Settings{{}, onDisk} {
		inBubble(t, settings, func(b *bench) {
			a := b.surface(512, 512, 4)
			content := picture(300*300*4, 1)
			r := core.Rect{X: 100, Y: 100, Width: 300, Height: 300}
			calls := 0
			b.is(a.Turn().WriteRect(ctx, r, strided{content, &calls}, 0, nil), nil)
			if settings.CacheType == core.Auto && calls != 4 {
				b.Errorf("writing to 4 tiles in memory took %d calls", calls)
			}
			calls = 0
			target := strided{make(driver.Bytes, 300*300*4), &calls}
			b.is(a.Turn().ReadRect(ctx, r, func(int64) (driver.Buffer, error) { return target, nil }, nil), nil)
			if calls != 4 || !bytes.Equal(target.Bytes, content) {
				b.Errorf("reading from 4 tiles took %d calls, or is wrong", calls)
			}
		})
	}
}

// White stays white however many pixels become one: no sum is larger.
func TestAverageOfWhite(t *testing.T) {
	for _, cacheType := range []core.CacheType{core.CacheInMemoryOnly, core.CacheOnDiskOnly} {
		inBubble(t, core.Settings{CacheType: cacheType}, func(b *bench) {
			for _, bpp := range []int{1, 2, 3, 4, 8, 16} {
				a := b.surface(300, 300, bpp)
				b.is(a.WriteRect(ctx, core.Rect{Width: 300, Height: 300}, bytes.Repeat([]byte{255}, 300*300*bpp)), nil)
				for shift := range 9 {
					var got driver.Bytes
					b.is(a.Turn().ReadRectScaled(ctx, core.Whole, shift, core.Average, func(n int64) (driver.Buffer, error) {
						got = make(driver.Bytes, n)
						return got, nil
					}, nil), nil)
					if bytes.Count(got, []byte{255}) != len(got) {
						b.Errorf("%d bytes per pixel, by %d: it is not white", bpp, 1<<shift)
					}
				}
			}
		})
	}
}

// Changing the size costs what there is, not what could be.
func TestResizingWhatIsLargerThanAnyMemory(t *testing.T) {
	inBubble(t, core.Settings{CacheType: core.CacheOnDiskOnly}, func(b *bench) {
		const w, h = math.MaxInt32, 1 << 22
		a := b.surface(w, h, 1)
		r := core.Rect{X: w - 300, Y: h/2 - 300, Width: 300, Height: 300}
		content := picture(300*300, 1)
		b.is(a.WriteRect(ctx, r, content), nil)
		b.is(a.Resize(ctx, w, h/2), nil)
		b.is(a.Resize(ctx, w-1, h), nil)
		b.counts(0, (w-1)*h)
		got := make([]byte, 299*300)
		r.Width--
		b.is(a.ReadRect(ctx, r, got), nil)
		for y := range 300 {
			if !bytes.Equal(got[y*299:][:299], content[y*300:][:299]) {
				t.Fatalf("row %d differs", y)
			}
		}
	})
	machine := core.NewMachine(100 << 20)
	withMachine(t, core.Settings{}, machine, func(b *bench) {
		a := b.surface(300, 300, 4)
		before := b.Statistics().Memory
		for _, h := range []int64{1e5, 1 << 18} {
			var full *core.FullError
			if err := a.Resize(ctx, math.MaxInt32, h); !errors.As(err, &full) || full.Reason != core.ByMemory {
				t.Errorf("%v", err)
			}
		}
		if s := b.Statistics().Memory; s != before {
			t.Errorf("%+v, before %+v", s, before)
		}
		b.counts(300*300*4, 0)
	})
}

// A snapshot has no room for what was never written, also after it was cut.
func TestResizingASnapshotThatWasNeverWritten(t *testing.T) {
	inBubble(t, core.Settings{CacheType: core.CacheOnDiskOnly, MaxDiskSpaceForCache: 300 * 300 * 4}, func(b *bench) {
		a := b.surface(300, 300, 4)
		s, err := a.Snapshot(ctx)
		b.is(err, nil)
		b.is(s.Resize(ctx, 299, 299), nil)
		b.counts(0, 300*300*4)
	})
}

// A surface that is nearly empty is reduced in the time of what is in it, and others have their turns.
func TestReadScaledWhereThereIsNothing(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		for _, size := range [][2]int64{{1<<31 - 1, 2}, {100_000, 100_000}} {
			a := b.surface(size[0], size[1], 1)
			at := size[0] - 300 // over the border of two tiles, and of the dense part of the table
			b.is(a.WriteRect(ctx, core.Rect{X: at, Width: 300, Height: 1}, bytes.Repeat([]byte{9}, 300)), nil)
			for _, x := range []int64{0, 100} { // also where the squares are not those of the tiles
				r := core.Rect{X: x, Width: size[0] - x, Height: size[1]}
				var got []byte
				b.is(a.Turn().ReadRectScaled(ctx, r, 8, core.Pick, func(n int64) (driver.Buffer, error) {
					got = bytes.Repeat([]byte{7}, int(n))
					return driver.Bytes(got), nil
				}, nil), nil)
				want := make([]byte, len(got))
				across := (r.Width + 255) / 256
				for i := range across {
					if r.X+i*256 >= at {
						want[i] = 9
					}
				}
				if !bytes.Equal(got, want) {
					b.Errorf("%d x %d from %d on: other pixels", size[0], size[1], x)
				}
			}
			a.Dispose()
		}
	})
}

// Where there is nothing a reduction ends with its context and its cache, too: nothing would look the same.
func TestReadScaledOfNothingEnds(t *testing.T) {
	for _, end := range []struct {
		want error
		do   func(b *bench, cancel func())
	}{
		{context.Canceled, func(_ *bench, cancel func()) { cancel() }},
		{core.ErrClosed, func(b *bench, _ func()) { waits(later(func() error { return b.Close(ctx) })) }},
	} {
		inBubble(t, onDisk, func(b *bench) {
			a := b.surface(100_000, 100_000, 1)
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			told := 0
			o := &core.CallOptions{Progress: func(int64, int64) {
				if told++; told == 1 {
					end.do(b, cancel)
				}
			}}
			err := a.Turn().ReadRectScaled(ctx, core.Whole, 8, core.Pick, func(n int64) (driver.Buffer, error) {
				return driver.Bytes(make([]byte, n)), nil
			}, o)
			b.is(err, end.want)
			if told != 1 {
				b.Errorf("it went on: told %d times", told)
			}
		})
	}
}
