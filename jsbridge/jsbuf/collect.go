//go:build js && wasm

package jsbuf

import (
	"context"
	"syscall/js"

	"asposecache/core/driver"
	"asposecache/jsbridge/webapi"
)

// Pieces returns what a source is made of: it is [driver.Pieces] or a [driver.Buffer].
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

// A Parcel is arrays to be transferred to another thread.
type Parcel struct {
	// Arrays is a JavaScript array of Uint8Arrays.
	Arrays js.Value
	// Bytes is how many bytes they have.
	Bytes int64

	buffers []*Buffer
}

// NewParcel returns an empty one.
func NewParcel() Parcel { return Parcel{Arrays: jsArray.New()} }

// Add puts the array of a buffer in it.
func (p *Parcel) Add(b *Buffer) {
	p.buffers = append(p.buffers, b)
	p.Arrays.Call("push", b.array)
	p.Bytes += int64(b.n)
}

// packBytes is how much is copied to a parcel before other tasks of the thread have a turn. To arrays that are made for it
// 2 MiB take some 5 ms, and to used ones 1.
const packBytes = 2 << 20

// Pack puts copies of sources in a parcel, and adds to copied how many bytes they have. If they are many it lets other tasks
// run meanwhile, and then the error can be that of ctx.
func (p *Pool) Pack(ctx context.Context, sources []driver.Source, copied *int64) (Parcel, error) {
	parcel := NewParcel()
	paused := int64(0)
	for _, src := range sources {
		if parcel.Bytes-paused >= packBytes {
			paused = parcel.Bytes
			webapi.Pause()
			if err := ctx.Err(); err != nil {
				return parcel, err
			}
		}
		b, err := p.Get(src.Len())
		if err != nil {
			return parcel, err
		}
		parcel.Add(b)
		*copied += int64(b.n)
		if err := b.Collect(src); err != nil {
			return parcel, err
		}
	}
	return parcel, nil
}

// PackEmpty puts arrays of any content in a parcel, for what comes back to be written to.
func (p *Pool) PackEmpty(sizes []int) (Parcel, error) {
	parcel := NewParcel()
	for _, n := range sizes {
		b, err := p.Get(n)
		if err != nil {
			return parcel, err
		}
		parcel.Add(b)
	}
	return parcel, nil
}

// Forget lets go of the arrays. Whoever has made the parcel calls it, also when they were not transferred.
func (p *Parcel) Forget() {
	for _, b := range p.buffers {
		b.Forget()
	}
	p.Arrays.Set("length", 0) // Go refers to it until it collects garbage, and it to them
}

// TakeBack keeps arrays that came back for reuse; what is no JavaScript array has none.
func (p *Pool) TakeBack(arrays js.Value) {
	if arrays.Type() != js.TypeObject {
		return
	}
	for i := range arrays.Length() {
		if b := Adopt(arrays.Index(i)); b != nil {
			p.Put(b)
		}
	}
	arrays.Set("length", 0)
}
