// Package rows copies rows of bytes, such as those of a rectangle of pixels, between a page and what is read or written.
package rows

import "asposecache/core/driver"

// Rows are rows of Row bytes that lie in one page. They begin Pitch bytes after each other in the page, and AtPitch in
// the buffer outside, the caller's. A range of bytes is one row.
type Rows struct {
	From, To int   // in the page: where the first row begins, and where the last one ends
	At       int64 // in the buffer outside: where the first row begins
	Count    int
	Row      int // bytes of a row
	Pitch    int
	AtPitch  int64
}

// Len returns how many bytes the rows have.
func (r Rows) Len() int { return r.Count * r.Row }

// Line returns row i.
func (r Rows) Line(i int) Rows {
	from := r.From + i*r.Pitch
	return Rows{From: from, To: from + r.Row, At: r.At + int64(i)*r.AtPitch, Count: 1, Row: r.Row}
}

// Lines returns the rows one by one.
func (r Rows) Lines() (all []Rows) {
	for i := range r.Count {
		all = append(all, r.Line(i))
	}
	return all
}

// Between returns what of a single row lies from byte from to byte to of the page.
func (r Rows) Between(from, to int) Rows {
	return Rows{From: from, To: to, At: r.At + int64(from-r.From), Count: 1, Row: to - from}
}

// Solid reports whether there is nothing between the rows.
func (r Rows) Solid() bool { return r.Count == 1 || r.Row == r.Pitch }

// CopyIn copies the rows from src, the buffer outside, to their place in a page that begins at begin of dst.
func (r Rows) CopyIn(dst driver.Buffer, begin int, src driver.Buffer) error {
	return driver.CopyRows(dst, begin+r.From, r.Pitch, src, int(r.At), int(r.AtPitch), r.Row, r.Count)
}

// CopyOut copies the rows to dst, the buffer outside, from a page that begins at begin of src.
func (r Rows) CopyOut(dst driver.Buffer, src driver.Buffer, begin int) error {
	return driver.CopyRows(dst, int(r.At), int(r.AtPitch), src, begin+r.From, r.Pitch, r.Row, r.Count)
}

// Clear clears the rows in dst, the buffer outside.
func (r Rows) Clear(dst driver.Buffer) error {
	for i := range r.Count {
		if err := dst.Clear(int(r.At+int64(i)*r.AtPitch), r.Row); err != nil {
			return err
		}
	}
	return nil
}
