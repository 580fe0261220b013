package driver

import (
	"context"
	"time"
)

// partsOfLimit is in how many parts a limit is counted.
const partsOfLimit = 5

// Within returns a context that ends with cause when the program has been awake for limit. However long the machine
// sleeps meanwhile, or however far the clock jumps, that counts for one of the parts of limit at most.
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
