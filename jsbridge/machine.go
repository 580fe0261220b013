//go:build js && wasm

package jsbridge

import (
	"math"
	"runtime"
	"runtime/debug"
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
)

// A machine gives the cache slabs from the Go heap while the browser allows the memory to grow.
type machine struct {
	host  Host
	slabs int64
	// others is about what lives beside the slabs, least the least that was allocated beside them since the
	// last collection, idle what was free when that was looked at.
	others, least, idle int64
}

func newMachine(host Host) *machine {
	m := &machine{host: host, least: math.MaxInt64}
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

// watch has limitGarbage called after each collection, of which a finalizer tells.
//
// What is allocated then is not what lives: the sweeper may not be through, and what has become garbage since
// is there too. The least that was allocated since the collection before is nearer to it.
func (m *machine) watch() {
	runtime.SetFinalizer(&struct{ to *machine }{m}, func(any) {
		m.sample()
		m.others, m.least = m.least, math.MaxInt64
		m.limitGarbage()
		m.watch()
	})
}

// sample looks at what is allocated; it is called now and then.
func (m *machine) sample() {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	m.least = min(m.least, max(0, int64(s.HeapAlloc)-m.slabs))
	m.idle = int64(s.HeapIdle)
}
