//go:build js && wasm

package jsbuf_test

import (
	"context"
	"testing"
	"time"

	"asposecache/core/driver"
	"asposecache/jsbridge/jsbuf"
	"asposecache/jsbridge/jsbuf/jsbuftest"
)

// sourcesOf returns n sources of 100 bytes, each of a byte of its own.
func sourcesOf(n int) (sources []driver.Source) {
	for i := range n {
		piece := make(driver.Bytes, 100)
		for k := range piece {
			piece[k] = byte(i + 1)
		}
		sources = append(sources, driver.Pieces{{Buffer: piece, Size: len(piece)}})
	}
	return sources
}

func TestPackLetsOthersRunWhenItTakesLong(t *testing.T) {
	for _, c := range []struct {
		time            time.Duration
		sources, pauses int
	}{{0, 1, 0}, {0, 2, 1}, {0, 16, 15}, {time.Hour, 16, 0}} {
		copied := int64(7)
		var seen []int64
		pauses := jsbuftest.Pauses(t, c.time, func(int) { seen = append(seen, copied-7) })
		parcel, err := jsbuf.NewPool().Pack(context.Background(), sourcesOf(c.sources), &copied)
		if n := int64(c.sources) * 100; err != nil || parcel.Bytes != n || copied != 7+n {
			t.Fatalf("%d sources: %v, %d bytes, %d counted", c.sources, err, parcel.Bytes, copied)
		}
		if *pauses != c.pauses {
			t.Errorf("%d pauses while %d were packed, want %d", *pauses, c.sources, c.pauses)
		}
		for i, n := range seen {
			if n != int64(i+1)*100 {
				t.Errorf("in pause %d %d bytes were counted", i, n)
			}
		}
		for i := range c.sources {
			if a := parcel.Arrays.Index(i); a.Index(0).Int() != i+1 || a.Index(99).Int() != i+1 {
				t.Errorf("array %d begins with %v", i, a.Index(0))
			}
		}
		parcel.Forget()
		parcel.Forget()
		if copied != 7 {
			t.Errorf("%d are counted when nothing is packed", copied-7)
		}
	}
}

func TestPackStopsWhenNobodyWaits(t *testing.T) {
	copied := int64(0)
	then := jsbuftest.GivesUp(t, func(ctx context.Context) error {
		parcel, err := jsbuf.NewPool().Pack(ctx, sourcesOf(16), &copied)
		if parcel.Bytes != 200 || copied != 200 {
			t.Errorf("%d bytes in the parcel, %d counted", parcel.Bytes, copied)
		}
		parcel.Forget()
		return err
	}, func() int64 { return copied })
	if then != 200 {
		t.Error(then)
	}
}
