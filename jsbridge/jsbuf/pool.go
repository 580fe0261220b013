//go:build js && wasm

package jsbuf

import "sync"

// MostPooled bounds how many a pool keeps: 16 MiB of pages.
const MostPooled = 64

// A Pool keeps arrays of one size for reuse.
type Pool struct {
	// Size is that one. All pages but the last of an allocation have the same.
	Size int

	mu   sync.Mutex
	free []*Buffer
}

// Get returns a buffer of n bytes of any content.
func (p *Pool) Get(n int) (*Buffer, error) {
	if n == p.Size {
		if b := p.pop(); b != nil {
			return b, nil
		}
	}
	return New(n)
}

func (p *Pool) pop() *Buffer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 {
		return nil
	}
	b := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	return b
}

// Put takes a buffer back. The caller's buffer is empty afterwards: a second Put of it does nothing.
func (p *Pool) Put(b *Buffer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := b.Array(); err != nil {
		return
	}
	if b.Len() == p.Size && b.Whole() && len(p.free) < MostPooled {
		p.free = append(p.free, b.Move())
		return
	}
	b.Release()
}

// Drain drops what is kept.
func (p *Pool) Drain() {
	for b := p.pop(); b != nil; b = p.pop() {
		b.Release()
	}
}

// Kept is how many buffers are kept.
func (p *Pool) Kept() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.free)
}
