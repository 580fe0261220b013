package driver

// A Source is a run of bytes that can be read.
type Source interface {
	// Len returns the number of bytes.
	Len() int
	// ReadAt fills p with the bytes from off on.
	ReadAt(p []byte, off int) error
}

// Pieces are pieces of buffers, end to end.
type Pieces []Piece

// A Piece is Size bytes of a buffer, from Off on.
type Piece struct {
	Buffer    Buffer
	Off, Size int
}

// Len returns the number of bytes.
func (ps Pieces) Len() (n int) {
	for _, p := range ps {
		n += p.Size
	}
	return n
}

// ReadAt fills b with the bytes from off on.
func (ps Pieces) ReadAt(b []byte, off int) error {
	for _, p := range ps {
		if off < p.Size {
			n := min(len(b), p.Size-off)
			if err := p.Buffer.ReadAt(b[:n], p.Off+off); err != nil {
				return err
			}
			b, off = b[n:], p.Size
		}
		off -= p.Size
	}
	return nil
}
