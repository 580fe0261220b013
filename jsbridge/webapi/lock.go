//go:build js && wasm

package webapi

import (
	"context"
	"syscall/js"
)

// A Lock is a Web Lock that is held. The browser frees it when the page that holds it dies, however
// it dies: that is how others can tell a store in use from one left behind.
type Lock struct {
	resolve js.Value // ends the promise for whose life the browser keeps the lock
	failed  js.Func  // called when the request for it fails
	forget  func()   // undoes OnExit(resolve)
	leave   func()   // ends the answers to who asks for the store
}

// LockName returns the name of a store's lock. Names of locks must not begin with a hyphen; those of stores may.
func LockName(store string) string { return "asposeCache:" + store }

// lockManager returns navigator.locks, and reports whether there is one. Insecure pages have none.
func lockManager() (js.Value, bool) {
	navigator, err := Get(js.Global(), "navigator")
	if err != nil || navigator.Type() != js.TypeObject {
		return js.Undefined(), false
	}
	locks, err := Get(navigator, "locks")
	return locks, err == nil && locks.Type() == js.TypeObject
}

// take takes the lock of a store. With ifAvailable it returns nil when somebody else has it,
// otherwise it waits.
func take(ctx context.Context, locks js.Value, store string, ifAvailable bool) (*Lock, error) {
	type answer struct {
		granted bool
		err     error
	}
	answers := make(chan answer, 1)
	held, resolve := NewPromise()
	l := &Lock{resolve: resolve}

	var granted js.Func
	waits := true
	granted = js.FuncOf(func(_ js.Value, args []js.Value) any {
		granted.Release()
		if !waits {
			l.failed.Release()
		}
		answers <- answer{granted: args[0].Type() == js.TypeObject}
		return held
	})
	// There is no function for success: the request succeeds when the lock is released, which may be
	// after the Go program has ended.
	l.failed = js.FuncOf(func(_ js.Value, args []js.Value) any {
		granted.Release()
		if !waits {
			l.failed.Release()
		}
		select {
		case answers <- answer{err: js.Error{Value: args[0]}}:
		default: // it was granted before, and taken away
		}
		return nil
	})
	err := Try(func() error {
		options := map[string]any{"ifAvailable": ifAvailable}
		locks.Call("request", LockName(store), options, granted).Call("then", js.Undefined(), l.failed)
		return nil
	})
	if err == nil {
		select {
		case a := <-answers:
			if a.granted {
				l.forget = OnExit(resolve)
				return l, nil
			}
			l.failed.Release()
			return nil, a.err
		case <-ctx.Done():
			// If it is granted after all, held has been resolved and it is free again at once.
			waits = false
			resolve.Invoke()
			return nil, context.Cause(ctx)
		}
	}
	granted.Release()
	l.failed.Release()
	resolve.Invoke()
	return nil, err
}

// Release frees the lock. A nil Lock is none.
func (l *Lock) Release() {
	if l == nil {
		return
	}
	l.forget()
	if l.leave != nil {
		l.leave()
	}
	l.resolve.Invoke()
	l.failed.Release()
}
