package core_test

import (
	"errors"
	"strings"
	"testing"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
)

// Messages name what was given and what would help.
func TestMessages(t *testing.T) {
	inBubble(t, core.Settings{MaxMemoryForCache: page}, func(b *bench) {
		says := func(err error, want string) {
			b.Helper()
			if err == nil || !strings.Contains(err.Error(), want) {
				b.Errorf("%v; it should say %q", err, want)
			}
		}
		s, err := b.AllocateSurface(ctx, core.SurfaceSpec{Width: 100, Height: 100, BytesPerPixel: 4})
		b.is(err, nil)
		says(s.WriteRect(ctx, core.Rect{X: 80, Y: 90, Width: 21, Height: 10}, nil), "width: 21 was given, allowed is 0 to 20, from x 80 on")
		says(s.WriteRect(ctx, core.Rect{X: 80, Y: 90, Width: 20, Height: 11}, nil), "height: 11 was given, allowed is 0 to 10, from y 90 on")

		b.store.SetHook(drivertest.Fail(errors.Join(driver.ErrUnavailable, errors.New("blocked by policy")), drivertest.Open))
		_, err = b.Allocate(ctx, 2*page)
		says(err, "no room in memory")
		says(err, "the disk can't be had: ")
		says(err, "blocked by policy")

		b.configure(onDisk)
		_, err = b.AllocateInMemory(1)
		b.is(err, core.ErrNotInMemory)
		says(err, "cacheType allows the disk only")
	})
}
