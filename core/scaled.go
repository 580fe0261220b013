package core

import (
	"context"

	"asposecache/core/disk"
	"asposecache/core/driver"
)

// How says how several pixels become one.
type How int

const (
	// Pick takes the first pixel of each square.
	Pick How = iota
	// Average takes the mean of each channel over the square, rounded. Every byte of a pixel is a channel of 8
	// bits; alpha is one like the others, so colours should be premultiplied.
	Average
)

// mostShift is the largest reduction: a tile becomes one pixel.
const mostShift = 8

// ReadRectScaled reads a rectangle reduced by 2^shift in both directions, without a buffer for all of it: tile by tile.
// The squares begin at the corner of the rectangle; at its right and bottom they are as large as there is room. target is
// called for the bytes of ceil(width/2^shift) x ceil(height/2^shift) pixels.
//
// It reads a snapshot of the surface in its turn. Where some of that is on disk later calls need not wait; where all of it
// is in memory they do, for they could find no room for copies of pages that only the snapshot shares.
//
// Errors: those of ReadRect; [RangeError] for shift and how.
func (t *Turn) ReadRectScaled(ctx context.Context, r Rect, shift int, how How, target func(n int64) (driver.Buffer, error), o *CallOptions) error {
	c := t.a.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	defer t.end()
	switch {
	case shift < 0 || shift > mostShift:
		return outOfRange("shift", int64(shift), 0, mostShift)
	case how < Pick || how > Average:
		return outOfRange("how", int64(how), int64(Pick), int64(Average))
	}
	if err := t.begin(ctx); err != nil {
		return err
	}
	s, err := t.a.snapshot()
	if err != nil {
		return err
	}
	c.spillAhead(t.settings, WhyCopy, stretch{})
	defer s.dispose()
	if s.touchesDisk() {
		t.end()
	}
	whole := rect{Rect: r, length: -1}
	if err := whole.checkWhole(s); err != nil {
		return err
	}
	r = whole.Rect
	bpp, side := s.layout.bpp, int64(1)<<shift
	w, h := (r.Width+side-1)>>shift, (r.Height+side-1)>>shift
	var dst driver.Buffer
	if c.unlocked(func() { dst, err = target(w * h * bpp) }); err != nil {
		return err
	}
	d := reduction{s: s, rect: r, shift: shift, how: how}
	d.fetch(0, 0)
	for y := int64(0); y < r.Height; y += TileSide {
		for x := int64(0); x < r.Width; {
			band := d.band(x, y)
			width, height := band.Width, band.Height
			// While one band is reduced, the next one is fetched.
			if x+width < r.Width {
				d.fetch(x+width, y)
			} else {
				d.fetch(0, y+TileSide)
			}
			if err := d.reduce(ctx, band); err != nil {
				return err
			}
			row := (width + side - 1) >> shift * bpp
			at := ((y>>shift)*w + x>>shift) * bpp
			if err := driver.CopyRows(dst, int(at), int(w*bpp), driver.Bytes(d.out), 0, int(row), int(row), len(d.out)/int(row)); err != nil {
				return err
			}
			x += width
			c.progress(ctx, o, (y*r.Width+x*height)*bpp, r.Width*r.Height*bpp)
		}
	}
	return nil
}

// bandWidth is how many pixels are reduced, one tile after the other, before the result is copied to the target.
const bandWidth = 16 * TileSide

// A reduction is one ReadRectScaled under way.
type reduction struct {
	s     *Allocation
	rect  Rect
	shift int
	how   How
	tile  []byte
	out   []byte

	stretch stretch
}

// band returns what is reduced together from x, y of the rectangle on. Where there is nothing it is wider, so that a
// surface that is nearly empty takes the time of what is in it.
func (d *reduction) band(x, y int64) Rect {
	r := d.narrow(x, y)
	if !d.s.isBlank(r) {
		return r
	}
	for r.Width < bandWidth<<d.shift {
		more := d.narrow(x+r.Width, y)
		if more.Width <= 0 || !d.s.isBlank(more) {
			break
		}
		r.Width += more.Width
	}
	return r
}

// narrow returns a band of the usual width, as far as there is room for it.
func (d *reduction) narrow(x, y int64) Rect {
	return Rect{d.rect.X + x, d.rect.Y + y, min(bandWidth, d.rect.Width-x), min(TileSide, d.rect.Height-y)}
}

// fetch begins to fetch what is on disk of the band at x, y of the rectangle.
func (d *reduction) fetch(x, y int64) {
	r := d.narrow(x, y)
	if r.Height <= 0 || d.s.isBlank(r) {
		return
	}
	d.s.cache.disk.FetchSoon(func(yield func(*disk.Image) bool) {
		for at := range d.s.layout.rectPieces(r, 0) {
			if p := d.s.pages.get(at.page); p != nil && p.block == nil && !yield(p.image) {
				return
			}
		}
	})
}

// reduce reduces a band, into out: piece by piece of the size of a tile, so that what is read lies as it does in the
// store.
func (d *reduction) reduce(ctx context.Context, band Rect) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := d.s.ended(); err != nil { // or all of it would look as if it was never written
		return err
	}
	bpp, side := d.s.layout.bpp, int64(1)<<d.shift
	pitch := (band.Width + side - 1) >> d.shift * bpp
	d.out = ofLength(d.out, pitch*((band.Height+side-1)>>d.shift))
	if d.s.isBlank(band) {
		d.s.cache.restAfter(ctx, &d.stretch)
		clear(d.out)
		return nil
	}
	for x := int64(0); x < band.Width; x += TileSide {
		d.s.cache.restAfter(ctx, &d.stretch)
		r := Rect{band.X + x, band.Y, min(TileSide, band.Width-x), band.Height}
		d.stretch.bytes += int(r.Width * r.Height * bpp)
		dst := d.out[x>>d.shift*bpp:]
		if d.s.withPixels(r, func(src []byte, srcPitch int64) {
			reduce(dst, pitch, src, srcPitch, r.Width, r.Height, bpp, side, d.how)
		}) {
			continue
		}
		d.tile = ofLength(d.tile, r.Width*r.Height*bpp)
		var err error
		if d.s.cache.unlocked(func() { err = d.s.ReadRect(ctx, r, d.tile) }); err != nil {
			return err
		}
		reduce(dst, pitch, d.tile, r.Width*bpp, r.Width, r.Height, bpp, side, d.how)
	}
	return nil
}

// isBlank reports whether no tile that a rectangle touches was ever written.
func (a *Allocation) isBlank(r Rect) bool {
	across := a.layout.across()
	for y := r.Y / TileSide; y*TileSide < r.Y+r.Height; y++ {
		if !a.pages.isEmpty(y*across+r.X/TileSide, y*across+(r.X+r.Width-1)/TileSide+1) {
			return false
		}
	}
	return true
}

// withPixels calls use with the bytes of a rectangle from its first pixel on, and how many bytes its rows are apart, if
// it lies in one tile and in memory. It reports whether it does.
func (a *Allocation) withPixels(r Rect, use func(p []byte, pitch int64)) bool {
	l := a.layout
	i := r.Y/TileSide*l.across() + r.X/TileSide
	t := l.tile(i)
	p := a.pages.get(i)
	if p == nil || p.block == nil || r.X+r.Width > t.X+t.Width || r.Y+r.Height > t.Y+t.Height {
		return false
	}
	use(p.memory()[((r.Y-t.Y)*t.Width+r.X-t.X)*l.bpp:], t.Width*l.bpp)
	return true
}

// ofLength returns n bytes of any content, in p if it is large enough.
func ofLength(p []byte, n int64) []byte {
	if int64(cap(p)) < n {
		return make([]byte, n)
	}
	return p[:n]
}

// reduce makes one pixel of dst of each square of src; their rows are dstPitch and pitch bytes apart.
func reduce(dst []byte, dstPitch int64, src []byte, pitch, width, height, bpp, side int64, how How) {
	for y := int64(0); y < height; y += side {
		to := dst[y/side*dstPitch:]
		for x := int64(0); x < width; x += side {
			from := src[y*pitch+x*bpp:]
			if how == Pick {
				copy(to[:bpp], from)
			} else {
				w, h := min(side, width-x), min(side, height-y)
				var sums [16]uint32
				sumUp(&sums, from, int(pitch), int(w*bpp), int(h), int(bpp))
				n := uint32(w * h)
				for k := range bpp {
					to[k] = byte((sums[k] + n/2) / n)
				}
			}
			to = to[bpp:]
		}
	}
}

// sumUp adds the pixels of a square up, of which the rows have row bytes, channel by channel. Where pixels fill words
// of 8 bytes, all bytes of a word are added at once, in lanes of 16 bits.
func sumUp(sums *[16]uint32, p []byte, pitch, row, rows, bpp int) {
	const mask = 0x00ff00ff00ff00ff
	words := 0
	if 8%bpp == 0 {
		words = row / 8 // at most 256
	}
	p = p[:(rows-1)*pitch+row] // it has them all, which word does not look at
	var even, odd uint64
	added := 0
	for at := 0; at < len(p); at += pitch {
		if added += words; added > 257 { // more could overflow
			spread(sums, even, odd, bpp)
			even, odd, added = 0, 0, words
		}
		i, end := at, at+8*words
		for ; i+64 <= end; i += 64 { // a jump takes longer than a word
			a, b, c, d := word(p, i), word(p, i+8), word(p, i+16), word(p, i+24)
			even += a&mask + b&mask + c&mask + d&mask
			odd += a>>8&mask + b>>8&mask + c>>8&mask + d>>8&mask
			a, b, c, d = word(p, i+32), word(p, i+40), word(p, i+48), word(p, i+56)
			even += a&mask + b&mask + c&mask + d&mask
			odd += a>>8&mask + b>>8&mask + c>>8&mask + d>>8&mask
		}
		for ; i < end; i += 8 {
			v := word(p, i)
			even += v & mask
			odd += v >> 8 & mask
		}
		for ; i < at+row; i += bpp {
			for k, b := range p[i:][:bpp] {
				sums[k] += uint32(b)
			}
		}
	}
	spread(sums, even, odd, bpp)
}

// spread adds the lanes of two words to the channels that they are of: 1, 2, 4 or 8 of them, or the words are 0. It is
// written out, for small squares have little else.
func spread(sums *[16]uint32, even, odd uint64, bpp int) {
	m := bpp - 1
	sums[0] += uint32(even & 0xffff)
	sums[1&m] += uint32(odd & 0xffff)
	sums[2&m] += uint32(even >> 16 & 0xffff)
	sums[3&m] += uint32(odd >> 16 & 0xffff)
	sums[4&m] += uint32(even >> 32 & 0xffff)
	sums[5&m] += uint32(odd >> 32 & 0xffff)
	sums[6&m] += uint32(even >> 48)
	sums[7&m] += uint32(odd >> 48)
}
