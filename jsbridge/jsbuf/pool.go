//go:build js && wasm

package jsbuf

import "sync"

// MostPooled bounds how many bytes a pool keeps in arrays of one size.
const MostPooled = 16 << 20

// A Pool keeps arrays of some sizes for reuse: the memory of a new one has to be cleared, and mapped page by page when it
// is first touched, which takes several times as long as to copy to it. Make it with [NewPool].
type Pool struct {
	mu      sync.Mutex
	shelves []shelf
}

// A shelf has arrays of one size.
type shelf struct {
	size int
	free []*Buffer
}

// NewPool returns a pool of arrays of those sizes.
func NewPool(sizes ...int) *Pool {
	p := &Pool{}
	for _, n := range sizes {
		p.shelves = append(p.shelves, shelf{size: n})
	}
	return p
}

// shelf returns where arrays of n bytes are kept; nil: they are not.
func (p *Pool) shelf(n int) *shelf {
	for i := range p.shelves {
		if s := &p.shelves[i]; s.size == n {
			return s
		}
	}
	return nil
}

// Get returns a buffer of n bytes of any content.
func (p *Pool) Get(n int) (*Buffer, error) {
	if b := p.pop(n); b != nil {
		return b, nil
	}
	return New(n)
}

func (p *Pool) pop(n int) *Buffer {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shelf(n)
	if s == nil || len(s.free) == 0 {
		return nil
	}
	b := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	return b
}

// Put takes a buffer back. The caller's buffer is empty afterwards: a second Put of it does nothing.
func (p *Pool) Put(b *Buffer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := b.Array(); err != nil {
		return
	}
	if s := p.shelf(b.n); s != nil && b.Whole() && (len(s.free)+1)*s.size <= MostPooled {
		s.free = append(s.free, b.Move())
		return
	}
	b.Release()
}

// Drain drops what is kept.
func (p *Pool) Drain() {
	for _, s := range p.shelves {
		for b := p.pop(s.size); b != nil; b = p.pop(s.size) {
			b.Release()
		}
	}
}

// Kept returns how many bytes are kept.
func (p *Pool) Kept() (bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.shelves {
		bytes += s.size * len(s.free)
	}
	return bytes
}
