//go:build js && wasm

package idbstore

import (
	"context"
	"errors"
	"syscall/js"
)

// try runs f and returns as an error what it panics with: exceptions of JavaScript, values that are
// not of the type expected (a page can replace anything), and the panics of package idb.
func try(f func() error) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error:
			err = r
		case string:
			err = errors.New(r)
		default:
			panic(r)
		}
	}()
	return f()
}

// get reads a property whose getter may throw. Value.Get has no net: an exception in it ends the program.
func get(v js.Value, name string) (p js.Value, err error) {
	err = try(func() error {
		p = js.Global().Get("Reflect").Call("get", v, name)
		return nil
	})
	return p, err
}

// property is a property as text; empty when it is none. Anything can be thrown, so v can be anything.
func property(v js.Value, name string) (text string) {
	_ = try(func() error {
		p, err := get(v, name)
		if err == nil && p.Type() == js.TypeString {
			text = p.String()
		}
		return err
	})
	return text
}

// newPromise returns a promise and its resolve function, which is JavaScript's own: it can be called
// when the Go program has ended.
func newPromise() (promise, resolve js.Value) {
	executor := js.FuncOf(func(_ js.Value, args []js.Value) any {
		resolve = args[0]
		return nil
	})
	defer executor.Release() // the constructor has called it
	return js.Global().Get("Promise").New(executor), resolve
}

// await waits for a promise. When ctx ends first, the error is its cause.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	type answer struct {
		value js.Value
		err   error
	}
	answers := make(chan answer, 1)
	var resolved, rejected js.Func
	done := func(a answer) any {
		resolved.Release()
		rejected.Release()
		answers <- a
		return nil
	}
	resolved = js.FuncOf(func(_ js.Value, args []js.Value) any { return done(answer{value: args[0]}) })
	rejected = js.FuncOf(func(_ js.Value, args []js.Value) any { return done(answer{err: js.Error{Value: args[0]}}) })
	promise.Call("then", resolved, rejected)
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		return js.Undefined(), context.Cause(ctx)
	}
}

// onExit has a function of JavaScript called if the Go program ends before it could tidy up: whoever
// loaded it runs what is in asposeCacheHost.onExit then. forget takes it out again.
func onExit(f js.Value) (forget func()) {
	host := js.Global().Get("asposeCacheHost")
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

const hexDigits = "0123456789abcdef"

// uuid makes a random UUID. crypto.randomUUID is missing on insecure pages; random bytes are not.
func uuid() (id string, err error) {
	var b [16]byte
	err = try(func() error {
		array := js.Global().Get("Uint8Array").New(len(b))
		js.Global().Get("crypto").Call("getRandomValues", array)
		js.CopyBytesToGo(b[:], array)
		return nil
	})
	b[6] = b[6]&0x0f | 0x40 // version 4
	b[8] = b[8]&0x3f | 0x80 // variant of RFC 9562
	text := make([]byte, 0, 36)
	for i, c := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text = append(text, '-')
		}
		text = append(text, hexDigits[c>>4], hexDigits[c&15])
	}
	return string(text), err
}

// isUUID reports whether s has the form of what uuid makes.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}
