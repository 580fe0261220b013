package driver

// A Copier is a Buffer outside of the Go heap that can copy from others without passing the bytes through it.
type Copier interface {
	// CopyFrom copies the n bytes of src at srcOff to off, or returns false when it does not know that kind of
	// buffer.
	CopyFrom(off int, src Buffer, srcOff, n int) (bool, error)
}

// A RowCopier is a Buffer outside of the Go heap that can copy many rows in one go.
type RowCopier interface {
	// CopyRows copies rows of n bytes, which begin srcPitch bytes after each other in src, and pitch bytes here. It
	// returns false when it does not know that kind of buffer.
	CopyRows(off, pitch int, src Buffer, srcOff, srcPitch, n, rows int) (bool, error)
}

// A RowReader is a Buffer outside of the Go heap of which many rows can be read in one go.
type RowReader interface {
	// ReadRows copies rows of n bytes from off on, which begin srcPitch bytes after each other, to p, where they begin
	// pitch bytes after each other, or returns false when it can't.
	ReadRows(p []byte, pitch, off, srcPitch, n, rows int) (bool, error)
}

// Clear sets n bytes from off on to zero.
func Clear(b Buffer, off, n int) error {
	if n == 0 {
		return nil
	}
	return b.Clear(off, n)
}

// Copy copies n bytes of src from srcOff to dst at dstOff by the shortest way there is.
func Copy(dst Buffer, dstOff int, src Buffer, srcOff, n int) error {
	if n == 0 {
		return nil
	}
	if d, ok := dst.(Bytes); ok {
		return src.ReadAt(d[dstOff:dstOff+n], srcOff)
	}
	if s, ok := src.(Bytes); ok {
		return dst.WriteAt(s[srcOff:srcOff+n], dstOff)
	}
	if d, ok := dst.(Copier); ok {
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

// CopyRows copies rows of n bytes, which begin dstPitch and srcPitch bytes after each other.
func CopyRows(dst Buffer, dstOff, dstPitch int, src Buffer, srcOff, srcPitch, n, rows int) error {
	if rows == 1 || n == dstPitch && n == srcPitch {
		return Copy(dst, dstOff, src, srcOff, n*rows)
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
	if s, ok := src.(RowReader); ok && inHeap {
		if done, err := s.ReadRows(d[dstOff:], dstPitch, srcOff, srcPitch, n, rows); done || err != nil {
			return err
		}
	}
	if d, ok := dst.(RowCopier); ok {
		if done, err := d.CopyRows(dstOff, dstPitch, src, srcOff, srcPitch, n, rows); done || err != nil {
			return err
		}
	}
	for i := range rows {
		if err := Copy(dst, dstOff+i*dstPitch, src, srcOff+i*srcPitch, n); err != nil {
			return err
		}
	}
	return nil
}
