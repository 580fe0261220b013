//go:build js && wasm

package idbstore

import (
	"context"
	"syscall/js"
)

// A webLock is a Web Lock that is held. The browser frees it when the page that holds it dies, however
// it dies: that is how others can tell a database in use from one left behind.
type webLock struct {
	resolve js.Value // ends the promise for whose life the browser keeps the lock
	failed  js.Func
	forget  func()
}

// lockName is the lock of a database. Names of locks must not begin with a hyphen; those of databases may.
func lockName(database string) string { return "asposeCache:" + database }

// lockManager is navigator.locks. Insecure pages have none.
func lockManager() (js.Value, bool) {
	navigator, err := get(js.Global(), "navigator")
	if err != nil || navigator.Type() != js.TypeObject {
		return js.Undefined(), false
	}
	locks, err := get(navigator, "locks")
	return locks, err == nil && locks.Type() == js.TypeObject
}

// lock takes the lock of a database. With ifAvailable it returns nil when somebody else has it,
// otherwise it waits.
func lock(ctx context.Context, locks js.Value, database string, ifAvailable bool) (*webLock, error) {
	type answer struct {
		granted bool
		err     error
	}
	answers := make(chan answer, 1)
	held, resolve := newPromise()
	l := &webLock{resolve: resolve}

	var granted js.Func
	granted = js.FuncOf(func(_ js.Value, args []js.Value) any {
		granted.Release()
		answers <- answer{granted: args[0].Type() == js.TypeObject}
		return held
	})
	// There is no function for success: the request succeeds when the lock is released, which may be
	// after the Go program has ended.
	l.failed = js.FuncOf(func(_ js.Value, args []js.Value) any {
		answers <- answer{err: js.Error{Value: args[0]}}
		return nil
	})
	err := try(func() error {
		options := map[string]any{"ifAvailable": ifAvailable}
		locks.Call("request", lockName(database), options, granted).Call("then", js.Undefined(), l.failed)
		return nil
	})
	if err == nil {
		select {
		case a := <-answers:
			if a.granted {
				l.forget = onExit(resolve)
				return l, nil
			}
			l.failed.Release()
			return nil, failure("lock", a.err)
		case <-ctx.Done():
			// If it is granted after all, held has been resolved and it is free again at once.
			err = context.Cause(ctx)
		}
	}
	resolve.Invoke()
	return nil, failure("lock", err)
}

// release frees the lock.
func (l *webLock) release() {
	if l == nil {
		return
	}
	l.forget()
	l.resolve.Invoke()
	l.failed.Release()
}
