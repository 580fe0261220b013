package core

import (
	"iter"

	"asposecache/core/driver"
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

// across and down are how many tiles there are.
func (l layout) across() int64 { return (l.width + TileSide - 1) / TileSide }
func (l layout) down() int64   { return (l.height + TileSide - 1) / TileSide }

// tile is the rectangle of tile number i.
func (l layout) tile(i int64) Rect {
	x, y := i%l.across()*TileSide, i/l.across()*TileSide
	return Rect{x, y, min(TileSide, l.width-x), min(TileSide, l.height-y)}
}

// pages is how many pages an allocation has.
func (a *Allocation) pageCount() int64 { return pageCount(a.layout, a.size) }

func pageCount(l layout, size int64) int64 {
	if l.tiled() {
		return l.across() * l.down()
	}
	return pagesOf(size)
}

// pageLen is how many bytes page i has.
func (a *Allocation) pageLen(i int64) int { return lengthOf(a.layout, a.size, i) }

func lengthOf(l layout, size, i int64) int {
	if l.tiled() {
		t := l.tile(i)
		return int(t.Width * t.Height * l.bpp)
	}
	return pageLen(size, i)
}

// pageStart is how many bytes the pages before page i have.
func (l layout) pageStart(i int64) int64 {
	if !l.tiled() {
		return i * PageSize
	}
	t := l.tile(i)
	return (t.Y*l.width + t.X*t.Height) * l.bpp
}

// pagesOf is how many pages size bytes in a row need.
func pagesOf(size int64) int64 { return (size + PageSize - 1) / PageSize }

// pageLen is how many bytes page i of size bytes in a row has.
func pageLen(size, i int64) int { return int(min(PageSize, size-i*PageSize)) }

// A piece is the part of a range, or of a rectangle, that lies in one page: rows of so many bytes, pitch
// bytes apart in the page and atPitch in what is read or written. A part of a range is one row.
type piece struct {
	page     int64 // number of the page
	from, to int   // within the page: where it begins, and where its last row ends
	at       int64 // within the range
	rows     int
	row      int
	pitch    int
	atPitch  int64
}

func (w piece) len() int { return w.rows * w.row }

// line is row i of a piece, and between what of a row lies in from, to.
func (w piece) line(i int) piece {
	from := w.from + i*w.pitch
	return piece{page: w.page, from: from, to: from + w.row, at: w.at + int64(i)*w.atPitch, rows: 1, row: w.row}
}

func (w piece) between(from, to int) piece {
	return piece{page: w.page, from: from, to: to, at: w.at + int64(from-w.from), rows: 1, row: to - from}
}

// solid tells whether there is nothing between the rows.
func (w piece) solid() bool { return w.rows == 1 || w.row == w.pitch }

// copyIn copies a piece of src to its place in a page that begins at begin of dst, copyOut the other way.
func (w piece) copyIn(dst driver.Buffer, begin int, src driver.Buffer) error {
	return driver.CopyRows(dst, begin+w.from, w.pitch, src, int(w.at), int(w.atPitch), w.row, w.rows)
}

func (w piece) copyOut(dst driver.Buffer, src driver.Buffer, begin int) error {
	return driver.CopyRows(dst, int(w.at), int(w.atPitch), src, begin+w.from, w.pitch, w.row, w.rows)
}

// clear clears a piece of dst.
func (w piece) clear(dst driver.Buffer) error {
	for i := range w.rows {
		if err := dst.Clear(int(w.at+int64(i)*w.atPitch), w.row); err != nil {
			return err
		}
	}
	return nil
}

// cut takes a piece out of spans of its page; within are the parts of the spans that are in it.
func (w piece) cut(spans []span) []span {
	for i := 0; i < w.rows && spans != nil; i++ {
		from := w.from + i*w.pitch
		spans = cut(spans, from, from+w.row)
	}
	return spans
}

func (w piece) within(spans []span) (in []span) {
	for i := 0; i < w.rows && spans != nil; i++ {
		from := w.from + i*w.pitch
		in = append(in, within(spans, from, from+w.row)...)
	}
	return in
}

// pieces are the pieces of n bytes from off on.
func pieces(off, n int64) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		for done := int64(0); done < n; {
			from := int((off + done) % PageSize)
			to := int(min(PageSize, int64(from)+n-done))
			if !yield(piece{page: (off + done) / PageSize, from: from, to: to, at: done, rows: 1, row: to - from}) {
				return
			}
			done += int64(to - from)
		}
	}
}

// rectPieces are the pieces of a rectangle, of which the rows are stride bytes apart outside.
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
				p := piece{
					page:    i,
					from:    int(((y-t.Y)*t.Width + x - t.X) * l.bpp),
					at:      (y-r.Y)*stride + (x-r.X)*l.bpp,
					rows:    int(h),
					row:     int(w * l.bpp),
					pitch:   int(t.Width * l.bpp),
					atPitch: stride,
				}
				if p.row == p.pitch && int64(p.row) == stride { // one run of bytes on both sides
					p.row *= p.rows
					p.rows = 1
				}
				p.to = p.from + (p.rows-1)*p.pitch + p.row
				if !yield(p) {
					return
				}
			}
		}
	}
}
