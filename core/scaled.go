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
	// Bands of whole squares, as high as a tile and as wide as two.
	band := make([]byte, 0)
	out := make([]byte, 0)
	const step = tileSide
	total := r.Width * r.Height * bpp
	var done int64
	for y := int64(0); y < r.Height; y += step {
		for x := int64(0); x < r.Width; x += step {
			part := Rect{r.X + x, r.Y + y, min(step, r.Width-x), min(step, r.Height-y)}
			band = grown(band, part.Width*part.Height*bpp)
			if err := s.Turn().ReadRect(ctx, part, func(int64) (Buffer, error) { return Bytes(band), nil }, nil); err != nil {
				return err
			}
			pw, ph := (part.Width+side-1)>>shift, (part.Height+side-1)>>shift
			out = grown(out, pw*ph*bpp)
			reduce(out, band, part.Width, part.Height, bpp, side, how)
			at := ((y>>shift)*w + x>>shift) * bpp
			if err := copyRows(dst, int(at), int(w*bpp), Bytes(out), 0, int(pw*bpp), int(pw*bpp), int(ph)); err != nil {
				return err
			}
			done += int64(len(band))
			o.progress(done, total)
		}
	}
	return nil
}

func grown(p []byte, n int64) []byte {
	if int64(cap(p)) < n {
		return make([]byte, n)
	}
	return p[:n]
}

// reduce makes one pixel of each square of src.
func reduce(dst, src []byte, width, height, bpp, side int64, how How) {
	var sums [16]uint32
	at := 0
	for y := int64(0); y < height; y += side {
		for x := int64(0); x < width; x += side {
			if how == Pick {
				at += copy(dst[at:at+int(bpp)], src[(y*width+x)*bpp:])
				continue
			}
			w, h := min(side, width-x), min(side, height-y)
			clear(sums[:])
			for j := range h {
				row := src[((y+j)*width+x)*bpp:][:w*bpp]
				for len(row) > 0 {
					for k, b := range row[:bpp] {
						sums[k] += uint32(b)
					}
					row = row[bpp:]
				}
			}
			n := uint32(w * h)
			for k := range bpp {
				dst[at] = byte((sums[k] + n/2) / n)
				at++
			}
		}
	}
}
