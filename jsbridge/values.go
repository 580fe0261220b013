//go:build js && wasm

package jsbridge

import (
	"syscall/js"

	"asposecache/core"
)

// settingsFrom reads a whole settings object, of which JavaScript has checked the types.
func settingsFrom(v js.Value) (core.Settings, error) {
	t, err := core.ParseCacheType(v.Get("cacheType").String())
	return core.Settings{
		CacheType:            t,
		MaxMemoryForCache:    int64(v.Get("maxMemoryForCache").Float()),
		MaxDiskSpaceForCache: int64(v.Get("maxDiskSpaceForCache").Float()),
		ExactReallocateOnly:  v.Get("exactReallocateOnly").Bool(),
	}, err
}

func statisticsObject(s core.Statistics) any {
	return object(
		"memory", object(
			"allocations", s.Memory.Allocations,
			"allocatedBytes", s.Memory.AllocatedBytes,
			"peakBytes", s.Memory.PeakBytes,
			"occupiedBytes", s.Memory.OccupiedBytes,
			"freeBytes", s.Memory.FreeBytes,
		),
		"disk", object(
			"allocations", s.Disk.Allocations,
			"allocatedBytes", s.Disk.AllocatedBytes,
			"peakBytes", s.Disk.PeakBytes,
			"waitingBytes", s.Disk.WaitingBytes,
			"readBytes", s.Disk.ReadBytes,
			"writtenBytes", s.Disk.WrittenBytes,
			"transactions", s.Disk.Transactions,
			"retries", s.Disk.Retries,
			"failures", s.Disk.Failures,
		),
		"queuedBytes", s.QueuedBytes,
		"spills", s.Spills,
		"reallocations", s.Reallocations,
	)
}

// object makes a JavaScript object of names and values, in turn. A map literal would say the same with
// several times the code in the program.
func object(pairs ...any) js.Value {
	o := js.Global().Get("Object").New()
	for i := 0; i < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
	return o
}
