package core

import (
	"container/list"

	"asposecache/core/disk"
	"asposecache/core/driver"
)

// PageSize is how many bytes a page has: a tile of 256 x 256 RGBA pixels. Only the last page of an
// allocation can be smaller; those of a surface have the pixels of one tile, up to 1 MiB. See layout.go.
const PageSize = 256 << 10

// A page is one version of PageSize bytes, or fewer at the end of an allocation. It lies in memory, in a block, or on
// disk, as an image. While it moves from there to here it has a block, and, once storing has begun, an image as well; see
// move.go. Who has it in a table sees it move.
//
// A page whose bytes somebody else may still need is not changed; a write puts another in its place; see newPage.
type page struct {
	// refs counts who needs the page: the allocations whose tables have it, and who moves it.
	refs int32
	// holders are those of the tables whose allocations are not disposed of, working those of them
	// that are no history. See holders.go.
	holders, working int32
	// going are, while that is being thought about, those of them that may go; see drop.go.
	going int32
	// size is how many of its bytes count; what follows up to the end of the page is zero.
	size int32

	block *block      // in memory
	image *disk.Image // on disk
	move  *move       // on its way from memory to disk

	owner  *Allocation   // the allocation it was made for
	number int64         // its place in the owner's table
	slot   uint32        // its place in the cache's pageBook; 0: it has none
	cold   *list.Element // in the cache's list of history in memory
	pinned bool          // in memory, and may not leave it: it is being written to
}

// newPage makes a page of n bytes for place i of an allocation, where it may take the place of another. It has neither a
// block nor an image yet. The one reference is the caller's, until it is put in the table.
func newPage(a *Allocation, i int64, n int) *page {
	return &page{refs: 1, size: int32(n), owner: a, number: i}
}

// memory are the bytes of a page in memory.
func (p *page) memory() driver.Bytes { return p.block.bytes(int(p.size)) }

// medium is where the page lies.
func (p *page) medium() Medium {
	if p.block != nil {
		return Memory
	}
	return Disk
}

// Place is what the disk puts pages together by.
func (p *page) Place() (of any, number int64) { return p.owner, p.number }
