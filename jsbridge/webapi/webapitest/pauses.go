//go:build js && wasm

// Package webapitest has what tests need of a host.
package webapitest

import (
	"syscall/js"
	"testing"
)

// CountPauses has a host until the test ends, counts how often [webapi.Pause] is called, and calls meanwhile in each pause.
func CountPauses(t *testing.T, meanwhile func(pause int)) (pauses *int) {
	t.Helper()
	pauses = new(int)
	nextTask := js.FuncOf(func(_ js.Value, args []js.Value) any {
		*pauses++
		meanwhile(*pauses)
		js.Global().Call("setTimeout", args[0])
		return nil
	})
	js.Global().Set("asposeCacheHost", map[string]any{"nextTask": nextTask, "onExit": []any{}})
	t.Cleanup(func() {
		js.Global().Delete("asposeCacheHost")
		nextTask.Release()
	})
	return pauses
}
