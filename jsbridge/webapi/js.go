//go:build js && wasm

package webapi

import (
	"context"
	"errors"
	"syscall/js"
)

// Try runs f and returns as an error what it panics with: exceptions of JavaScript, values that are
// not of the type expected (a page can replace anything), and the panics of package idb.
func Try(f func() error) (err error) {
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

// Get reads a property whose getter may throw. Value.Get has no net: an exception in it ends the program.
func Get(v js.Value, name string) (p js.Value, err error) {
	err = Try(func() error {
		p = js.Global().Get("Reflect").Call("get", v, name)
		return nil
	})
	return p, err
}

// Property returns a property that is a string, and "" for any other. Anything can be thrown, so v can be anything.
func Property(v js.Value, name string) (text string) {
	_ = Try(func() error {
		p, err := Get(v, name)
		if err == nil && p.Type() == js.TypeString {
			text = p.String()
		}
		return err
	})
	return text
}

// NewPromise returns a promise and its resolve function, which is JavaScript's own: it can be called
// when the Go program has ended.
func NewPromise() (promise, resolve js.Value) {
	executor := js.FuncOf(func(_ js.Value, args []js.Value) any {
		resolve = args[0]
		return nil
	})
	defer executor.Release() // the constructor has called it
	return js.Global().Get("Promise").New(executor), resolve
}

// Await waits for a promise. When ctx ends first, the error is its cause.
func Await(ctx context.Context, promise js.Value) (js.Value, error) {
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
