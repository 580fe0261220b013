//go:build js && wasm

package jsbuf

import (
	"syscall/js"

	"asposecache/core/driver"
)

// Pieces are what a source is made of.
func Pieces(src driver.Source) driver.Pieces {
	if all, ok := src.(driver.Pieces); ok {
		return all
	}
	return driver.Pieces{{Buffer: src.(driver.Buffer), Size: src.Len()}}
}

// Collect copies the bytes of a source to the beginning of the buffer.
func (b *Buffer) Collect(src driver.Source) error {
	at := 0
	for _, p := range Pieces(src) {
		if err := driver.Copy(b, at, p.Buffer, p.Off, p.Size); err != nil {
			return err
		}
		at += p.Size
	}
	return nil
}

// Copies are copies of sources, to be transferred to another thread. The arrays are a JavaScript array of them; forget
// is to be called when they were transferred, and in any case.
func Copies(sources []driver.Source) (arrays js.Value, bytes int, forget func(), err error) {
	copies := make([]*Buffer, 0, len(sources))
	forget = func() {
		for _, b := range copies {
			b.Forget()
		}
		arrays.Set("length", 0) // Go refers to it until it collects garbage, and it to them
	}
	arrays = js.Global().Get("Array").New()
	for _, src := range sources {
		b, err := New(src.Len())
		if err != nil {
			return arrays, 0, forget, err
		}
		copies = append(copies, b)
		if err := b.Collect(src); err != nil {
			return arrays, 0, forget, err
		}
		arrays.Call("push", b.array)
		bytes += b.n
	}
	return arrays, bytes, forget, nil
}
