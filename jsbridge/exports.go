//go:build js && wasm

//lint:file-ignore U1000 what JavaScript uses looks unused from here

package jsbridge

import (
	"runtime"
	"slices"
	"unsafe"

	"asposecache/core"
	"asposecache/jsbridge/jsbuf"
)

// The functions that JavaScript calls by name. Each returns at once and tells what it has to say in
// numbers. Numbers of bytes are float64: JavaScript's own, exact up to core.MaxBytes.
//
// What an exported function leaves behind, goroutines, timers or garbage, is only seen to when the Go
// scheduler runs; JavaScript sees to that after calls that may start something, and enter does it for
// the garbage.

// enter is called at the start of exports that leave garbage. Where the pacer has looked at the heap it lets the Go
// scheduler run. access does not call it: it is not to let anything else run, and its garbage is bounded by the pages
// that are shared.
func (b *bridge) enter() {
	if b.machine.entered() {
		runtime.Gosched()
	}
}

// recovered keeps the program alive, whatever happens. The zero answer means "not possible at once", so
// JavaScript asks again by the way that reports errors.
func recovered() { _ = recover() }

// allocate takes room in memory and returns the allocation's number, or 0 when there is none.
//
//go:wasmexport allocate
func allocate(size float64) (id float64) {
	defer recovered()
	the.enter()
	a, err := the.cache.AllocateInMemory(int64(size))
	if err != nil {
		return 0
	}
	the.live[a.ID()] = a
	return float64(a.ID())
}

// dispose frees an allocation.
//
//go:wasmexport dispose
func dispose(id float64) {
	defer recovered()
	the.enter()
	if a := the.live[int64(id)]; a != nil {
		delete(the.live, int64(id))
		a.Dispose()
	}
}

// access returns the address of the byte at off, or 0 when the n bytes from off on can't be had at once, or 1 when n
// is 0. The bytes go on up to the end of the page; chunk returns where those of the next page are. purpose is a
// core.Purpose: for core.ForReplacing, JavaScript replaces the bytes before it calls anything but chunk, steady,
// trayAddress and copyRect. access lets nothing else run, so addresses in other allocations stay valid.
//
//go:wasmexport access
func access(id, off, n float64, purpose int32) (address uint32) {
	defer recovered()
	a := the.live[int64(id)]
	if a == nil {
		return 0
	}
	p, err := a.Access(int64(off), int64(n), core.Purpose(purpose))
	switch {
	case err != nil:
		return 0
	case n == 0:
		return 1
	}
	return addressOf(p)
}

// chunk returns where the byte at off lies, after access has allowed it.
//
//go:wasmexport chunk
func chunk(id, off float64) (address uint32) {
	defer recovered()
	return addressOf(the.live[int64(id)].Chunk(int64(off)))
}

// steady is called after access for n bytes from off on. It returns how many of them lie one after the other, and
// stay there until something else is called; see [core.Allocation.Steady].
//
//go:wasmexport steady
func steady(id, off, n float64) (length float64) {
	defer recovered()
	return float64(the.live[int64(id)].Steady(int64(off), int64(n)))
}

// accessRect returns 1 when the tiles that a rectangle of a surface covers can be had at once, and else 0. After 1,
// tile returns the address of the pixels of each of them.
//
//go:wasmexport accessRect
func accessRect(id, x, y, width, height float64, purpose int32) (ok int32) {
	defer recovered()
	the.enter()
	a := the.live[int64(id)]
	if a == nil {
		return 0
	}
	r := core.Rect{X: int64(x), Y: int64(y), Width: int64(width), Height: int64(height)}
	if a.AccessRect(r, core.Purpose(purpose)) != nil {
		return 0
	}
	return 1
}

//go:wasmexport tile
func tile(id, column, row float64) (address uint32) {
	defer recovered()
	p, _ := the.live[int64(id)].Tile(int64(column), int64(row))
	return addressOf(p)
}

// tray is where JavaScript leaves the rows of a rectangle, or finds them: many short ones are copied sooner here
// than there.
var tray [core.PageSize]byte

//go:wasmexport trayAddress
func trayAddress() (address uint32) { return addressOf(tray[:]) }

// copyRect copies a rectangle that accessRect has made ready, and for which the tray is large enough, from the
// tray or to it. It returns 1.
//
//go:wasmexport copyRect
func copyRect(id, x, y, width, height float64, fromTray int32) (done int32) {
	defer recovered()
	a := the.live[int64(id)]
	r := core.Rect{X: int64(x), Y: int64(y), Width: int64(width), Height: int64(height)}
	if fromTray != 0 {
		a.CopyRectIn(r, tray[:])
	} else {
		a.CopyRectOut(r, tray[:])
	}
	return 1
}

// writeNow copies the host's data, n bytes, to an allocation on disk, and readNow copies from one to them. They return
// 1, or 0 when that is not possible at once.
//
//go:wasmexport writeNow
func writeNow(id, off, n float64) (done int32) {
	return now(id, n, func(a *core.Allocation, data *jsbuf.Buffer) bool { return a.WriteNow(data, int64(off)) })
}

//go:wasmexport readNow
func readNow(id, off, n float64) (done int32) {
	return now(id, n, func(a *core.Allocation, data *jsbuf.Buffer) bool { return a.ReadNow(data, int64(off)) })
}

func now(id, n float64, call func(*core.Allocation, *jsbuf.Buffer) bool) (done int32) {
	defer recovered()
	the.enter()
	a := the.live[int64(id)]
	if a != nil && the.machine.Spare() && call(a, jsbuf.Lent(the.host.value.Get("data"), int(n))) {
		return 1
	}
	return 0
}

func addressOf(p []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(p)))) }

// allocated returns how many bytes are allocated on a medium: 0 memory, 1 disk.
//
//go:wasmexport allocated
func allocated(medium int32) (n float64) {
	defer recovered()
	return float64(the.cache.Allocated(core.Medium(medium)))
}

// numbers are what statistics tells.
var numbers [22]float64

// statistics returns the address of numbers: first in the order of noStatistics in web/src/cache.ts, then the disk's store
// and thread, as indices of the lists in web/src/program.ts. They stay until the next call of statistics. A page may well
// ask for each frame that it draws, and an object that Go makes for it would be garbage on both sides.
//
//go:wasmexport statistics
func statistics() (address uint32) {
	defer recovered()
	address = uint32(uintptr(unsafe.Pointer(&numbers))) // whatever happens: then they are those of the last time
	s := the.cache.Statistics()
	store, thread := the.disk.Place()
	numbers = [...]float64{
		float64(s.Memory.Allocations),
		float64(s.Memory.AllocatedBytes),
		float64(s.Memory.PeakBytes),
		float64(s.Memory.OccupiedBytes),
		float64(s.Memory.FreeBytes),
		float64(s.Disk.Allocations),
		float64(s.Disk.AllocatedBytes),
		float64(s.Disk.PeakBytes),
		float64(s.Disk.WaitingBytes),
		float64(s.Disk.ReadBytes),
		float64(s.Disk.WrittenBytes),
		float64(s.Disk.Transactions),
		float64(s.Disk.Retries),
		float64(s.Disk.Failures),
		float64(s.QueuedBytes),
		float64(the.disk.CopiedBytes()),
		float64(s.Spills),
		float64(s.Reallocations),
		float64(the.machine.count()),
		float64(the.machine.loosened),
		float64(slices.Index([]string{"", "indexedDB", "opfs"}, store)),
		float64(slices.Index([]string{"", "page", "worker"}, thread)),
	}
	return address
}

// size, medium and held return what an allocation has, or -1 when there is none of that number; width and height return
// 0 then, and when it is no surface.
//
//go:wasmexport size
func size(id float64) (n float64) {
	defer recovered()
	if a := the.live[int64(id)]; a != nil {
		return float64(a.Size())
	}
	return -1
}

//go:wasmexport width
func width(id float64) (n float64) {
	defer recovered()
	if a := the.live[int64(id)]; a != nil {
		return float64(a.Surface().Width)
	}
	return 0
}

//go:wasmexport height
func height(id float64) (n float64) {
	defer recovered()
	if a := the.live[int64(id)]; a != nil {
		return float64(a.Surface().Height)
	}
	return 0
}

//go:wasmexport medium
func medium(id float64) (m int32) {
	defer recovered()
	if a := the.live[int64(id)]; a != nil {
		return int32(a.Medium())
	}
	return -1
}

//go:wasmexport held
func held(id float64, m int32) (n float64) {
	defer recovered()
	if a := the.live[int64(id)]; a != nil {
		return float64(a.Held(core.Medium(m)))
	}
	return -1
}
