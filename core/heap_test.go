package core

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"asposecache/core/driver"
	"asposecache/core/rows"
)

func newTestHeap() (*heap, *int) {
	slabs := 0
	return &heap{newSlab: func(n int) []byte { slabs++; return make([]byte, n) }}, &slabs
}

// check looks at all that holds of a heap: the blocks of a slab follow each other without a gap, free
// neighbours are one block, every free block is in the list of its class and no other is.
func (h *heap) check(t *testing.T, slabs map[*byte]*block) {
	t.Helper()
	listed := make(map[*block]bool)
	for c, b := range h.lists {
		if (b != nil) != (h.nonEmpty[c/64]>>(c%64)&1 == 1) {
			t.Fatalf("the mark of class %d is wrong", c)
		}
		for ; b != nil; b = b.listNext {
			if classOf(b.size/blockUnit) != c || !b.free {
				t.Fatalf("a block of %d bytes is in class %d, free: %v", b.size, c, b.free)
			}
			listed[b] = true
		}
	}
	var occupied int64
	for _, b := range slabs {
		for b.prev != nil {
			b = b.prev
		}
		end := 0
		for ; b != nil; b = b.next {
			if b.off != end || b.free != listed[b] || b.free && b.next != nil && b.next.free {
				t.Fatalf("a block at %d after %d, free: %v, listed: %v", b.off, end, b.free, listed[b])
			}
			if !b.free {
				occupied += int64(b.size)
			}
			end += b.size
		}
		if end != slabSize {
			t.Fatalf("a slab ends at %d", end)
		}
	}
	if occupied != h.occupied {
		t.Fatalf("%d bytes are occupied, it says %d", occupied, h.occupied)
	}
}

func TestHeapBlocksNeitherOverlapNorShowOldBytes(t *testing.T) {
	h, _ := newTestHeap()
	r := rand.New(rand.NewPCG(1, 2))
	type used struct {
		b    *block
		n    int
		mark byte
	}
	var live []used
	for i := range 20_000 {
		switch {
		case len(live) < 40 || r.IntN(2) == 0 && len(live) < 200:
			n := 1 + r.IntN(1<<r.IntN(19))
			b := h.alloc(n)
			for _, v := range b.bytes(n) {
				if v != 0 {
					t.Fatal("old bytes are seen")
				}
			}
			u := used{b, n, byte(i) | 1}
			for j := range b.bytes(n) {
				b.bytes(n)[j] = u.mark
			}
			live = append(live, u)
		default:
			j := r.IntN(len(live))
			u := live[j]
			for _, v := range u.b.bytes(u.n) {
				if v != u.mark {
					t.Fatal("a block was written over")
				}
			}
			if n := 1 + r.IntN(u.n); r.IntN(3) == 0 {
				h.shrink(u.b, n)
				live[j].n = n
				break
			}
			h.release(u.b)
			live[j] = live[len(live)-1]
			live = live[:len(live)-1]
		}
		if i%500 == 0 {
			slabs := make(map[*byte]*block)
			for _, u := range live {
				slabs[&u.b.slab[0]] = u.b
			}
			for _, b := range h.lists {
				for ; b != nil; b = b.listNext {
					slabs[&b.slab[0]] = b
				}
			}
			h.check(t, slabs)
		}
	}
	for _, u := range live {
		h.release(u.b)
	}
	if h.occupied != 0 || h.freeBytes() != int64(h.slabs)*slabSize {
		t.Fatalf("%d bytes are occupied, %d free", h.occupied, h.freeBytes())
	}
	all := make(map[*byte]*block)
	for c := range h.lists {
		for b := h.lists[c]; b != nil; b = b.listNext {
			all[&b.slab[0]] = b
		}
	}
	h.check(t, all)
	if len(all) != h.slabs {
		t.Fatalf("%d slabs are whole again, of %d", len(all), h.slabs)
	}
}

func TestHeapUsesFreeRoomBeforeItGrows(t *testing.T) {
	h, slabs := newTestHeap()
	var blocks []*block
	for range 4 * slabSize / blockUnit / 64 {
		blocks = append(blocks, h.alloc(64*blockUnit))
	}
	for _, b := range blocks {
		h.release(b)
	}
	before := *slabs
	for range before {
		if b := h.alloc(slabSize); b == nil || b.size != slabSize {
			t.Fatal("neighbours were not merged")
		}
	}
	if *slabs != before {
		t.Errorf("it grew from %d slabs to %d", before, *slabs)
	}

	// Also a block that is only just large enough, at the end of a list of smaller ones.
	h, slabs = newTestHeap()
	var keep, give []*block
	for i := range slabSize / (66 * blockUnit) {
		n := 64
		if i == 0 {
			n = 65 // freed first, so last in its list
		}
		give = append(give, h.alloc(n*blockUnit))
		keep = append(keep, h.alloc(blockUnit))
	}
	for h.find(64) != nil {
		keep = append(keep, h.alloc(h.find(64).size))
	}
	for _, b := range give {
		h.release(b)
	}
	before = *slabs
	h.alloc(65 * blockUnit)
	if *slabs != before {
		t.Error("it grew although there was a block of just that size")
	}
	_ = keep
}

// The rounding of sizes stays within what is promised for allocations of 4 KiB and more.
func TestHeapWastesLittle(t *testing.T) {
	h, _ := newTestHeap()
	r := rand.New(rand.NewPCG(3, 4))
	var asked int64
	for range 2000 {
		n := 4096 + r.IntN(1<<(8+r.IntN(10)))
		h.alloc(n)
		asked += int64(n)
		h.alloc(4097)
		asked += 4097
	}
	if ratio := float64(h.occupied) / float64(asked); ratio > 1.07 {
		t.Errorf("it occupies %.3f times what was asked for", ratio)
	}
	total := float64(h.slabs) * slabSize
	if ratio := total / float64(asked); ratio > 1.13 {
		t.Errorf("its slabs are %.3f times what was asked for", ratio)
	}
}

func TestHeapWithoutMemory(t *testing.T) {
	h := &heap{newSlab: func(int) []byte { return nil }}
	if h.alloc(1) != nil || h.occupied != 0 || h.freeBytes() != 0 {
		t.Error("it has what it can't have")
	}
}

func TestABlockIsClearedWhenSomebodyLooks(t *testing.T) {
	h, _ := newTestHeap()
	b := h.alloc(PageSize)
	for i, all := 0, b.overwrite(PageSize); i < len(all); i++ {
		all[i] = 7
	}
	h.release(b)
	if b = h.alloc(1000); !b.blank || b.slab[b.off] != 7 {
		t.Error("it was cleared before anybody looked")
	}
	if got := b.bytes(1000); bytes.Count(got, []byte{0}) != 1000 {
		t.Errorf("somebody sees %v", got)
	}
	b.bytes(1000)[0] = 1
	if got := b.bytes(1000); got[0] != 1 {
		t.Error("it was cleared again")
	}
	if next := h.alloc(PageSize); b.precedes(next) {
		t.Error("who looks at both sees what is not cleared yet")
	}
}

// What is overwritten as a whole is not cleared before. If that fails it is zero all the same.
func TestAFailedWriteToABlankPage(t *testing.T) {
	h, _ := newTestHeap()
	b := h.alloc(PageSize)
	copy(b.overwrite(PageSize), bytes.Repeat([]byte{7}, PageSize))
	h.release(b)
	p := &page{block: h.alloc(PageSize), size: PageSize}
	whole := piece{0, rows.Rows{To: PageSize, Count: 1, Row: PageSize}}
	if err := p.copyIn(whole, gone{}); err != errGone {
		t.Errorf("it answers %v", err)
	}
	if bytes.Count(p.memory(), []byte{0}) != PageSize {
		t.Error("what another allocation had is there")
	}
}

var errGone = errors.New("gone")

// gone is a source whose bytes were taken away.
type gone struct{ driver.Bytes }

func (gone) Len() int                 { return PageSize }
func (gone) ReadAt([]byte, int) error { return errGone }

func TestPageTable(t *testing.T) {
	table := pageTable{book: newPageBook()}
	numbers := []int64{0, 3, densePages - 1, densePages, 1 << 40}
	for _, i := range numbers {
		table.set(i, &page{size: int32(i % 1000)})
	}
	n := 0
	for i, p := range table.all() {
		if p != table.get(i) {
			t.Errorf("page %d is another", i)
		}
		n++
	}
	if n != len(numbers) || table.get(1) != nil || table.get(1<<41) != nil {
		t.Errorf("it has %d pages", n)
	}
	if cut := table.truncate(4); len(cut) != 3 || table.get(3) == nil || table.get(densePages) != nil {
		t.Errorf("%d pages are cut off", len(cut))
	}
}
