//go:build js && wasm

package jsbuf_test

import (
	"context"
	"errors"
	"syscall/js"
	"testing"

	"asposecache/core/driver"
	"asposecache/jsbridge/jsbuf"
)

// countPauses has a host whose nextTask counts, and calls back in a task of its own, until the test ends.
func countPauses(t *testing.T, meanwhile func(pause int)) (pauses *int) {
	pauses = new(int)
	nextTask := js.FuncOf(func(_ js.Value, args []js.Value) any {
		*pauses++
		meanwhile(*pauses)
		js.Global().Call("setTimeout", args[0])
		return nil
	})
	host := js.Global().Get("Object").New()
	host.Set("nextTask", nextTask)
	js.Global().Set("asposeCacheHost", host)
	t.Cleanup(func() {
		js.Global().Delete("asposeCacheHost")
		nextTask.Release()
	})
	return pauses
}

// sourcesOf returns n pieces of 512 KiB, each of a byte of its own.
func sourcesOf(n int) (sources []driver.Source) {
	for i := range n {
		piece := make(driver.Bytes, 512<<10)
		for k := range piece {
			piece[k] = byte(i + 1)
		}
		sources = append(sources, driver.Pieces{{Buffer: piece, Size: len(piece)}})
	}
	return sources
}

func TestPackLetsOthersRun(t *testing.T) {
	pool := jsbuf.NewPool(512 << 10)
	for _, c := range []struct{ sources, pauses int }{{1, 0}, {4, 0}, {5, 1}, {16, 3}} {
		copied := int64(7)
		var seen []int64
		pauses := countPauses(t, func(int) { seen = append(seen, copied-7) })
		parcel, err := pool.Pack(context.Background(), sourcesOf(c.sources), &copied)
		if err != nil || parcel.Bytes != int64(c.sources)<<19 || copied != 7+parcel.Bytes {
			t.Fatalf("%d: %v, %d bytes, %d copied", c.sources, err, parcel.Bytes, copied)
		}
		if *pauses != c.pauses {
			t.Errorf("%d pauses while %d pieces were packed, want %d", *pauses, c.sources, c.pauses)
		}
		for i, n := range seen {
			if n != int64(i+1)<<21 {
				t.Errorf("at pause %d %d bytes were copied", i, n)
			}
		}
		for i := range c.sources {
			if a := parcel.Arrays.Index(i); a.Index(0).Int() != i+1 || a.Index(512<<10-1).Int() != i+1 {
				t.Errorf("array %d has %v", i, a.Index(0))
			}
		}
		parcel.Forget()
	}
}

func TestPackStopsWhenNobodyWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	countPauses(t, func(pause int) {
		if pause == 2 {
			cancel()
		}
	})
	copied := int64(0)
	parcel, err := jsbuf.NewPool().Pack(ctx, sourcesOf(16), &copied)
	if !errors.Is(err, context.Canceled) || parcel.Bytes != 4<<20 || copied != parcel.Bytes {
		t.Errorf("%v, %d bytes in the parcel, %d copied", err, parcel.Bytes, copied)
	}
	parcel.Forget()
}
