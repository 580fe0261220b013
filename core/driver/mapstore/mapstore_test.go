package mapstore_test

import (
	"context"
	"errors"
	"testing"

	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
	"asposecache/core/driver/mapstore"
)

func TestConformance(t *testing.T) {
	for name, traits := range map[string]driver.Traits{"usual": mapstore.Traits, "small": mapstore.Small} {
		t.Run(name, func(t *testing.T) {
			drivertest.Run(t, func(*testing.T) driver.Store { return mapstore.With(traits) })
		})
	}
}

func TestConformanceThroughFaultyWithoutFaults(t *testing.T) {
	drivertest.Run(t, func(*testing.T) driver.Store { return drivertest.NewFaulty(mapstore.New()) })
}

func TestCounts(t *testing.T) {
	ctx := context.Background()
	s := mapstore.New()
	if err := s.Open(ctx); err != nil {
		t.Fatal(err)
	}
	expect := func(records int, bytes int64, buffers int) {
		t.Helper()
		if r, b, o := s.Records(), s.Bytes(), s.Buffers(); r != records || b != bytes || o != buffers {
			t.Fatalf("%d records, %d bytes, %d buffers out; want %d, %d, %d", r, b, o, records, bytes, buffers)
		}
	}

	buf, err := s.NewBuffer(100)
	if err != nil {
		t.Fatal(err)
	}
	expect(0, 0, 1)
	if err := s.Apply(ctx, []driver.Record{{Key: 1, Data: buf}, {Key: 2, Data: buf}}, nil); err != nil {
		t.Fatal(err)
	}
	expect(2, 200, 1)
	s.FreeBuffer(buf)
	expect(2, 200, 0)

	if err := s.Apply(ctx, []driver.Record{{Key: 1, Data: driver.Bytes(make([]byte, 7))}}, nil); err != nil {
		t.Fatal(err)
	}
	expect(2, 107, 0) // put again: counted once

	bufs, err := s.Get(ctx, []driver.Range{{Key: 1, Size: 7}, {Key: 2, Size: 100}, {Key: 3, Size: 1}})
	if err != nil {
		t.Fatal(err)
	}
	expect(2, 107, 2)
	s.FreeBuffer(bufs[0])
	s.FreeBuffer(bufs[1])

	s.Lose(2)
	expect(1, 7, 0)
	if err := s.Apply(ctx, nil, []driver.Key{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	expect(0, 0, 0)
}

func TestBuffersGivenBackHoldJunkAndCannotBeGivenBackTwice(t *testing.T) {
	s := mapstore.New()
	buf, err := s.NewBuffer(8)
	if err != nil {
		t.Fatal(err)
	}
	s.FreeBuffer(buf)
	p := make([]byte, 8)
	if err := buf.ReadAt(p, 0); err != nil {
		t.Fatal(err)
	}
	if p[0] == 0 || p[7] == 0 {
		t.Fatalf("a buffer given back reads %v", p)
	}
	for name, b := range map[string]driver.Buffer{"given back": buf, "of somebody else": driver.Bytes{1, 2}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("FreeBuffer of a buffer %s did not panic", name)
				}
			}()
			s.FreeBuffer(b)
		}()
	}
}

func TestCallsOutOfTurn(t *testing.T) {
	ctx := context.Background()
	s := mapstore.New()
	if err := s.Apply(ctx, nil, []driver.Key{1}); !errors.Is(err, mapstore.ErrNotOpen) {
		t.Errorf("Apply before Open: %v", err)
	}
	if err := s.Close(ctx); err != nil {
		t.Errorf("Close before Open: %v", err)
	}
	if _, err := s.Get(ctx, []driver.Range{{Key: 1, Size: 10}}); !errors.Is(err, mapstore.ErrClosed) {
		t.Errorf("Get after Close: %v", err)
	}
	if err := s.Open(ctx); !errors.Is(err, mapstore.ErrClosed) {
		t.Errorf("Open after Close: %v", err)
	}
	if err := s.Close(ctx); !errors.Is(err, mapstore.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
}
