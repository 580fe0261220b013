//go:build js && wasm

package jsbridge

import (
	"runtime"
	"runtime/debug"
	"time"
)

const (
	// reserve is what slabs leave of the memory that the browser allows: for the objects that describe
	// allocations, for garbage, stacks and the runtime. A Go program that runs out of memory cannot be
	// saved, so it must not come to it.
	reserve = 32 << 20
	// last is the part of the reserve that nothing new may begin to use.
	last = 8 << 20
	// overhead is what the runtime takes beside a slab.
	overhead = 3 << 19
	// garbage is how much of it may pile up before it is collected, at least.
	garbage = 16 << 20
	// sweeping is how long garbage may take to be swept.
	sweeping = 20 * time.Millisecond
)

// A machine gives the cache slabs from the Go heap while the browser allows the memory to grow.
type machine struct {
	host  Host
	slabs int64
	// others is what was live beside the slabs after the last collection, idle what was free then.
	others, idle int64
}

func newMachine(host Host) *machine {
	m := &machine{host: host}
	debug.SetGCPercent(-1) // the limit alone decides
	m.limitGarbage()
	m.watch()
	return m
}

// Fits tells whether the memory may grow by n bytes.
func (m *machine) Fits(n int64) bool {
	return n <= 0 || m.host.mayGrow.Invoke(n+reserve+overhead).Bool()
}

// Spare tells whether there is memory for one more small object.
func (m *machine) Spare() bool {
	return m.idle > 2*last || m.host.mayGrow.Invoke(last).Bool()
}

// NewSlab returns n new bytes, or nil when the memory could not grow by them.
func (m *machine) NewSlab(n int) []byte {
	if !m.Fits(int64(n)) {
		return nil
	}
	m.slabs += int64(n)
	m.limitGarbage()
	return make([]byte, n)
}

// limitGarbage sets the size of the heap at which the collector runs. The usual rule, when it has
// doubled, would let as much garbage pile up as there are slabs, and the memory never shrinks. So what
// may double is the rest alone. The runtime keeps a headroom of 3% below the limit, which is put on top.
func (m *machine) limitGarbage() {
	debug.SetMemoryLimit((m.slabs + m.others + max(garbage, m.others)) * 104 / 100)
}

// watch has limitGarbage called some time after each collection, of which a finalizer tells: before the
// sweeper is through, garbage counts as allocated.
func (m *machine) watch() {
	runtime.SetFinalizer(&struct{ to *machine }{m}, func(any) { time.AfterFunc(sweeping, m.measure) })
}

func (m *machine) measure() {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	m.others = max(0, int64(s.HeapAlloc)-m.slabs)
	m.idle = int64(s.HeapIdle)
	m.limitGarbage()
	m.watch()
}
