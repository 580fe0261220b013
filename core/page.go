package core

import (
	"container/list"

	"asposecache/core/driver"
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
	// going are, while that is being thought about, those of them that may go; see drop.go.
	going int32
	// size is how many of its bytes count; what follows up to the end of the page is zero.
	size int32

	block *block        // in memory
	move  *move         // on its way from there to disk
	cold  *list.Element // in the cache's list of history in memory

	slot   uint32      // its place in the cache's pageBook; 0: it has none
	owner  *Allocation // the allocation it was made for
	number int64       // its place in the owner's table
	state  pageState
	pinned bool          // in memory, and may not leave it: it is being written to
	stale  bool          // the copy in buf, in a transaction under way, is not wanted any more
	buf    driver.Buffer // what was written and is not stored
	bufAt  int           // where in the page it begins
	parts  []part        // in order; what none of them covers is zero, or lost
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
func (p *page) memory() driver.Bytes { return p.block.bytes(int(p.size)) }

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
