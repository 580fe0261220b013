package core

import (
	"iter"

	"asposecache/core/rows"
)

// TileSide is the width and the height of a tile of a surface, in pixels.
const TileSide = 256

// A layout says how the bytes of an allocation lie in its pages. The zero value is linear: pages of
// PageSize, the last one shorter. A surface has its pixels in tiles of 256 x 256, one to a page, row by row;
// in a page they lie row by row as well, in rows of the tile's own width: tiles at the right and at the
// bottom take only their own pixels.
type layout struct {
	width, height int64 // in pixels
	bpp           int64 // bytes per pixel; 0: it is no surface
}

func (l layout) tiled() bool { return l.bpp > 0 }

func (l layout) bytes() int64 { return l.width * l.height * l.bpp }

// across and down return how many columns and rows of tiles there are.
func (l layout) across() int64 { return (l.width + TileSide - 1) / TileSide }
func (l layout) down() int64   { return (l.height + TileSide - 1) / TileSide }

// tile returns the rectangle of tile i.
func (l layout) tile(i int64) Rect {
	x, y := i%l.across()*TileSide, i/l.across()*TileSide
	return Rect{x, y, min(TileSide, l.width-x), min(TileSide, l.height-y)}
}

// pageCount returns how many pages an allocation has.
func (a *Allocation) pageCount() int64 { return pageCount(a.layout, a.size) }

func pageCount(l layout, size int64) int64 {
	if l.tiled() {
		return l.across() * l.down()
	}
	return pagesOf(size)
}

// pageLen returns how many bytes page i has.
func (a *Allocation) pageLen(i int64) int { return lengthOf(a.layout, a.size, i) }

func lengthOf(l layout, size, i int64) int {
	if l.tiled() {
		t := l.tile(i)
		return int(t.Width * t.Height * l.bpp)
	}
	return linearLen(size, i)
}

// pageStart returns how many bytes the pages before page i have.
func (l layout) pageStart(i int64) int64 {
	if !l.tiled() {
		return i * PageSize
	}
	t := l.tile(i)
	return (t.Y*l.width + t.X*t.Height) * l.bpp
}

// pagesOf returns how many pages size bytes in a row need.
func pagesOf(size int64) int64 { return (size + PageSize - 1) / PageSize }

// linearLen returns how many bytes page i of size bytes in a row has.
func linearLen(size, i int64) int { return int(min(PageSize, size-i*PageSize)) }

// A piece is the part of a range, or of a rectangle, that lies in one page. A part of a range is one row.
type piece struct {
	page int64 // number of the page
	rows.Rows
}

// pieces returns an iterator over the pieces of n bytes from off on.
func pieces(off, n int64) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		for done := int64(0); done < n; {
			from := int((off + done) % PageSize)
			to := int(min(PageSize, int64(from)+n-done))
			if !yield(piece{(off + done) / PageSize, rows.Rows{From: from, To: to, At: done, Count: 1, Row: to - from}}) {
				return
			}
			done += int64(to - from)
		}
	}
}

// rectPieces returns an iterator over the pieces of a rectangle, of which the rows begin stride bytes after each other
// in the caller's buffer.
func (l layout) rectPieces(r Rect, stride int64) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		if r.Width == 0 || r.Height == 0 {
			return
		}
		for ty := r.Y / TileSide; ty*TileSide < r.Y+r.Height; ty++ {
			for tx := r.X / TileSide; tx*TileSide < r.X+r.Width; tx++ {
				i := ty*l.across() + tx
				t := l.tile(i)
				x, y := max(r.X, t.X), max(r.Y, t.Y)
				w := min(r.X+r.Width, t.X+t.Width) - x
				h := min(r.Y+r.Height, t.Y+t.Height) - y
				p := rows.Rows{
					From:    int(((y-t.Y)*t.Width + x - t.X) * l.bpp),
					At:      (y-r.Y)*stride + (x-r.X)*l.bpp,
					Count:   int(h),
					Row:     int(w * l.bpp),
					Pitch:   int(t.Width * l.bpp),
					AtPitch: stride,
				}
				if p.Row == p.Pitch && int64(p.Row) == stride { // one run of bytes on both sides
					p.Row *= p.Count
					p.Count = 1
				}
				p.To = p.From + (p.Count-1)*p.Pitch + p.Row
				if !yield(piece{i, p}) {
					return
				}
			}
		}
	}
}

// A Rect is a rectangle of pixels: those from X, Y on, to the right and downwards.
type Rect struct{ X, Y, Width, Height int64 }

// PageSize is how many bytes a page has: a tile of 256 x 256 RGBA pixels. Only the last page of an
// allocation can be smaller. A page of a surface has the pixels of one tile, up to 1 MiB.
const PageSize = 256 << 10
