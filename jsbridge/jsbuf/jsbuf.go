//go:build js && wasm

// Package jsbuf makes JavaScript's typed arrays a [driver.Buffer], so that bytes can go from a caller's
// array to IndexedDB, and back, without passing through the memory of the Go program.
//
// JavaScript can take the memory of an array away at any time, by transferring or resizing its
// buffer. Every method notices and returns [ErrDetached]. No exception leaves as a panic.
package jsbuf

import (
	"errors"
	"runtime"
	"syscall/js"
	"unsafe"

	"asposecache/core/driver"
)

var (
	// ErrDetached: the memory of an array is gone, transferred or resized by who owns it.
	ErrDetached = errors.New("the array's memory was transferred or resized")
	// ErrReleased: the buffer was used after Release, Forget or Move.
	ErrReleased = errors.New("the buffer was released")
	// ErrNoMemory: JavaScript has no memory for an array.
	ErrNoMemory = errors.New("JavaScript has no memory for an array")
	// ErrNotBytes: a value is no ArrayBuffer, no SharedArrayBuffer and no view of one.
	ErrNotBytes = errors.New("not an ArrayBuffer or a view of one")
)

// A Buffer is a Uint8Array. Make it with [New], [Of], [Adopt] or [Lent].
type Buffer struct {
	array js.Value // undefined once released
	n     int
	whole bool // known to be all of an ArrayBuffer
}

var _ driver.Buffer = (*Buffer)(nil)

// New makes an array of n zero bytes.
func New(n int) (*Buffer, error) {
	var array js.Value
	if err := try(func() { array = uint8Array.New(n) }); err != nil {
		return nil, &jsError{ErrNoMemory, err}
	}
	return &Buffer{array: array, n: n, whole: true}, nil
}

// Of wraps what a caller calls bytes: an ArrayBuffer, a SharedArrayBuffer or any view, of whatever
// frame. The bytes stay the caller's.
//
// It asks with the getters of the language, not with properties that the object may have itself, and
// makes a plain array of this frame, the only kind whose methods can be relied on. It does not ask for
// the Type of v, which panics for a BigInt.
func Of(v js.Value) (*Buffer, error) {
	kinds := buffers
	if arrayBuffer.Call("isView", v).Bool() {
		kinds = views
	}
	for _, k := range kinds {
		var n int
		if try(func() { n = k.byteLength.Call("call", v).Int() }) != nil {
			continue // another kind
		}
		b := &Buffer{n: n}
		err := try(func() {
			if k.buffer.IsUndefined() {
				b.array = uint8Array.New(v, 0, n)
			} else {
				b.array = uint8Array.New(k.buffer.Call("call", v), k.byteOffset.Call("call", v), n)
			}
		})
		if err != nil {
			return nil, &jsError{ErrDetached, err}
		}
		return b, nil
	}
	return nil, ErrNotBytes
}

// Adopt returns a Buffer for v, a Uint8Array that nobody else uses meanwhile. It returns nil if v is anything else.
//
// In tests that play a browser, a structured clone can be of another frame.
func Adopt(v js.Value) *Buffer {
	if v.InstanceOf(uint8Array) {
		return &Buffer{array: v, n: v.Get("length").Int()}
	}
	if tag := typedArrayTag.Call("call", v); tag.IsUndefined() || tag.String() != "Uint8Array" {
		return nil
	}
	b, _ := Of(v)
	return b
}

// Lent makes a Uint8Array of n bytes a Buffer without a look at it.
func Lent(v js.Value, n int) *Buffer { return &Buffer{array: v, n: n} }

// Len returns the number of bytes that the array had when the Buffer was made.
func (b *Buffer) Len() int { return b.n }

// ReadAt fills p with the bytes from off on.
func (b *Buffer) ReadAt(p []byte, off int) error {
	if len(p) == 0 {
		return nil
	}
	if done, err := b.ReadRows(p, len(p), off, len(p), len(p), 1); done || err != nil {
		return err
	}
	src, err := b.view(off, len(p))
	if err != nil {
		return err
	}
	if js.CopyBytesToGo(p, src) != len(p) {
		return ErrDetached
	}
	return nil
}

// WriteAt replaces the bytes from off on by those of p.
func (b *Buffer) WriteAt(p []byte, off int) error {
	if len(p) == 0 {
		return nil
	}
	if done, err := b.copyBytes(driver.Bytes(p), 0, len(p), off, len(p), len(p), 1, toArray); done || err != nil {
		return err
	}
	dst, err := b.view(off, len(p))
	if err != nil {
		return err
	}
	if js.CopyBytesToJS(dst, p) != len(p) {
		return ErrDetached
	}
	return nil
}

// Clear sets n bytes from off on to zero.
func (b *Buffer) Clear(off, n int) error {
	array, err := b.Array()
	if err != nil {
		return err
	}
	return try(func() { array.Call("fill", 0, off, off+n) })
}

// A viewer is a Buffer, or what embeds one.
type viewer interface {
	Array() (js.Value, error)
	unchecked() js.Value
	view(off, n int) (js.Value, error)
}

// unchecked returns the array, whatever has become of it.
func (b *Buffer) unchecked() js.Value { return b.array }

// CopyFrom copies n bytes of src, from srcOff on, to off. It returns false if src is not an array.
func (b *Buffer) CopyFrom(off int, src driver.Buffer, srcOff, n int) (bool, error) {
	if done, err := b.CopyRows(off, n, src, srcOff, n, n, 1); done || err != nil {
		return done, err
	}
	from, ok := src.(viewer)
	if !ok {
		return false, nil
	}
	dst, err := b.Array()
	if err != nil {
		return true, err
	}
	view, err := from.view(srcOff, n)
	if err != nil {
		return true, err
	}
	return true, try(func() { dst.Call("set", view, off) })
}

// CopyRows is CopyFrom for rows of n bytes, which begin pitch bytes after each other.
//
// The arrays are not looked at before, which would take longer than to copy a little: the function throws, and has
// copied nothing, when bytes are not there. That an array has grown does not matter to it.
func (b *Buffer) CopyRows(off, pitch int, src driver.Buffer, srcOff, srcPitch, n, rows int) (bool, error) {
	if p, ok := src.(driver.Bytes); ok {
		return b.copyBytes(p, srcOff, srcPitch, off, pitch, n, rows, toArray)
	}
	from, ok := src.(viewer)
	if !ok || copyRows.IsUndefined() {
		return false, nil
	}
	err := try(func() {
		copyRows.Invoke(b.array, off, pitch, from.unchecked(), srcOff, srcPitch, n, rows)
	})
	if err == nil {
		return true, nil
	}
	for _, array := range []viewer{b, from} {
		if _, why := array.Array(); why != nil {
			return true, why
		}
	}
	return true, err
}

// ReadRows copies rows of n bytes from off on, which begin srcPitch bytes after each other, to p, where they begin pitch
// bytes after each other. It returns false without copyBytes; see Use.
func (b *Buffer) ReadRows(p []byte, pitch, off, srcPitch, n, rows int) (bool, error) {
	return b.copyBytes(p, 0, pitch, off, srcPitch, n, rows, toBytes)
}

// The directions of copyBytes.
const (
	toArray = true
	toBytes = false
)

// copyBytes copies rows between p, which is in the program's own memory, and the array, in the direction to: in one
// call for all of them, and without a view of each, which would be an object for both garbage collectors.
func (b *Buffer) copyBytes(p driver.Bytes, at, pitch, off, arrayPitch, n, rows int, to bool) (bool, error) {
	if copyBytes.IsUndefined() {
		return false, nil
	}
	_ = p[at : at+(rows-1)*pitch+n] // they are there
	address := uintptr(unsafe.Pointer(unsafe.SliceData(p))) + uintptr(at)
	err := try(func() { copyBytes.Invoke(b.array, off, arrayPitch, address, pitch, n, rows, to) })
	runtime.KeepAlive(p)
	if err == nil {
		return true, nil
	}
	if _, why := b.Array(); why != nil {
		return true, why
	}
	return true, err
}

// copyRows copies rows of one array to another, copyBytes between an array and the program's memory, forget takes an
// array away from the program; see Use.
var copyRows, copyBytes, forget js.Value

// Use gives the package functions of the JavaScript object that started the program. Without one, what it does takes
// longer.
//
//	copyRows(target, offset, pitch, source, sourceOffset, sourcePitch, length, rows)
//
// copies rows of a Uint8Array to another, or throws before if the source does not have all of them, or the target not
// the room. So it takes one call to copy.
//
//	copyBytes(array, offset, pitch, address, addressPitch, length, rows, toArray)
//
// does the same between a Uint8Array and the memory of this program.
//
//	forget(array)
//
// has the program no longer keep the array from being freed.
func Use(host js.Value) {
	copyRows, copyBytes, forget = host.Get("copyRows"), host.Get("copyBytes"), host.Get("forget")
}

// Array returns the Uint8Array, with all of its memory there.
func (b *Buffer) Array() (js.Value, error) {
	if b.array.IsUndefined() {
		return js.Undefined(), ErrReleased
	}
	if b.array.Get("length").Int() != b.n {
		return js.Undefined(), ErrDetached
	}
	return b.array, nil
}

// view returns the array, or a part of it.
//
// That the memory is there must be known before: syscall/js copies without a net, and an exception
// out of its copying would end the program.
func (b *Buffer) view(off, n int) (js.Value, error) {
	array, err := b.Array()
	if err != nil || off == 0 && n == b.n {
		return array, err
	}
	var part js.Value
	err = try(func() { part = array.Call("subarray", off, off+n) })
	return part, err
}

// Whole reports whether the array is all of an ArrayBuffer. Only then does a structured clone of it
// take no more than its own bytes.
func (b *Buffer) Whole() bool {
	if !b.whole && !b.array.IsUndefined() {
		buffer := b.array.Get("buffer")
		b.whole = buffer.InstanceOf(arrayBuffer) && buffer.Get("byteLength").Int() == b.n
	}
	return b.whole
}

// Move makes a new Buffer of the array. The old one no longer has it.
func (b *Buffer) Move() *Buffer {
	moved := *b
	b.array = js.Undefined()
	return &moved
}

// Release frees the memory of the array, which must be nobody else's.
//
// The browser frees an array when neither side refers to it, and the Go program drops references only
// when its own garbage collector gets round to it, which knows nothing of the bytes behind them.
// Where browsers can transfer a buffer, its memory is freed at once, and elsewhere when JavaScript's collector
// gets round to it. A nil Buffer has no memory.
func (b *Buffer) Release() {
	if b == nil || b.array.IsUndefined() {
		return
	}
	if canTransfer {
		// A buffer that can't be transferred is left to the garbage collectors.
		_ = try(func() { b.array.Get("buffer").Call("transfer", 0) })
	}
	b.Forget()
}

// Forget lets go of the array, whose memory has become somebody else's.
func (b *Buffer) Forget() {
	if !forget.IsUndefined() {
		forget.Invoke(b.array)
	}
	b.array = js.Undefined()
}
