//go:build js && wasm

package webapi

import (
	"context"
	"errors"
	"strings"
	"syscall/js"
	"time"
)

// ErrForbidden says that the page may store nothing.
var ErrForbidden = errors.New("the browser allows no storage here, as when cookies are blocked")

// Claim makes a name for a store, which nobody else has, <folder>/<UUID>, and takes its lock; without Web Locks that is
// nil.
func Claim(ctx context.Context, folder string) (name string, l *Lock, err error) {
	id, err := UUID()
	if err != nil {
		return "", nil, err
	}
	name = folder + "/" + id
	locks, ok := lockManager()
	if !ok {
		return name, nil, nil
	}
	l, err = take(ctx, locks, name, false)
	thrown := js.Error{}
	if errors.As(err, &thrown) && Property(thrown.Value, "name") == "SecurityError" {
		// The lock is what was asked for first, but the page may have no storage of any kind.
		err = ErrForbidden
	}
	if l != nil {
		l.leave = attend(folder, name)
	}
	return name, l, err
}

// Sweep removes the stores of a folder that were left behind: those whose lock nobody holds, and for which nobody answers.
// patience is how long an answer may take. list names the stores there are, and remove removes one. It returns how many. Without Web Locks it removes none.
//
// Any number of sweeps can run at once. What can't be removed in time is left to the next one, and told in the error.
func Sweep(ctx context.Context, folder string, patience time.Duration, list func(context.Context) ([]string, error),
	remove func(ctx context.Context, name string) error) (int, error) {
	locks, ok := lockManager()
	if !ok {
		return 0, nil
	}
	names, err := list(ctx)
	removed := 0
	var there map[string]bool // asked for when the first lock is found free
	isThere := func(name string) bool {
		if there == nil {
			there = present(ctx, folder, patience)
		}
		return there[name]
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		// The rest must be no more than what Claim appends: folder "a" has no say in "a/b".
		if id, ok := strings.CutPrefix(name, folder+"/"); !ok || !IsUUID(id) {
			continue
		}
		done, oneErr := sweep(ctx, locks, name, isThere, remove)
		if done {
			removed++
		}
		err = errors.Join(err, oneErr)
	}
	return removed, err
}

// sweep removes a store if nobody holds its lock and it is not there, and holds the lock meanwhile.
func sweep(ctx context.Context, locks js.Value, name string, isThere func(string) bool,
	remove func(context.Context, string) error) (bool, error) {
	limited, cancel := InTime(ctx)
	defer cancel()
	l, err := take(limited, locks, name, true)
	if l == nil {
		return false, err
	}
	defer l.Release()
	if isThere(name) {
		return false, nil
	}
	limited, cancel = InTime(ctx)
	defer cancel()
	err = remove(limited, name)
	return err == nil, err
}
