//go:build js && wasm

package idbstore

import (
	"context"
	"errors"
	"strings"
	"syscall/js"

	"github.com/hack-pad/go-indexeddb/idb"

	"asposecache/core/driver"
	"asposecache/jsbridge/webapi"
)

// An Error is a failure as the browser told it. It wraps [driver.ErrQuota] or [driver.ErrUnavailable] where
// it means that.
type Error struct {
	// Op is what was asked of the browser.
	Op string
	// Name and Message are those of the DOMException. Name is empty for what is none.
	Name, Message string

	kind error
	// dead: the connection will not do anything any more.
	dead bool
}

func (e *Error) Error() string {
	parts := []string{"IndexedDB", e.Op}
	for _, s := range []string{e.Name, e.Message} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ": ")
}

func (e *Error) Unwrap() error { return e.kind }

// failure is the one place where what the browser says becomes an error of the cache. From package idb an exception
// thrown at a call arrives as a js.Error, wrapped, and the error of an event as an idb.DOMException; from ask both are a
// js.Error.
//
// The end of a context is no failure of the browser and stays what it is.
func failure(op string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return err
	}
	e := &Error{Op: op}
	var thrown js.Error
	var event idb.DOMException
	switch {
	case errors.As(err, &thrown):
		e.Name, e.Message = webapi.Property(thrown.Value, "name"), webapi.Property(thrown.Value, "message")
	case errors.As(err, &event):
		e.Name, e.Message, _ = strings.Cut(event.Error(), ": ")
	default:
		e.Message = err.Error()
	}
	switch e.Name {
	case "QuotaExceededError", "NS_ERROR_DOM_QUOTA_REACHED", "NS_ERROR_DOM_INDEXEDDB_QUOTA_ERR":
		e.kind = driver.ErrQuota
	case "InvalidStateError":
		e.dead = true
	}
	return e
}

// broken returns the failure of a call that fails only on a dead connection.
func broken(op string, err error) error {
	err = failure(op, err)
	if e := (*Error)(nil); errors.As(err, &e) {
		e.dead = true
	}
	return err
}

// unavailable says that a failure means that there is no IndexedDB to be had, unless it is for want of room.
func unavailable(op string, err error) error {
	err = failure(op, err)
	if e := (*Error)(nil); errors.As(err, &e) && e.kind == nil {
		e.kind = driver.ErrUnavailable
	}
	return err
}

// isDead reports whether an error says that the connection is of no more use.
func isDead(err error) bool {
	e := (*Error)(nil)
	return errors.As(err, &e) && e.dead
}

// unreadable reports whether an error can mean that one record is damaged and the others are not.
// sure is whether it means nothing else.
func unreadable(err error) (possible, sure bool) {
	e := (*Error)(nil)
	if !errors.As(err, &e) {
		return false, false
	}
	switch e.Name {
	case "NotReadableError", "DataError", "DataCloneError":
		return true, true
	case "UnknownError":
		return true, false
	}
	return false, false
}
