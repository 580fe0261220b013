package core

import (
	"container/list"
	"iter"
	"maps"
	"slices"
)

// PageSize is how many bytes a page has: a tile of 256 x 256 RGBA pixels. Only the last page of an
// allocation can be smaller; those of a surface have the pixels of one tile, up to 1 MiB. See layout.go.
const PageSize = 256 << 10

// A page is one version of PageSize bytes, or fewer at the end of an allocation. It lies in memory, in
// a block, or on disk, in parts: what was written is in a buffer until it is stored, and afterwards in
// records of the store.
//
// refs counts who needs it: the allocations whose tables have it, and who moves it. A page whose bytes
// somebody else may still need is not changed; a write puts a new page in its place.
//
// Who has a page in its table sees it move: from memory to disk it stays the same page. While it moves it
// has a block and, once storing has begun, parts as well; see move.go.
type page struct {
	refs int32
	// holders are those of the tables whose allocations are not disposed of, working those of them
	// that are no history. See holders.go.
	holders, working int32
	// size is how many of its bytes count; what follows up to the end of the page is zero.
	size int32

	block *block        // in memory
	move  *move         // on its way from there to disk
	cold  *list.Element // in the cache's list of history in memory

	owner  *Allocation // the allocation it was made for
	number int64       // its place in the owner's table
	state  pageState
	pinned bool   // in memory, and may not leave it: it is being written to
	stale  bool   // the copy in buf, in a transaction under way, is not wanted any more
	buf    Buffer // what was written and is not stored
	bufAt  int    // where in the page it begins
	parts  []part // in order; what none of them covers is zero, or lost
	// lost are the bytes that were stored and that the store no longer has.
	lost []span
}

// pageState is how far a page on disk has come.
type pageState int8

const (
	pageStored  pageState = iota // buf is nil. Also every page that is only in memory
	pageWaiting                  // buf is in the queue
	pageStoring                  // buf is in a transaction under way: it must not change
)

// memory are the bytes of a page in memory.
func (p *page) memory() Bytes { return p.block.bytes(int(p.size)) }

// medium is where the page lies.
func (p *page) medium() Medium {
	if p.block != nil {
		return Memory
	}
	return Disk
}

// whole tells whether all of the page's bytes are in its buffer.
func (p *page) whole() bool {
	return len(p.parts) == 1 && p.parts[0] == part{to: int(p.size)} && p.bufAt == 0
}

// A span is a range of bytes within a page.
type span struct{ from, to int }

// cut takes the range from, to out of the spans.
func cut(spans []span, from, to int) []span {
	var out []span
	for _, s := range spans {
		if s.from < from {
			out = append(out, span{s.from, min(s.to, from)})
		}
		if s.to > to {
			out = append(out, span{max(s.from, to), s.to})
		}
	}
	return out
}

// within are the parts of the spans inside from, to.
func within(spans []span, from, to int) []span {
	var out []span
	for _, s := range spans {
		if f, t := max(s.from, from), min(s.to, to); f < t {
			out = append(out, span{f, t})
		}
	}
	return out
}

// A pageTable holds the pages of an allocation by number. A page that is not there is all zero.
//
// The pages of the first densePages are in a slice. What lies beyond is in a map, so that an
// allocation on disk may be as large as a number can say without its table taking memory.
type pageTable struct {
	dense  []*page
	sparse map[int64]*page
}

const densePages = 1 << 16

func (t *pageTable) get(i int64) *page {
	if i < int64(len(t.dense)) {
		return t.dense[i]
	}
	return t.sparse[i]
}

func (t *pageTable) set(i int64, p *page) {
	if i < densePages {
		for int64(len(t.dense)) <= i {
			t.dense = append(t.dense, nil)
		}
		t.dense[i] = p
		return
	}
	if t.sparse == nil {
		t.sparse = make(map[int64]*page)
	}
	t.sparse[i] = p
}

// truncate removes the pages from number n on and answers them.
func (t *pageTable) truncate(n int64) (cut []*page) {
	if n < int64(len(t.dense)) {
		for _, p := range t.dense[n:] {
			if p != nil {
				cut = append(cut, p)
			}
		}
		clear(t.dense[n:])
		t.dense = t.dense[:n]
	}
	for i, p := range t.sparse {
		if i >= n {
			cut = append(cut, p)
			delete(t.sparse, i)
		}
	}
	return cut
}

// clone is a table of its own with the same pages.
func (t *pageTable) clone() pageTable {
	return pageTable{dense: slices.Clone(t.dense), sparse: maps.Clone(t.sparse)}
}

// each calls f for every page that is there. It is the short way where tables are long: what is done for each
// page of a picture at each stroke is felt.
func (t *pageTable) each(f func(i int64, p *page)) {
	for i, p := range t.dense {
		if p != nil {
			f(int64(i), p)
		}
	}
	for i, p := range t.sparse {
		f(i, p)
	}
}

// all are the pages that are there, by number, for who may not need them all.
func (t *pageTable) all() iter.Seq2[int64, *page] {
	return func(yield func(int64, *page) bool) {
		for i, p := range t.dense {
			if p != nil && !yield(int64(i), p) {
				return
			}
		}
		for i, p := range t.sparse {
			if !yield(i, p) {
				return
			}
		}
	}
}
