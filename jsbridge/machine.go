//go:build js && wasm

package jsbridge

import "runtime/debug"

const (
	// reserve is what stays free of the memory that the browser allows: for garbage, stacks and the
	// runtime. A Go program that runs out of memory cannot be saved, so it must not come to it.
	reserve = 32 << 20
	// overhead is what the runtime takes beside a slab.
	overhead = 3 << 19
	// garbage is how much of it may pile up before it is collected.
	garbage = 16 << 20
)

// A machine gives the cache slabs from the Go heap while the browser allows the memory to grow.
type machine struct {
	host  Host
	slabs int64
}

// Fits tells whether the memory may grow by n bytes.
func (m *machine) Fits(n int64) bool {
	return n <= 0 || m.host.mayGrow.Invoke(n+reserve+overhead).Bool()
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
// doubled, would let as much garbage pile up as there are slabs, and the memory never shrinks. The
// runtime keeps a headroom of 3% below the limit, so that is put on top.
func (m *machine) limitGarbage() {
	debug.SetMemoryLimit((m.slabs + garbage) * 104 / 100)
}
