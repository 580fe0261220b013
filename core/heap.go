package core

import "math/bits"

// Blocks are carved out of slabs. The numbers come from what the memory tier promises: a block wastes
// less than blockUnit bytes, at most 1/16 of an allocation of 4 KiB; a slab is small against what a
// tab has, and large against a page, so that few of its bytes are a remainder.
const (
	slabSize  = 4 << 20
	blockUnit = 256
)

// A heap hands out blocks of memory of up to slabSize bytes and takes them back for reuse, neighbours
// merged. It never gives slabs back: the memory of a WebAssembly program cannot shrink, and what is
// kept here needs no garbage collection before it is used again.
//
// Free blocks are in lists by size class, two levels deep (power of two, then eighths of it), so that
// freeing a block costs the same however many there are, and so does taking one, but when the memory
// would have to grow. The scheme is known as TLSF: M. Masmano et al., "TLSF: a New Dynamic Memory
// Allocator for Real-Time Systems" (2004).
type heap struct {
	// newSlab makes a zeroed slab, or returns nil when the machine has no more memory.
	newSlab func(n int) []byte

	lists    [heapClasses]*block
	nonEmpty [(heapClasses + 63) / 64]uint64

	slabs    int
	occupied int64
}

const heapClasses = 16 * 8

// A block is a part of a slab, in use or free.
type block struct {
	slab       []byte
	off, size  int
	prev, next *block // neighbours in the slab
	listPrev   *block // in its free list
	listNext   *block
	free       bool
	// dirty: some of the bytes may be other than zero.
	dirty bool
	// blank: they have to be cleared when somebody looks.
	blank bool
}

// bytes returns the first n bytes of the block. They are cleared here, not by alloc: to clear all of a large allocation
// keeps the thread for a quarter of a second, and what is overwritten first need not be cleared at all.
func (b *block) bytes(n int) []byte {
	if b.blank {
		clear(b.overwrite(b.size))
	}
	return b.overwrite(n)
}

// overwrite is bytes for who fills all of them before anybody looks: they can have any content.
//
//go:noinline
func (b *block) overwrite(n int) []byte {
	b.blank = false
	return b.slab[b.off : b.off+n : b.off+b.size]
}

// precedes reports whether another block's bytes come next after a whole page in this one and need not be cleared, so
// that both can be used as one array.
func (b *block) precedes(o *block) bool {
	return b.size == PageSize && b.next == o && !o.blank
}

// classOf returns the number of the free list for blocks of so many units: that list holds sizes from its own lower
// bound on.
func classOf(units int) int {
	if units < 8 {
		return units
	}
	e := bits.Len(uint(units)) - 4 // 8 <= units>>e < 16
	return e*8 + units>>e
}

// alloc takes a block of at least n bytes, 0 < n <= slabSize, all zero for who looks through bytes. It returns nil when
// there is no room and no new slab to be had.
func (h *heap) alloc(n int) *block {
	size := (n + blockUnit - 1) / blockUnit * blockUnit
	b := h.find(size / blockUnit)
	if b == nil {
		if b = h.addSlab(); b == nil {
			return nil
		}
	} else {
		h.unlist(b)
	}
	h.split(b, size)
	h.occupied += int64(size)
	b.blank, b.dirty = b.dirty, true
	return b
}

// addSlab makes a slab and returns all of it as one block, which is in no list, or nil when there is no more memory.
//
//go:noinline
func (h *heap) addSlab() *block {
	mem := h.newSlab(slabSize)
	if mem == nil {
		return nil
	}
	h.slabs++
	return &block{slab: mem, size: slabSize}
}

// find looks for a free block of at least that many units: first in the lists whose blocks are all
// large enough, smallest first, and then, before the memory grows, block by block in the one list
// that has both kinds.
func (h *heap) find(units int) *block {
	own := classOf(units)
	for w, from := (own+1)/64, (own+1)%64; w < len(h.nonEmpty); w, from = w+1, 0 {
		if set := h.nonEmpty[w] >> from << from; set != 0 {
			return h.lists[w*64+bits.TrailingZeros64(set)]
		}
	}
	for b := h.lists[own]; b != nil; b = b.listNext {
		if b.size >= units*blockUnit {
			return b
		}
	}
	return nil
}

// shrink gives back what b has beyond n bytes, n > 0.
func (h *heap) shrink(b *block, n int) {
	size := (n + blockUnit - 1) / blockUnit * blockUnit
	h.occupied -= int64(b.size - size)
	h.split(b, size)
}

// release gives all of b back.
func (h *heap) release(b *block) {
	h.occupied -= int64(b.size)
	if next := b.next; next != nil && next.free {
		h.unlist(next)
		b.join(next)
	}
	if prev := b.prev; prev != nil && prev.free {
		h.unlist(prev)
		prev.join(b)
		b = prev
	}
	h.list(b)
}

// split cuts b, which is in no list, down to size; the rest becomes free.
func (h *heap) split(b *block, size int) {
	if b.size == size {
		return
	}
	rest := &block{slab: b.slab, off: b.off + size, size: b.size - size, prev: b, next: b.next, dirty: b.dirty}
	if rest.next != nil {
		rest.next.prev = rest
	}
	b.next, b.size = rest, size
	if next := rest.next; next != nil && next.free {
		h.unlist(next)
		rest.join(next)
	}
	h.list(rest)
}

// join appends the neighbour next to b; both are in no list.
func (b *block) join(next *block) {
	b.size += next.size
	b.dirty = b.dirty || next.dirty
	b.next = next.next
	if b.next != nil {
		b.next.prev = b
	}
}

func (h *heap) list(b *block) {
	c := classOf(b.size / blockUnit)
	b.free, b.listPrev, b.listNext = true, nil, h.lists[c]
	if b.listNext != nil {
		b.listNext.listPrev = b
	}
	h.lists[c] = b
	h.nonEmpty[c/64] |= 1 << (c % 64)
}

func (h *heap) unlist(b *block) {
	c := classOf(b.size / blockUnit)
	if b.listPrev != nil {
		b.listPrev.listNext = b.listNext
	} else {
		h.lists[c] = b.listNext
		if b.listNext == nil {
			h.nonEmpty[c/64] &^= 1 << (c % 64)
		}
	}
	if b.listNext != nil {
		b.listNext.listPrev = b.listPrev
	}
	b.free, b.listPrev, b.listNext = false, nil, nil
}

// freeBytes returns how many bytes are kept for reuse.
func (h *heap) freeBytes() int64 { return int64(h.slabs)*slabSize - h.occupied }
