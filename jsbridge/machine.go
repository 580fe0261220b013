//go:build js && wasm

package jsbridge

// A machine gives the cache slabs from the Go heap while the browser allows the memory to grow.
type machine struct {
	host Host
	pacer
}

const (
	// reserve is what slabs leave of the memory that the browser allows: for the objects that describe
	// allocations, for garbage, stacks and the runtime. A Go program that runs out of memory cannot be
	// saved, so it must not come to it.
	reserve = 32 << 20
	// last is the part of the reserve that nothing new may begin to use.
	last = 8 << 20
	// overhead is what the runtime takes beside a slab.
	overhead = 3 << 19
)

func newMachine(host Host) *machine {
	m := &machine{host: host}
	m.start(m.mayGrow)
	return m
}

// mayGrow reports whether the browser lets the memory grow by n bytes.
func (m *machine) mayGrow(n int64) bool { return m.host.mayGrow.Invoke(n).Bool() }

// Fits reports whether the memory may grow by n bytes and still has its reserve.
func (m *machine) Fits(n int64) bool { return n <= 0 || m.mayGrow(n+reserve+overhead) }

// Spare reports whether there is memory for one more small object.
func (m *machine) Spare() bool { return m.idle > 2*last || m.mayGrow(last) }

// NewSlab returns n new bytes, or nil when the memory could not grow by them.
func (m *machine) NewSlab(n int) []byte {
	if !m.Fits(int64(n)) {
		return nil
	}
	m.addSlab(int64(n))
	return make([]byte, n)
}
