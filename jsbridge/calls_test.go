//go:build js && wasm

package jsbridge

import (
	"syscall/js"
	"testing"
	"time"

	"asposecache/core"
	"asposecache/jsbridge/idbstore"
)

// A page is what the bridge takes for one.
type page struct {
	*testing.T
	call    js.Value
	settled map[int]chan js.Value
	last    int
	ended   chan struct{}
}

// runInPage runs the bridge as the program does.
func runInPage(t *testing.T) *page {
	t.Helper()
	p := &page{T: t, settled: make(map[int]chan js.Value), ended: make(chan struct{})}
	function := func(f func(args []js.Value) any) js.Value {
		made := js.FuncOf(func(_ js.Value, args []js.Value) any { return f(args) })
		t.Cleanup(made.Release)
		return made.Value
	}
	started := make(chan struct{})
	host := object(
		"cacheFolder", "bridge-test",
		"settle", function(func(args []js.Value) any {
			p.settled[args[0].Int()] <- object("ok", args[1], "value", args[2])
			return nil
		}),
		"progress", function(func([]js.Value) any { return nil }),
		"event", function(func([]js.Value) any { return nil }),
		"mayGrow", function(func([]js.Value) any { return true }),
		"nextTask", function(func(args []js.Value) any {
			js.Global().Call("setTimeout", args[0])
			return nil
		}),
		"onExit", js.Global().Get("Array").New(),
		"started", function(func(args []js.Value) any {
			p.call = args[1]
			close(started)
			return nil
		}),
	)
	js.Global().Set("asposeCacheHost", host)
	go func() {
		defer close(p.ended)
		Run("test", idbstore.New(idbstore.Options{}))
	}()
	<-started
	return p
}

// begin makes a call and returns where it will be settled.
func (p *page) begin(name string, args ...any) <-chan js.Value {
	p.Helper()
	p.last++
	settled := make(chan js.Value, 1)
	p.settled[p.last] = settled
	if refused := p.call.Invoke(append([]any{name, p.last, true}, args...)...); refused.Truthy() {
		settled <- object("ok", false, "value", refused.Get("error"))
	}
	return settled
}

// within returns how a call was settled, which must not take long.
func (p *page) within(settled <-chan js.Value) js.Value {
	p.Helper()
	select {
	case v := <-settled:
		return v
	case <-time.After(10 * time.Second):
		p.Fatal("it is never settled")
		return js.Undefined()
	}
}

func (p *page) mustSucceed(settled <-chan js.Value) js.Value {
	p.Helper()
	v := p.within(settled)
	if !v.Get("ok").Bool() {
		p.Fatal(v.Get("value").Get("message"))
	}
	return v.Get("value")
}

func TestACallThatPanicsBlocksNobody(t *testing.T) {
	p := runInPage(t)
	id := p.mustSucceed(p.begin("allocate", 1000))
	data := object("data", js.Global().Get("Uint8Array").New(10))
	for _, call := range [][]any{
		{"write", id, false, 0, "no bytes"}, // between the turn and the call
		{"readInto", id, false, 0, "no bytes"},
		{"writeRect", id, false, 0, 0, 1, 1, "no number", data},
		{"readRectScaled", id, false, 0, 0, 1, 1, "no number", 0},
		{"reallocate", id, false, "no number"},
		{"read", id, false, "no number", 1},
		{"restore", id, false, "no number"}, // before any turn
		{"write", id, false, 0},             // one argument is missing
		{"there is no such call"},
		{"commit"},
	} {
		if v := p.within(p.begin(call[0].(string), call[1:]...)); v.Get("ok").Bool() {
			t.Errorf("%v succeeded", call)
		}
		p.mustSucceed(p.begin("write", id, false, 0, data))
	}
	if n := len(the.cancels); n != 0 {
		t.Errorf("%d signals are still listened to", n)
	}
	p.mustSucceed(p.begin("close"))
	<-p.ended
	if n := the.cache.Allocated(core.Memory); n != 0 {
		t.Errorf("%d bytes are still counted", n)
	}
}
