//go:build js && wasm

package jsbridge

import (
	"errors"
	"syscall/js"

	"asposecache/core"
	"asposecache/jsbridge/jsbuf"
)

// settingsFrom reads a whole settings object, of which JavaScript has checked the types.
func settingsFrom(v js.Value) (core.Settings, error) {
	t, err := core.ParseCacheType(v.Get("cacheType").String())
	p, perr := core.ParseSpillPolicy(v.Get("spillPolicy").String())
	return core.Settings{
		CacheType:            t,
		MaxMemoryForCache:    int64(v.Get("maxMemoryForCache").Float()),
		MaxDiskSpaceForCache: int64(v.Get("maxDiskSpaceForCache").Float()),
		ExactReallocateOnly:  v.Get("exactReallocateOnly").Bool(),
		SpillPolicy:          p,
	}, errors.Join(err, perr)
}

func surfaceSpec(args []js.Value) core.SurfaceSpec {
	return core.SurfaceSpec{
		Width:         int64(args[0].Float()),
		Height:        int64(args[1].Float()),
		BytesPerPixel: int(args[2].Float()),
	}
}

func rectFrom(args []js.Value) core.Rect {
	return core.Rect{
		X:      int64(args[0].Float()),
		Y:      int64(args[1].Float()),
		Width:  int64(args[2].Float()),
		Height: int64(args[3].Float()),
	}
}

// purposeOf never returns core.ForReplacing: a request writes nothing.
func purposeOf(forWriting js.Value) core.Purpose {
	if forWriting.Bool() {
		return core.ForWriting
	}
	return core.ForReading
}

// rectsArray returns x, y, width and height of each rectangle, as [jsbuf.Numbers].
func rectsArray(rects []core.Rect) js.Value {
	numbers := make([]float64, 0, 4*len(rects))
	for _, r := range rects {
		numbers = append(numbers, float64(r.X), float64(r.Y), float64(r.Width), float64(r.Height))
	}
	return jsbuf.Numbers(numbers)
}

// spansArray returns offset and length of each span, as [jsbuf.Numbers].
func spansArray(spans []core.Span) js.Value {
	numbers := make([]float64, 0, 2*len(spans))
	for _, s := range spans {
		numbers = append(numbers, float64(s.Offset), float64(s.Length))
	}
	return jsbuf.Numbers(numbers)
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
