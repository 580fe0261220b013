//go:build js && wasm

package idbstore

import (
	"runtime"
	"sync/atomic"
)

// collectEvery is after how many bytes of records the garbage collector is run. To Go each of them is a
// reference of a few bytes, and the browser keeps the object behind it for as long as there is one.
const collectEvery = 128 << 20

// A meter counts bytes of records and has garbage collected now and then.
type meter struct{ bytes atomic.Int64 }

// passed counts n bytes more.
func (m *meter) passed(n int) {
	if m.bytes.Add(int64(n)) >= collectEvery {
		m.bytes.Store(0)
		runtime.GC()
	}
}
