//go:build js && wasm

package webapi

import (
	"context"
	"time"
)

// Whether a store is open is known by its lock, but not always: see web/src/presence.ts, whose functions the host has.

// attend answers for a store of a folder until leave is called.
func attend(folder, store string) (leave func()) {
	leave = func() {}
	_ = Try(func() error {
		end := Host().Call("attend", folder, store)
		forget := OnExit(end)
		leave = func() {
			forget()
			end.Invoke()
		}
		return nil
	})
	return leave
}

// present returns which stores of a folder are open. It waits for as long as an answer may take.
func present(ctx context.Context, folder string, patience time.Duration) map[string]bool {
	there := make(map[string]bool)
	_ = Try(func() error {
		names, err := Await(ctx, Host().Call("present", folder, patience.Milliseconds()))
		if err == nil {
			for i := range names.Length() {
				there[names.Index(i).String()] = true
			}
		}
		return err
	})
	return there
}
