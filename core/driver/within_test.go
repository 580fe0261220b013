package driver_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"asposecache/core/driver"
)

func TestWithin(t *testing.T) {
	late := errors.New("late")
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		limited, cancel := driver.Within(context.Background(), time.Minute, late)
		defer cancel()
		<-limited.Done()
		if took := time.Since(began); took != time.Minute || context.Cause(limited) != late {
			t.Errorf("after %v: %v", took, context.Cause(limited))
		}

		outer, end := context.WithCancelCause(context.Background())
		limited, cancel = driver.Within(outer, time.Minute, late)
		defer cancel()
		why := errors.New("why")
		end(why)
		if <-limited.Done(); context.Cause(limited) != why {
			t.Errorf("the one around it has ended: %v", context.Cause(limited))
		}

		limited, cancel = driver.Within(context.Background(), time.Minute, late)
		cancel()
		if <-limited.Done(); context.Cause(limited) != context.Canceled {
			t.Errorf("cancelled: %v", context.Cause(limited))
		}
	})
}
