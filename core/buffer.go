package core

// A Buffer is a run of bytes, wherever it lies: in the Go heap ([Bytes]) or outside of it, such as
// in a JavaScript typed array. The cache moves bytes between buffers without knowing which kind they
// are, so that bytes on their way from a caller to a store need not pass through the Go heap.
//
// Ranges are the callee's to trust: the cache never asks for one outside of the buffer. A method may
// be called while the cache is locked, so it must not call back into the cache, and must not wait.
type Buffer interface {
	// Len is the number of bytes.
	Len() int
	// ReadAt fills p with the bytes from off on.
	ReadAt(p []byte, off int) error
	// WriteAt replaces the bytes from off on by those of p.
	WriteAt(p []byte, off int) error
	// Clear sets n bytes from off on to zero.
	Clear(off, n int) error
}

// foreignCopier is what a Buffer outside of the Go heap can do better than pass bytes through it.
type foreignCopier interface {
	// CopyFrom copies n bytes of src from srcOff to off, or answers false when it does not know
	// that kind of buffer.
	CopyFrom(off int, src Buffer, srcOff, n int) (bool, error)
}

// rowCopier is what a Buffer outside of the Go heap can do better than copy rows one by one.
type rowCopier interface {
	// CopyRows copies rows of n bytes of src, which begin pitch bytes after each other, or answers false
	// when it does not know that kind of buffer.
	CopyRows(off, pitch int, src Buffer, srcOff, srcPitch, n, rows int) (bool, error)
}

// rowReader is the same for a Buffer that is read.
type rowReader interface {
	// ReadRows copies rows of n bytes from off on, which begin srcPitch bytes after each other, to p, where they begin
	// pitch bytes after each other, or answers false when it can't.
	ReadRows(p []byte, pitch, off, srcPitch, n, rows int) (bool, error)
}

// A Keeper is a source of a write whose bytes belong to somebody else and are only valid during the
// call. Before the cache waits for the first time it asks the source to make a copy of its own.
type Keeper interface {
	Keep() error
}

// Bytes is a Buffer in the Go heap.
type Bytes []byte

// Len is the number of bytes.
func (b Bytes) Len() int { return len(b) }

// ReadAt fills p with the bytes from off on.
func (b Bytes) ReadAt(p []byte, off int) error { copy(p, b[off:]); return nil }

// WriteAt replaces the bytes from off on by those of p.
func (b Bytes) WriteAt(p []byte, off int) error { copy(b[off:], p); return nil }

// Clear sets n bytes from off on to zero.
func (b Bytes) Clear(off, n int) error { clear(b[off : off+n]); return nil }

// clearBuffer sets n bytes from off on to zero.
func clearBuffer(b Buffer, off, n int) error {
	if n == 0 {
		return nil
	}
	return b.Clear(off, n)
}

// CopyBuffer copies n bytes of src from srcOff to dst at dstOff by the shortest way there is.
func CopyBuffer(dst Buffer, dstOff int, src Buffer, srcOff, n int) error {
	if n == 0 {
		return nil
	}
	if d, ok := dst.(Bytes); ok {
		return src.ReadAt(d[dstOff:dstOff+n], srcOff)
	}
	if s, ok := src.(Bytes); ok {
		return dst.WriteAt(s[srcOff:srcOff+n], dstOff)
	}
	if d, ok := dst.(foreignCopier); ok {
		if done, err := d.CopyFrom(dstOff, src, srcOff, n); done || err != nil {
			return err
		}
	}
	p := make([]byte, n)
	if err := src.ReadAt(p, srcOff); err != nil {
		return err
	}
	return dst.WriteAt(p, dstOff)
}

// copyRows copies rows of n bytes, which begin pitch bytes after each other.
func copyRows(dst Buffer, dstOff, dstPitch int, src Buffer, srcOff, srcPitch, n, rows int) error {
	if rows == 1 || n == dstPitch && n == srcPitch {
		return CopyBuffer(dst, dstOff, src, srcOff, n*rows)
	}
	d, inHeap := dst.(Bytes)
	if s, ok := src.(Bytes); ok && inHeap {
		for range rows {
			copy(d[dstOff:dstOff+n], s[srcOff:])
			dstOff += dstPitch
			srcOff += srcPitch
		}
		return nil
	}
	if s, ok := src.(rowReader); ok && inHeap {
		if done, err := s.ReadRows(d[dstOff:], dstPitch, srcOff, srcPitch, n, rows); done || err != nil {
			return err
		}
	}
	if d, ok := dst.(rowCopier); ok {
		if done, err := d.CopyRows(dstOff, dstPitch, src, srcOff, srcPitch, n, rows); done || err != nil {
			return err
		}
	}
	for i := range rows {
		if err := CopyBuffer(dst, dstOff+i*dstPitch, src, srcOff+i*srcPitch, n); err != nil {
			return err
		}
	}
	return nil
}
