package core_test

import (
	"bytes"
	"testing"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
)

func TestWritesAndReadsWithoutAWait(t *testing.T) {
	inBubble(t, onDisk, func(b *bench) {
		a := b.allocate(1 << 20)
		content := picture(1<<20, 1)
		if !a.WriteNow(driver.Bytes(content), 0) {
			b.Fatal("a write to an empty buffer has to wait")
		}
		b.holds(a, core.Disk, content)
		got := make([]byte, 1000)
		if !a.ReadNow(driver.Bytes(got), 500_000) || !bytes.Equal(got, content[500_000:501_000]) {
			b.Error("what waits to be stored is not at hand")
		}
		b.is(a.Flush(ctx), nil)
		b.settle()
		c := b.allocate(40 << 20)
		for off := int64(0); off < 32<<20; off += 8 << 20 {
			data := driver.Bytes(make([]byte, 8<<20))
			if done := c.WriteNow(data, off); done != (off%(16<<20) == 0) {
				b.Fatalf("the bytes from %d on: done is %t; others get a turn after that", off, done)
			} else if !done {
				b.is(c.Turn().Write(ctx, data, off, nil), nil)
			}
		}

		before := b.store.Counts().Gets
		if a.ReadNow(driver.Bytes(got), 100) {
			b.Error("what is only in the store was read without a wait")
		}
		if b.store.Counts().Gets != before {
			b.Error("it was asked for")
		}
		b.is(a.ReadAt(ctx, got, 100), nil)
		if !a.ReadNow(driver.Bytes(got), 5000) || !bytes.Equal(got, content[5000:6000]) {
			b.Error("the rest of a record that was read is not at hand")
		}
	})
}

func TestCallsWithoutAWaitAreRefused(t *testing.T) {
	memory, disk := core.Settings{}, onDisk
	data := driver.Bytes(picture(1000, 1))
	var waits []*core.Turn
	for _, test := range []struct {
		name     string
		settings core.Settings
		off      int64
		prepare  func(b *bench, a *core.Allocation)
	}{
		{"in memory", memory, 0, func(*bench, *core.Allocation) {}},
		{"past the end", disk, 1, func(*bench, *core.Allocation) {}},
		{"before the start", disk, -1, func(*bench, *core.Allocation) {}},
		{"disposed of", disk, 0, func(_ *bench, a *core.Allocation) { a.Dispose() }},
		{"closed", disk, 0, func(b *bench, _ *core.Allocation) { b.is(b.Close(ctx), nil) }},
		{"behind a call that waits", disk, 0, func(_ *bench, a *core.Allocation) {
			waits = append(waits, a.Turn())
		}},
		{"after a failure to store", disk, 0, func(b *bench, a *core.Allocation) {
			b.store.SetHook(drivertest.Fail(errBroken, drivertest.Apply))
			b.write(a, data, 0)
			for b.told(core.StoreFailed) == 0 {
				timePasses()
			}
		}},
		{"without memory for a buffer", disk, 0, func(b *bench, _ *core.Allocation) {
			b.store.SetHook(drivertest.Fail(errBroken, drivertest.NewBuffer))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, test.settings, func(b *bench) {
				a := b.allocate(1000)
				test.prepare(b, a)
				if a.WriteNow(data, test.off) {
					b.Error("it was written")
				}
				if test.name != "without memory for a buffer" && a.ReadNow(driver.Bytes(make([]byte, 1000)), test.off) {
					b.Error("it was read")
				}
				for _, first := range waits {
					b.is(first.Flush(ctx, nil), nil)
				}
				waits = nil
			})
		})
	}
}
