//go:build js && wasm

package jsbridge

import (
	"errors"
	"syscall/js"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/jsbridge/jsbuf"
)

// errAborted is the cause of a call's end by its signal, whose reason JavaScript knows.
var errAborted = errors.New("aborted")

// codes are the errors that JavaScript tells apart by a code alone.
var codes = []struct {
	err  error
	code string
}{
	{core.ErrDisposed, "CACHE_DISPOSED"},
	{core.ErrClosed, "CACHE_CLOSED"},
	{core.ErrLost, "CACHE_LOST"},
	{core.ErrBusy, "CACHE_BUSY"},
	{core.ErrNotInMemory, "CACHE_NOT_IN_MEMORY"},
	{driver.ErrUnavailable, "CACHE_UNAVAILABLE"},
}

// noMemory returns the refusal of n bytes that JavaScript, or the program itself, has no memory for.
func (b *bridge) noMemory(n int64) error {
	return &core.FullError{Medium: core.Memory, Requested: n, Allocated: b.cache.Allocated(core.Memory),
		Limit: b.cache.Settings().MaxMemoryForCache, Reason: core.ByMemory}
}

// describe makes the plain object from which JavaScript makes an error: kind says which class, the
// other properties are that class's. This is the only place where errors are translated.
func describe(err error) any {
	if err == nil {
		return nil
	}
	var (
		full     *core.FullError
		range_   *core.RangeError
		argument *core.ArgumentError
		thrown   js.Error
	)
	switch {
	case errors.Is(err, errAborted):
		return object("kind", "aborted")
	case errors.As(err, &full):
		return object(
			"kind", "full", "message", full.Error(), "medium", full.Medium.String(),
			"requested", full.Requested, "allocated", full.Allocated, "limit", full.Limit,
			"reason", string(full.Reason), "cause", describe(full.Cause),
		)
	case errors.As(err, &range_):
		return object("kind", "range", "message", err.Error())
	case errors.As(err, &argument), errors.Is(err, jsbuf.ErrDetached):
		return object("kind", "type", "message", err.Error())
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return object("kind", "code", "code", c.code, "message", err.Error())
		}
	}
	if errors.As(err, &thrown) {
		return object("kind", "thrown", "message", err.Error(), "thrown", thrown.Value)
	}
	return object("kind", "error", "message", err.Error())
}
