//go:build js && wasm

package jsbridge

import (
	"runtime"
	"runtime/debug"
)

const (
	// usual and least are how much the heap grows from one collection to the next: usual, or as much as lives beside
	// the slabs if that is more, while there is memory for it; where there is not, least, or a sixteenth of what lives
	// beside the slabs.
	usual = 16 << 20
	least = 4 << 20
	// mostInARow is how many collections there may be between two calls from JavaScript before the pacer takes it
	// for a fault of its own and doubles the garbage that it allows, up to mostLoose times.
	mostInARow = 8
	mostLoose  = 4
	// smallest is the least heap that the runtime collects at 100 percent; it goes with the percentage.
	smallest = 4 << 20
)

// A pacer says when the garbage collector runs.
//
// The runtime's own rule, when the heap has doubled, would let as much garbage pile up as there are slabs, and the
// memory of a WebAssembly program never shrinks. So the percentage is chosen such that the heap grows by a number of
// bytes instead.
//
// It is a percentage of what lives, and never a limit of what there is: whatever the numbers are, some megabytes have
// to be allocated before the next collection begins. A memory limit can lie below what the runtime has mapped, and then
// every allocation begins a collection. And nothing that the pacer does after a collection can begin another one: the
// finalizer that tells of it only sets a flag, which the next call from JavaScript finds.
type pacer struct {
	mayGrow func(n int64) bool

	// slabs are the bytes of all slabs, marked is about what the last collection has found to live, others the part of
	// it beside the slabs, idle what of the memory was free when that was last looked at.
	slabs, marked, others, idle int64
	percent                     int

	calls       uint32 // from JavaScript
	collected   bool   // there was a collection since seen
	collections uint32 // how many there were when that was last looked at
	seen        uint32 // how many there were when a call from JavaScript last found one
	loosened    int
}

func (p *pacer) start(mayGrow func(n int64) bool) {
	p.mayGrow = mayGrow
	p.percent = 100 // the runtime's own
	p.look()
	p.pace()
	p.arm()
}

// arm has the next collection set collected.
func (p *pacer) arm() {
	p.collected = false
	runtime.SetFinalizer(&struct{ of *pacer }{p}, func(any) { p.collected = true })
}

// addSlab is told of a slab that is about to be made: it is no garbage, so the heap may grow by as much more.
func (p *pacer) addSlab(n int64) {
	p.look()
	p.slabs += n
	p.pace()
}

// entered is called when JavaScript calls. It looks at the heap after a collection, and now and then besides; looked
// reports whether it did.
func (p *pacer) entered() (looked bool) {
	p.calls++
	if !p.collected && p.calls%256 > 0 {
		return false
	}
	p.look()
	if p.collected {
		if p.collections-p.seen > mostInARow && p.loosened < mostLoose {
			p.loosened++
		}
		p.seen = p.collections
		p.arm()
	}
	p.pace()
	return true
}

// count returns how many collections there were.
func (p *pacer) count() uint32 {
	p.look()
	return p.collections
}

// look looks at the heap.
func (p *pacer) look() {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	p.idle = int64(s.HeapIdle)
	if s.NumGC == p.collections && p.marked > 0 {
		return
	}
	p.collections = s.NumGC
	// The runtime does not tell what it has marked, but when it will begin the next collection, which follows from it.
	p.marked = max(1, int64(s.NextGC)*100/int64(100+p.percent))
	p.others = max(0, p.marked-p.slabs)
}

// pace sets the percentage. The runtime takes it of what was marked, or of smallest if that is more.
func (p *pacer) pace() {
	garbage := max(usual, p.others) << p.loosened
	if !p.mayGrow(max(0, 2*garbage-p.idle)) {
		garbage = max(least, p.others/16)
	}
	goal := p.slabs + p.others + garbage
	percent := int(max(0, min((goal-p.marked)*100/p.marked, goal*100/smallest))) + 1
	if percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
}
