package driver

import (
	"context"
	"time"
)

// partsOfLimit is in how many parts a limit is counted.
const partsOfLimit = 5

// Within is a context that ends, for a cause, when the program has been awake for so long: however long the machine
// sleeps meanwhile, or far the clock jumps, that counts for one part of the time at most.
func Within(ctx context.Context, limit time.Duration, cause error) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		for range partsOfLimit {
			select {
			case <-time.After(limit / partsOfLimit):
			case <-ctx.Done():
				return
			}
		}
		cancel(cause)
	}()
	return ctx, func() { cancel(nil) }
}
