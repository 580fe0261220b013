package core

// A Machine is where the memory tier's memory comes from.
type Machine interface {
	// NewSlab returns n new bytes, all zero, or nil when there are no more.
	NewSlab(n int) []byte
	// Fits reports whether NewSlab can give about n bytes more.
	Fits(n int64) bool
	// Spare reports whether there is memory for what describes one more allocation.
	Spare() bool
}

// NewMachine returns a Machine that gives at most that many bytes of the Go heap.
func NewMachine(most int64) Machine { return &goHeap{room: most} }

type goHeap struct{ room int64 }

func (g *goHeap) NewSlab(n int) []byte {
	if int64(n) > g.room {
		return nil
	}
	g.room -= int64(n)
	return make([]byte, n)
}

func (g *goHeap) Spare() bool { return true }

func (g *goHeap) Fits(n int64) bool { return n <= g.room }
