package core

import "slices"

// A Span is a range of bytes.
type Span struct{ Offset, Length int64 }

// Difference returns in which ranges of bytes two allocations of the same cache and size differ, neighbours merged, in
// order. It compares pages, not bytes: what both have from the same snapshot is equal, everything else counts as
// different. Writes that have not taken effect are not seen.
//
// Errors: [ArgumentError] when they are of different caches or sizes, or surfaces; [ErrDisposed]; [ErrClosed].
func Difference(a, b *Allocation) ([]Span, error) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	var spans []Span
	err := differ(a, b, false, func(i int64) {
		off := i * PageSize
		n := int64(a.pageLen(i))
		if k := len(spans) - 1; k >= 0 && spans[k].Offset+spans[k].Length == off {
			spans[k].Length += n
			return
		}
		spans = append(spans, Span{off, n})
	})
	return spans, err
}

// DifferenceRects is Difference for surfaces of the same width, height and bytes per pixel: the rectangles do not
// overlap, and are made of whole tiles.
func DifferenceRects(a, b *Allocation) ([]Rect, error) {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	var rects []Rect
	var y int64
	err := differ(a, b, true, func(i int64) {
		t := a.layout.tile(i)
		if t.Y != y {
			rects, y = mergeRows(rects, y), t.Y
		}
		if k := len(rects) - 1; k >= 0 && rects[k].Y == t.Y && rects[k].X+rects[k].Width == t.X {
			rects[k].Width += t.Width
			return
		}
		rects = append(rects, t)
	})
	return mergeRows(rects, y), err
}

// mergeRows merges the rectangles of the row of tiles at y with those above them that are as wide.
func mergeRows(rects []Rect, y int64) []Rect {
	kept := rects[:0]
	for _, r := range rects {
		merged := false
		if r.Y == y {
			for k := range kept {
				if kept[k].X == r.X && kept[k].Width == r.Width && kept[k].Y+kept[k].Height == y {
					kept[k].Height += r.Height
					merged = true
					break
				}
			}
		}
		if !merged {
			kept = append(kept, r)
		}
	}
	return kept
}

func differ(a, b *Allocation, tiled bool, found func(i int64)) error {
	c := a.cache
	if b.cache != c {
		return errOtherCache
	}
	switch {
	case c.closed:
		return ErrClosed
	case a.disposed || b.disposed:
		return ErrDisposed
	case tiled && !a.layout.tiled():
		return errNotTiled
	case !tiled && a.layout.tiled():
		return errTiled
	}
	if err := a.sameShape("b", b); err != nil {
		return err
	}
	one, other := &a.pages, &b.pages
	for i := range int64(max(len(one.dense), len(other.dense))) {
		if one.get(i) != other.get(i) {
			found(i)
		}
	}
	var far []int
	for i, p := range one.sparse {
		if other.sparse[i] != p {
			far = append(far, int(i))
		}
	}
	for i := range other.sparse {
		if one.sparse[i] == nil {
			far = append(far, int(i))
		}
	}
	slices.Sort(far)
	for _, i := range far {
		found(int64(i))
	}
	return nil
}
