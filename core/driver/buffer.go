package driver

// A Buffer is a run of bytes, wherever it lies: in the Go heap ([Bytes]) or outside of it, such as
// in a JavaScript typed array. The cache moves bytes between buffers without knowing which kind they
// are, so that bytes on their way from a caller to a store need not pass through the Go heap.
//
// The cache never passes a range outside of the buffer, so methods need not check. A method may be called
// with the cache's lock held, so it must not call back into the cache, and must not wait.
type Buffer interface {
	// Len returns the number of bytes.
	Len() int
	// ReadAt fills p with the bytes from off on.
	ReadAt(p []byte, off int) error
	// WriteAt replaces the bytes from off on by those of p.
	WriteAt(p []byte, off int) error
	// Clear sets n bytes from off on to zero.
	Clear(off, n int) error
}

// Bytes is a Buffer in the Go heap.
type Bytes []byte

// Len returns the number of bytes.
func (b Bytes) Len() int { return len(b) }

// ReadAt fills p with the bytes from off on.
func (b Bytes) ReadAt(p []byte, off int) error { copy(p, b[off:]); return nil }

// WriteAt replaces the bytes from off on by those of p.
func (b Bytes) WriteAt(p []byte, off int) error { copy(b[off:], p); return nil }

// Clear sets n bytes from off on to zero.
func (b Bytes) Clear(off, n int) error { clear(b[off : off+n]); return nil }
