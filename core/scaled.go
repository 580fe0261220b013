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
	var band, out []byte
	total := r.Width * r.Height * bpp
	var done int64
	for y := int64(0); y < r.Height; y += tileSide {
		for x := int64(0); x < r.Width; {
			part := Rect{r.X + x, r.Y + y, min(tileSide, r.Width-x), min(tileSide, r.Height-y)}
			reducePart := func(src []byte, pitch int64) {
				out = grown(out, (part.Width+side-1)>>shift*((part.Height+side-1)>>shift)*bpp)
				reduce(out, src, pitch, part.Width, part.Height, bpp, side, how)
			}
			if !s.withPixels(part, reducePart) {
				// Bands of whole squares, as wide as the store is asked for at a time.
				part.Width = min(max(1, bandBytes/(tileSide*tileSide*bpp))*tileSide, r.Width-x)
				band = grown(band, part.Width*part.Height*bpp)
				if err := s.Turn().ReadRect(ctx, part, func(int64) (Buffer, error) { return Bytes(band), nil }, nil); err != nil {
					return err
				}
				reducePart(band, part.Width*bpp)
			}
			row := (part.Width + side - 1) >> shift * bpp
			at := ((y>>shift)*w + x>>shift) * bpp
			if err := copyRows(dst, int(at), int(w*bpp), Bytes(out), 0, int(row), int(row), len(out)/int(row)); err != nil {
				return err
			}
			done += part.Width * part.Height * bpp
			o.progress(done, total)
			x += part.Width
		}
	}
	return nil
}

// bandBytes is how much is read of what is not in memory before it is reduced.
const bandBytes = 2 * readWindow

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

// reduce makes one pixel of each square of src, of which the rows are pitch bytes apart.
func reduce(dst, src []byte, pitch, width, height, bpp, side int64, how How) {
	at := 0
	for y := int64(0); y < height; y += side {
		for x := int64(0); x < width; x += side {
			square := src[y*pitch+x*bpp:]
			if how == Pick {
				at += copy(dst[at:at+int(bpp)], square)
				continue
			}
			w, h := min(side, width-x), min(side, height-y)
			sums := sumUp(square, int(pitch), int(w*bpp), int(h), int(bpp))
			n := uint32(w * h)
			for k := range bpp {
				dst[at] = byte((sums[k] + n/2) / n)
				at++
			}
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
