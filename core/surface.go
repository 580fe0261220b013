package core

import (
	"context"
	"math"

	"asposecache/core/driver"
)

// A Rect is a rectangle of pixels: those from X, Y on, to the right and downwards.
type Rect struct{ X, Y, Width, Height int64 }

// Whole, given to a call that reads, is all of the surface as it is when the call's turn comes.
var Whole = Rect{0, 0, -1, -1}

// A SurfaceSpec says what surface to allocate.
type SurfaceSpec struct {
	// Width and Height in pixels, from 1 to 2^31-1.
	Width, Height int64
	// BytesPerPixel, from 1 to 16.
	BytesPerPixel int
}

const mostSide = math.MaxInt32

// errTiled: a surface has no range of bytes, and what is none has no rectangles.
var (
	errTiled    error = &ArgumentError{Name: "allocation", Given: "a surface", Allowed: "an allocation of bytes"}
	errNotTiled error = &ArgumentError{Name: "allocation", Given: "an allocation of bytes", Allowed: "a surface"}
)

func (s SurfaceSpec) layout() (layout, error) {
	l := layout{s.Width, s.Height, int64(s.BytesPerPixel)}
	switch {
	case s.Width < 1 || s.Width > mostSide:
		return l, outOfRange("width", s.Width, 1, mostSide)
	case s.Height < 1 || s.Height > mostSide:
		return l, outOfRange("height", s.Height, 1, mostSide)
	case s.BytesPerPixel < 1 || s.BytesPerPixel > 16:
		return l, outOfRange("bytesPerPixel", int64(s.BytesPerPixel), 1, 16)
	case s.Width*s.Height > MaxBytes/l.bpp: // which is less than 2^62
		return l, outOfRange("width", s.Width, 1, MaxBytes/l.bpp/s.Height)
	}
	return l, nil
}

// AllocateSurface takes room for width x height pixels, all zero. They are read and written by rectangles, so
// that each call touches no more than the tiles of 256 x 256 that its rectangle covers; calls that have a range
// of bytes refuse a surface. In all else it is like [Cache.Allocate].
//
// Errors: [RangeError], and those of Allocate.
func (c *Cache) AllocateSurface(ctx context.Context, spec SurfaceSpec) (*Allocation, error) {
	l, err := spec.layout()
	if err != nil {
		return nil, err
	}
	return c.allocate(ctx, l, l.bytes())
}

// Surface tells the width, the height and the bytes per pixel of a surface. They are 0 for an allocation that is
// none.
func (a *Allocation) Surface() SurfaceSpec {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return SurfaceSpec{a.layout.width, a.layout.height, int(a.layout.bpp)}
}

// A rect is what a call wants of a surface.
type rect struct {
	Rect
	stride int64 // 0: rows follow each other
	length int64 // of the buffer; -1: it is made to fit
}

// checkWhole is check for a rectangle that may be all of the surface.
func (r *rect) checkWhole(a *Allocation) error {
	if r.Rect == Whole {
		r.Rect = Rect{0, 0, a.layout.width, a.layout.height}
	}
	return r.check(a)
}

// check checks a rectangle against a surface as it is now.
func (r *rect) check(a *Allocation) error {
	l := a.layout
	switch {
	case !l.tiled():
		return errNotTiled
	case r.X < 0 || r.X > l.width:
		return outOfRange("x", r.X, 0, l.width)
	case r.Y < 0 || r.Y > l.height:
		return outOfRange("y", r.Y, 0, l.height)
	case r.Width < 0 || r.Width > l.width-r.X:
		return outOfRange("width", r.Width, 0, l.width-r.X)
	case r.Height < 0 || r.Height > l.height-r.Y:
		return outOfRange("height", r.Height, 0, l.height-r.Y)
	}
	row := r.Width * l.bpp
	if r.stride == 0 {
		r.stride = row
	}
	if r.stride < row || r.stride > math.MaxInt32 && r.Height > 1 { // of a single row it says nothing
		return outOfRange("stride", r.stride, row, math.MaxInt32)
	}
	if r.length < 0 {
		return nil
	}
	least := int64(0)
	if r.Height > 0 && row > 0 {
		least = r.stride*(r.Height-1) + row
	}
	if most := r.stride * r.Height; r.length < least || r.length > most {
		return outOfRange("length", r.length, least, most)
	}
	return nil
}

// ReadRect copies a rectangle into the buffer that target makes for n bytes, row after row. target is called when
// the turn has come and the rectangle is known to be right. Of tiles on disk at most one record each is fetched.
// In all else it is like [Turn.Read].
//
// Errors: [RangeError], [ArgumentError] when it is no surface, and those of Read.
func (t *Turn) ReadRect(ctx context.Context, r Rect, target func(n int64) (driver.Buffer, error), o *CallOptions) error {
	defer t.end()
	if err := t.begin(ctx); err != nil {
		return err
	}
	a, c := t.a, t.a.cache
	c.calls.Add(1)
	defer c.calls.Done()
	reading := reading{a: a, rect: &rect{Rect: r, length: -1}, options: o}
	return reading.run(ctx, t, func() error {
		err := reading.rect.checkWhole(a)
		reading.layout = a.layout
		reading.total = reading.rect.Width * reading.rect.Height * a.layout.bpp
		return err
	}, target)
}

// WriteRect replaces a rectangle by the rows of src, of which each begins stride bytes after the one before; 0: they
// follow each other. src ends with its last row, or with its last stride. In all else it is like [Turn.Write].
//
// Errors: [RangeError], also for a stride that is too small and a src that is too short or too long;
// [ArgumentError] when it is no surface; those of Write.
func (t *Turn) WriteRect(ctx context.Context, r Rect, src driver.Buffer, stride int64, o *CallOptions) error {
	w := writing{t: t, src: src, n: int64(src.Len()), options: o, rect: &rect{Rect: r, stride: stride, length: int64(src.Len())}}
	return w.run(ctx)
}

// ReadRect fills p, which must have the right length, with a rectangle.
func (a *Allocation) ReadRect(ctx context.Context, r Rect, p []byte) error {
	return a.Turn().ReadRect(ctx, r, func(n int64) (driver.Buffer, error) {
		if n != int64(len(p)) {
			return nil, outOfRange("length", int64(len(p)), n, n)
		}
		return driver.Bytes(p), nil
	}, nil)
}

// WriteRect replaces a rectangle by p, row after row.
func (a *Allocation) WriteRect(ctx context.Context, r Rect, p []byte) error {
	return a.Turn().WriteRect(ctx, r, driver.Bytes(p), 0, nil)
}

// AccessRect is [Allocation.Access] for a surface: it makes ready the tiles that a rectangle covers, whose bytes
// [Allocation.Tile] then returns.
//
// Errors: those of Access; [ArgumentError] when it is no surface.
func (a *Allocation) AccessRect(r Rect, purpose Purpose) error {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	if err := a.mayAccess(); err != nil {
		return err
	}
	if err := (&rect{Rect: r, length: -1}).check(a); err != nil {
		return err
	}
	if r.Width == 0 || r.Height == 0 {
		return nil
	}
	x, y := r.X/TileSide, r.Y/TileSide
	own, err := a.openPages(pageGrid{
		first: y*a.layout.across() + x,
		n:     (r.X+r.Width-1)/TileSide - x + 1,
		rows:  (r.Y+r.Height-1)/TileSide - y + 1,
		pitch: a.layout.across(),
	})
	if err == nil && purpose != ForReading && !own {
		err = a.unshare(a.layout.rectPieces(r, 0), purpose)
	}
	return err
}

// Tile returns the bytes of a tile that AccessRect has made ready, column x and row y of them, and its width in
// pixels: its rows are as long.
func (a *Allocation) Tile(x, y int64) (p []byte, width int) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	i := y*a.layout.across() + x
	page := a.pages.get(i)
	return page.block.bytes(int(page.size)), int(a.layout.tile(i).Width)
}

// CopyRectOut copies a rectangle that AccessRect has made ready to p, row after row; CopyRectIn the other way.
func (a *Allocation) CopyRectOut(r Rect, p []byte) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	for w := range a.layout.rectPieces(r, r.Width*a.layout.bpp) {
		_ = w.CopyOut(driver.Bytes(p), a.pages.get(w.page).memory(), 0) // bytes in the heap are always there
	}
}

// CopyRectIn replaces the bytes of a rectangle that AccessRect has made ready for writing.
func (a *Allocation) CopyRectIn(r Rect, p []byte) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	for w := range a.layout.rectPieces(r, r.Width*a.layout.bpp) {
		_ = w.CopyIn(a.pages.get(w.page).memory(), 0, driver.Bytes(p))
	}
}
