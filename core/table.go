package core

import (
	"iter"
	"maps"
	"slices"
)

// A pageTable holds the pages of an allocation by number. A page that is not there is all zero.
//
// The pages of the first densePages are in a slice. What lies beyond is in a map, so that an
// allocation on disk may be as large as a number can say without its table taking memory.
//
// The slice has no pointers, only the slots of the pages in the book: every version of a picture has a table, and the
// garbage collector would have to look at each pointer in each of them.
type pageTable struct {
	book   *pageBook
	dense  []uint32
	sparse map[int64]*page
}

const densePages = 1 << 16

// A pageBook has the pages that are in the slices of a cache's tables, by slot; slot 0 is for none.
type pageBook struct {
	pages []*page
	free  []uint32
}

func newPageBook() *pageBook { return &pageBook{pages: []*page{nil}} }

// add gives a page a slot, if it has none.
func (b *pageBook) add(p *page) {
	switch n := len(b.free); {
	case p == nil || p.slot > 0:
	case n > 0:
		p.slot = b.free[n-1]
		b.free = b.free[:n-1]
		b.pages[p.slot] = p
	default:
		p.slot = uint32(len(b.pages))
		b.pages = append(b.pages, p)
	}
}

// remove takes back the slot of a page that is in no table any more.
func (b *pageBook) remove(p *page) {
	if p.slot > 0 {
		b.pages[p.slot] = nil
		b.free = append(b.free, p.slot)
		p.slot = 0
	}
}

// isEmpty reports whether there is no page i with from <= i < to.
func (t *pageTable) isEmpty(from, to int64) bool {
	for ; from < min(to, int64(len(t.dense))); from++ {
		if t.dense[from] != 0 {
			return false
		}
	}
	if to-from > int64(len(t.sparse)) {
		for i := range t.sparse {
			if i >= from && i < to {
				return false
			}
		}
		return true
	}
	for ; from < to; from++ {
		if t.sparse[from] != nil {
			return false
		}
	}
	return true
}

func (t *pageTable) get(i int64) *page {
	if i < int64(len(t.dense)) {
		return t.book.pages[t.dense[i]]
	}
	return t.sparse[i]
}

func (t *pageTable) set(i int64, p *page) {
	if i < densePages {
		for int64(len(t.dense)) <= i {
			t.dense = append(t.dense, 0)
		}
		t.book.add(p)
		t.dense[i] = p.slot
		return
	}
	if t.sparse == nil {
		t.sparse = make(map[int64]*page)
	}
	t.sparse[i] = p
}

// truncate removes the pages from number n on and returns them.
func (t *pageTable) truncate(n int64) (cut []*page) {
	if n < int64(len(t.dense)) {
		for _, slot := range t.dense[n:] {
			if slot > 0 {
				cut = append(cut, t.book.pages[slot])
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

// clone returns a table of its own with the same pages.
func (t *pageTable) clone() pageTable {
	return pageTable{book: t.book, dense: slices.Clone(t.dense), sparse: maps.Clone(t.sparse)}
}

// each calls f for every page that is there. It is faster than all, which counts where tables are long: what is done
// for each page of a picture at each stroke is felt.
func (t *pageTable) each(f func(i int64, p *page)) {
	for i, slot := range t.dense {
		if slot > 0 {
			f(int64(i), t.book.pages[slot])
		}
	}
	for i, p := range t.sparse {
		f(i, p)
	}
}

// without calls f for the pages of t that another table has not under the same number.
func (t *pageTable) without(o *pageTable, f func(p *page)) {
	for i, slot := range t.dense {
		if slot > 0 && (i >= len(o.dense) || o.dense[i] != slot) {
			f(t.book.pages[slot])
		}
	}
	for i, p := range t.sparse {
		if o.sparse[i] != p {
			f(p)
		}
	}
}

// all returns an iterator over the pages that are there and their numbers, for who may not need them all.
func (t *pageTable) all() iter.Seq2[int64, *page] {
	return func(yield func(int64, *page) bool) {
		for i, slot := range t.dense {
			if slot > 0 && !yield(int64(i), t.book.pages[slot]) {
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
