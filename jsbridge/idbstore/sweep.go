//go:build js && wasm

package idbstore

import (
	"context"
	"errors"
	"strings"
	"syscall/js"
)

// Sweep removes the databases that stores of a folder have left behind: those whose lock nobody holds.
// It returns how many. Where the browser has no Web Locks, or can't list databases, there are none.
//
// Any number of sweeps can run at once. What can't be deleted in time is left to the next one, and told
// in the error.
func Sweep(ctx context.Context, folder string) (int, error) {
	locks, ok := lockManager()
	if !ok {
		return 0, nil
	}
	names, err := databases(ctx)
	removed := 0
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		// The rest must be no more than what Open appends: folder "a" has no say in "a/b".
		if id, ok := strings.CutPrefix(name, folder+"/"); !ok || !isUUID(id) {
			continue
		}
		done, dbErr := sweep(ctx, locks, name)
		if done {
			removed++
		}
		err = errors.Join(err, dbErr)
	}
	return removed, err
}

// Sweep removes what stores have left behind in the folder of this one; see [Sweep].
func (s *Store) Sweep(ctx context.Context) (int, error) {
	folder, _ := s.Folder()
	return Sweep(ctx, folder)
}

// sweep deletes a database if nobody holds its lock, and holds it meanwhile.
func sweep(ctx context.Context, locks js.Value, name string) (bool, error) {
	ctx, cancel := inTime(ctx)
	defer cancel()
	l, err := lock(ctx, locks, name, true)
	if l == nil {
		return false, err
	}
	defer l.release()
	err = deleteDatabase(ctx, name)
	return err == nil, err
}

// databases are the names of all databases of the origin.
func databases(ctx context.Context) (names []string, err error) {
	raw, _, err := factory()
	if err != nil {
		return nil, err
	}
	ctx, cancel := inTime(ctx)
	defer cancel()
	err = try(func() error {
		if raw.Get("databases").Type() != js.TypeFunction {
			return nil
		}
		list, err := await(ctx, raw.Call("databases"))
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
