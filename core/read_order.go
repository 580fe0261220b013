package core

import "asposecache/core/disk"

// readAhead begins to fetch what follows offset end, when the allocation is read in order: when this read, from off on,
// began where the last one ended.
func (a *Allocation) readAhead(off, end int64) {
	if off != a.readEnd {
		a.readRun = 0
	}
	inOrder := a.readRun > 0
	a.readEnd = end
	a.readRun += end - off
	if inOrder && !a.disposed && end < a.size {
		a.cache.disk.FetchAhead(a.readRun, PageSize, a.imagesFrom(end))
	}
}

// imagesFrom returns an iterator over the images of the pages from an offset on; nil where there is none.
func (a *Allocation) imagesFrom(off int64) func(yield func(*disk.Image) bool) {
	return func(yield func(*disk.Image) bool) {
		for i := off / PageSize; i < pagesOf(a.size); i++ {
			if !yield(a.image(i)) {
				return
			}
		}
	}
}
