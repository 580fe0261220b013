package core

import (
	"math"
)

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

// Surface returns the width, the height and the bytes per pixel of a surface. They are 0 for an allocation that is
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

// outside returns the error of a rectangle that goes on beyond the end.
func outside(name string, given int64, start string, at, end int64) error {
	return &RangeError{Name: name, Given: given, Most: end - at, Note: ", from " + start + " " + itoa(at) + " on"}
}

// check checks a rectangle against a surface as it is now, and sets a stride of 0 to the length of a row.
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
		return outside("width", r.Width, "x", r.X, l.width)
	case r.Height < 0 || r.Height > l.height-r.Y:
		return outside("height", r.Height, "y", r.Y, l.height)
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
