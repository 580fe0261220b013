//go:build js && wasm

package webapi

import "syscall/js"

// Host returns the JavaScript object of whoever has loaded the program; undefined where nobody has, as in a test.
func Host() js.Value { return js.Global().Get("asposeCacheHost") }

// OnExit has a function of JavaScript called if the Go program ends before it could tidy up: whoever
// loaded it runs what is in the host's onExit then. forget takes it out again.
func OnExit(f js.Value) (forget func()) {
	host := Host()
	if host.Type() != js.TypeObject {
		return func() {}
	}
	list := host.Get("onExit")
	if list.Type() != js.TypeObject {
		return func() {}
	}
	list.Call("push", f)
	return func() {
		if i := list.Call("indexOf", f).Int(); i >= 0 {
			list.Call("splice", i, 1)
		}
	}
}

// Pause lets other tasks of this thread run. Without a host it does nothing.
func Pause() {
	host := Host()
	if host.Type() != js.TypeObject {
		return
	}
	done := make(chan struct{})
	resume := js.FuncOf(func(js.Value, []js.Value) any {
		close(done)
		return nil
	})
	defer resume.Release()
	host.Call("nextTask", resume)
	<-done
}
