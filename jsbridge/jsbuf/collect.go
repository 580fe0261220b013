//go:build js && wasm

package jsbuf

import (
	"context"
	"syscall/js"
	"time"

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
	copied  *int64 // counts them; nil: nothing does
}

// NewParcel returns an empty one.
func NewParcel() Parcel { return Parcel{Arrays: jsArray.New()} }

// Add puts the array of a buffer in it.
func (p *Parcel) Add(b *Buffer) {
	p.buffers = append(p.buffers, b)
	p.Arrays.Call("push", b.array)
	p.Bytes += int64(b.n)
}

// PackTime is how long copies are made before other tasks of the thread have a turn. Copying 8 MiB takes some 20 ms to new
// arrays, and 4 ms to used ones. It is a time because a pause takes as long as the tasks that have a turn: beside tasks of
// 16 ms each, 64 MiB went to a file in 435 ms with a pause after every 2 MiB, in 269 ms with pauses by time, and in 264
// without any. It is a variable so that tests can change it.
var PackTime = 2 * time.Millisecond

// Pack puts copies of sources in a parcel. As long as it is not forgotten, its bytes are counted in copied. When it takes
// long it lets other tasks run meanwhile, and then the error can be that of ctx.
func (p *Pool) Pack(ctx context.Context, sources []driver.Source, copied *int64) (Parcel, error) {
	parcel := NewParcel()
	parcel.copied = copied
	since := time.Now()
	for i, src := range sources {
		if i > 0 && time.Since(since) >= PackTime {
			webapi.Pause()
			if err := ctx.Err(); err != nil {
				return parcel, err
			}
			since = time.Now()
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
	if p.copied != nil {
		*p.copied -= p.Bytes
		p.copied = nil
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
