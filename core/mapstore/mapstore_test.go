package mapstore_test

import (
	"context"
	"errors"
	"testing"

	"asposecache/core"
	"asposecache/core/mapstore"
	"asposecache/core/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) core.Store { return mapstore.New() })
}

func TestConformanceThroughFaultyWithoutFaults(t *testing.T) {
	storetest.Run(t, func(*testing.T) core.Store { return storetest.NewFaulty(mapstore.New()) })
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
	if err := s.Apply(ctx, []core.Record{{Key: 1, Data: buf}, {Key: 2, Data: buf}}, nil); err != nil {
		t.Fatal(err)
	}
	expect(2, 200, 1)
	s.FreeBuffer(buf)
	expect(2, 200, 0)

	if err := s.Apply(ctx, []core.Record{{Key: 1, Data: core.Bytes(make([]byte, 7))}}, nil); err != nil {
		t.Fatal(err)
	}
	expect(2, 107, 0) // put again: counted once

	bufs, err := s.Get(ctx, []core.Key{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	expect(2, 107, 2)
	s.FreeBuffer(bufs[0])
	s.FreeBuffer(bufs[1])

	s.Lose(2)
	expect(1, 7, 0)
	if err := s.Apply(ctx, nil, []core.Key{1, 2, 3}); err != nil {
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
	for name, b := range map[string]core.Buffer{"given back": buf, "of somebody else": core.Bytes{1, 2}} {
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
	if err := s.Apply(ctx, nil, []core.Key{1}); !errors.Is(err, mapstore.ErrNotOpen) {
		t.Errorf("Apply before Open: %v", err)
	}
	if err := s.Close(ctx); err != nil {
		t.Errorf("Close before Open: %v", err)
	}
	if _, err := s.Get(ctx, []core.Key{1}); !errors.Is(err, mapstore.ErrClosed) {
		t.Errorf("Get after Close: %v", err)
	}
	if err := s.Open(ctx); !errors.Is(err, mapstore.ErrClosed) {
		t.Errorf("Open after Close: %v", err)
	}
	if err := s.Close(ctx); !errors.Is(err, mapstore.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
}
