//go:build js && wasm

package webapi

import (
	"context"
	"errors"
	"time"

	"asposecache/core/driver"
)

// Limit is how long the browser has for what it should do at once: open, list, grant a lock, remove what is swept. Some
// browsers never answer, and tell nothing.
var Limit = 5 * time.Second

// ErrNoAnswer is the cause of a context's end when the browser took too long.
var ErrNoAnswer = errors.New("the browser did not answer in time")

// InTime returns a context that ends after [Limit].
func InTime(ctx context.Context) (context.Context, context.CancelFunc) {
	return driver.Within(ctx, Limit, ErrNoAnswer)
}
