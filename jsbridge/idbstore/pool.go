//go:build js && wasm

package idbstore

import (
	"runtime"
	"sync"
	"sync/atomic"

	"asposecache/core"
	"asposecache/jsbridge/jsbuf"
)

const (
	// pooledSize is the one size that is kept for reuse: all pages but the last of an allocation have it.
	pooledSize = core.PageSize
	// maxPooled bounds what is kept: 16 MiB.
	maxPooled = 64
)

// A pool keeps arrays for reuse.
type pool struct {
	mu   sync.Mutex
	free []*jsbuf.Buffer
}

// get returns a buffer of n bytes of any content.
func (p *pool) get(n int) (*jsbuf.Buffer, error) {
	if n == pooledSize {
		if b := p.pop(); b != nil {
			return b, nil
		}
	}
	return jsbuf.New(n)
}

func (p *pool) pop() *jsbuf.Buffer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 {
		return nil
	}
	b := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	return b
}

// put takes a buffer back. The caller's buffer is empty afterwards: a second put of it does nothing.
func (p *pool) put(b *jsbuf.Buffer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := b.Array(); err != nil {
		return
	}
	if b.Len() == pooledSize && b.Whole() && len(p.free) < maxPooled {
		p.free = append(p.free, b.Move())
		return
	}
	b.Release()
}

// drain drops what is kept.
func (p *pool) drain() {
	for b := p.pop(); b != nil; b = p.pop() {
		b.Release()
	}
}

// collectEvery is after how many bytes of records the garbage collector is run. To Go each of them is a
// reference of a few bytes, and the browser keeps the object behind it for as long as there is one.
const collectEvery = 128 << 20

// A meter counts bytes of records and has garbage collected now and then.
type meter struct{ bytes atomic.Int64 }

func (m *meter) passed(n int) {
	if m.bytes.Add(int64(n)) >= collectEvery {
		m.bytes.Store(0)
		runtime.GC()
	}
}
