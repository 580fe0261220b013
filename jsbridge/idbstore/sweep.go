//go:build js && wasm

package idbstore

import (
	"context"
	"syscall/js"
	"time"

	"asposecache/jsbridge/webapi"
)

// Sweep removes the databases that stores of a folder have left behind, and returns how many; see [webapi.Sweep]. Where
// the browser can't list databases it removes none.
func Sweep(ctx context.Context, folder string, patience time.Duration) (int, error) {
	return webapi.Sweep(ctx, folder, patience, databases, deleteDatabase)
}

// Sweep removes what stores have left behind in the folder of this one.
func (s *Store) Sweep(ctx context.Context, patience time.Duration) (int, error) {
	folder, _ := s.Folder()
	return Sweep(ctx, folder, patience)
}

// databases returns the names of all databases of the origin, or none where the browser can't list them.
func databases(ctx context.Context) (names []string, err error) {
	raw, _, err := factory()
	if err != nil {
		return nil, err
	}
	ctx, cancel := webapi.InTime(ctx)
	defer cancel()
	err = webapi.Try(func() error {
		if raw.Get("databases").Type() != js.TypeFunction {
			return nil
		}
		list, err := webapi.Await(ctx, raw.Call("databases"))
		if err != nil {
			return err
		}
		for i := range list.Length() {
			names = append(names, list.Index(i).Get("name").String())
		}
		return nil
	})
	return names, failure("list databases", err)
}
