package core

import "context"

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
// It reads what the surface holds when its turn comes, whatever is written meanwhile.
//
// Errors: those of ReadRect; [RangeError] for shift and how.
func (t *Turn) ReadRectScaled(ctx context.Context, r Rect, shift int, how How, target func(n int64) (Buffer, error), o *CallOptions) error {
	var err error
	switch {
	case shift < 0 || shift > mostShift:
		err = outOfRange("shift", int64(shift), 0, mostShift)
	case how < Pick || how > Average:
		err = outOfRange("how", int64(how), int64(Pick), int64(Average))
	}
	if err != nil {
		t.giveUp()
		return err
	}
	// A snapshot of the moment is read, so that later calls need not wait.
	s, err := t.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.Dispose()
	whole := rect{Rect: r, length: -1}
	if err := whole.checkWhole(s); err != nil {
		return err
	}
	r = whole.Rect
	bpp, side := s.layout.bpp, int64(1)<<shift
	w, h := (r.Width+side-1)>>shift, (r.Height+side-1)>>shift
	dst, err := target(w * h * bpp)
	if err != nil {
		return err
	}
	d := reduction{s: s, rect: r, shift: shift, how: how}
	d.fetch(0, 0)
	for y := int64(0); y < r.Height; y += tileSide {
		for x := int64(0); x < r.Width; x += bandWidth {
			// While one band is reduced, the next one is fetched.
			if x+bandWidth < r.Width {
				d.fetch(x+bandWidth, y)
			} else {
				d.fetch(0, y+tileSide)
			}
			width, height := min(bandWidth, r.Width-x), min(tileSide, r.Height-y)
			if err := d.reduce(ctx, Rect{r.X + x, r.Y + y, width, height}); err != nil {
				return err
			}
			row := (width + side - 1) >> shift * bpp
			at := ((y>>shift)*w + x>>shift) * bpp
			if err := copyRows(dst, int(at), int(w*bpp), Bytes(d.out), 0, int(row), int(row), len(d.out)/int(row)); err != nil {
				return err
			}
			o.progress((y*r.Width+(x+width)*height)*bpp, r.Width*r.Height*bpp)
		}
	}
	return nil
}

// bandWidth is how many pixels are reduced, one tile after the other, before the result is told.
const bandWidth = 16 * tileSide

// A reduction is one ReadRectScaled under way.
type reduction struct {
	s     *Allocation
	rect  Rect
	shift int
	how   How
	tile  []byte
	out   []byte
}

// fetch begins to fetch what is on disk of the band at x, y of the rectangle.
func (d *reduction) fetch(x, y int64) {
	r := Rect{d.rect.X + x, d.rect.Y + y, min(bandWidth, d.rect.Width-x), min(tileSide, d.rect.Height-y)}
	if r.Height <= 0 {
		return
	}
	c := d.s.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	var f fetching
	for at := range d.s.layout.rectPieces(r, 0) {
		if p := d.s.pages.get(at.page); p != nil {
			f.add(p)
		}
	}
	c.disk.fetchSoon(f)
}

// reduce reduces a band, into out: piece by piece of the size of a tile, so that what is read lies as it does in the
// store.
func (d *reduction) reduce(ctx context.Context, band Rect) error {
	bpp, side := d.s.layout.bpp, int64(1)<<d.shift
	pitch := (band.Width + side - 1) >> d.shift * bpp
	d.out = grown(d.out, pitch*((band.Height+side-1)>>d.shift))
	for x := int64(0); x < band.Width; x += tileSide {
		r := Rect{band.X + x, band.Y, min(tileSide, band.Width-x), band.Height}
		dst := d.out[x>>d.shift*bpp:]
		if d.s.withPixels(r, func(src []byte, srcPitch int64) {
			reduce(dst, pitch, src, srcPitch, r.Width, r.Height, bpp, side, d.how)
		}) {
			continue
		}
		d.tile = grown(d.tile, r.Width*r.Height*bpp)
		if err := d.s.ReadRect(ctx, r, d.tile); err != nil {
			return err
		}
		reduce(dst, pitch, d.tile, r.Width*bpp, r.Width, r.Height, bpp, side, d.how)
	}
	return nil
}

// withPixels calls use with the bytes of a rectangle from its first pixel on, and how many bytes its rows are apart, if
// it lies in one tile and in memory. The cache is locked meanwhile.
func (a *Allocation) withPixels(r Rect, use func(p []byte, pitch int64)) bool {
	l := a.layout
	i := r.Y/tileSide*l.across() + r.X/tileSide
	t := l.tile(i)
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	p := a.pages.get(i)
	if p == nil || p.block == nil || r.X+r.Width > t.X+t.Width || r.Y+r.Height > t.Y+t.Height {
		return false
	}
	use(p.memory()[((r.Y-t.Y)*t.Width+r.X-t.X)*l.bpp:], t.Width*l.bpp)
	return true
}

func grown(p []byte, n int64) []byte {
	if int64(cap(p)) < n {
		return make([]byte, n)
	}
	return p[:n]
}

// reduce makes one pixel of dst of each square of src; their rows are so many bytes apart.
func reduce(dst []byte, dstPitch int64, src []byte, pitch, width, height, bpp, side int64, how How) {
	for y := int64(0); y < height; y += side {
		to := dst[y/side*dstPitch:]
		for x := int64(0); x < width; x += side {
			from := src[y*pitch+x*bpp:]
			if how == Pick {
				copy(to[:bpp], from)
			} else {
				w, h := min(side, width-x), min(side, height-y)
				sums := sumUp(from, int(pitch), int(w*bpp), int(h), int(bpp))
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
func sumUp(p []byte, pitch, row, rows, bpp int) (sums [16]uint32) {
	const mask = 0x00ff00ff00ff00ff
	words := 0
	if 8%bpp == 0 {
		words = row / 8 // at most 256
	}
	var even, odd uint64
	added := 0
	for y := range rows {
		line := p[y*pitch:][:row]
		if added += words; added > 257 { // more could overflow
			spread(&sums, even, odd, bpp)
			even, odd, added = 0, 0, words
		}
		for range words {
			b := line[:8]
			v := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
				uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
			even += v & mask
			odd += v >> 8 & mask
			line = line[8:]
		}
		for len(line) > 0 {
			for k, b := range line[:bpp] {
				sums[k] += uint32(b)
			}
			line = line[bpp:]
		}
	}
	spread(&sums, even, odd, bpp)
	return sums
}

// spread adds the lanes of two words to the channels that they are of.
func spread(sums *[16]uint32, even, odd uint64, bpp int) {
	for k := 0; k < 8; k += 2 {
		sums[k%bpp] += uint32(even & 0xffff)
		sums[(k+1)%bpp] += uint32(odd & 0xffff)
		even >>= 16
		odd >>= 16
	}
}
