//go:build js && wasm

// Package jsbuftest has what tests of packing need.
package jsbuftest

import (
	"context"
	"syscall/js"
	"testing"
	"time"

	"asposecache/jsbridge/jsbuf"
)

// Pauses sets how long [jsbuf.Pool.Pack] copies before it pauses, 0 for a pause after each source, until the test ends. It
// counts the pauses, and calls meanwhile in each.
func Pauses(t *testing.T, packTime time.Duration, meanwhile func(pause int)) (pauses *int) {
	t.Helper()
	was := jsbuf.PackTime
	jsbuf.PackTime = packTime
	pauses = new(int)
	nextTask := js.FuncOf(func(_ js.Value, args []js.Value) any {
		*pauses++
		meanwhile(*pauses)
		js.Global().Call("setTimeout", args[0])
		return nil
	})
	js.Global().Set("asposeCacheHost", map[string]any{"nextTask": nextTask, "onExit": []any{}})
	t.Cleanup(func() {
		jsbuf.PackTime = was
		js.Global().Delete("asposeCacheHost")
		nextTask.Release()
	})
	return pauses
}

// GivesUp calls apply with a context that ends in the second pause, and fails if that is not what ends it. copied is what
// the store tells; it returns what that was then.
func GivesUp(t *testing.T, apply func(context.Context) error, copied func() int64) (then int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	pauses := Pauses(t, 0, func(pause int) {
		if pause == 2 {
			then = copied()
			cancel()
		}
	})
	if err := apply(ctx); err != context.Canceled || *pauses != 2 || copied() != 0 {
		t.Errorf("%v after %d pauses, with %d bytes on their way afterwards", err, *pauses, copied())
	}
	return then
}
