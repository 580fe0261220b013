package drivertest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
	"asposecache/core/driver/mapstore"
)

func openFaulty(t *testing.T) (*drivertest.Faulty, *mapstore.Store) {
	t.Helper()
	below := mapstore.New()
	f := drivertest.NewFaulty(below)
	if err := f.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	return f, below
}

func put(f *drivertest.Faulty, key driver.Key) error {
	return f.Apply(context.Background(), []driver.Record{{Key: key, Data: driver.Bytes(make([]byte, 10))}}, nil)
}

func TestFailedCallsDoNotReachTheStore(t *testing.T) {
	f, below := openFaulty(t)
	f.SetHook(drivertest.Fail(drivertest.ErrInjected, drivertest.Apply, drivertest.NewBuffer))
	if err := put(f, 1); !errors.Is(err, drivertest.ErrInjected) {
		t.Errorf("Apply: %v", err)
	}
	if _, err := f.NewBuffer(1); !errors.Is(err, drivertest.ErrInjected) {
		t.Errorf("NewBuffer: %v", err)
	}
	if _, err := f.Get(context.Background(), []driver.Range{{Key: 1, Size: 10}}); err != nil {
		t.Errorf("Get, which no fault was asked for: %v", err)
	}
	if n := below.Records(); n != 0 {
		t.Errorf("%d records are in the store", n)
	}
	f.SetHook(nil)
	if err := put(f, 1); err != nil {
		t.Errorf("Apply after the fault: %v", err)
	}
	got := f.Counts()
	if got.Calls[drivertest.Apply] != 2 || got.Failed[drivertest.Apply] != 1 || got.Transactions != 1 ||
		got.Puts != 1 || got.PutBytes != 10 || got.Gets != 1 || got.Missing != 1 {
		t.Errorf("counted %+v", got)
	}
}

func TestFailNthFailsOnlyThese(t *testing.T) {
	f, _ := openFaulty(t)
	f.SetHook(drivertest.FailNth(drivertest.ErrInjected, drivertest.Apply, 2, 3))
	for i := 1; i <= 4; i++ {
		if err := put(f, driver.Key(i)); (err != nil) != (i == 2 || i == 3) {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

func TestLostRecordsReadAsNil(t *testing.T) {
	f, below := openFaulty(t)
	for k := driver.Key(1); k <= 3; k++ {
		if err := put(f, k); err != nil {
			t.Fatal(err)
		}
	}
	f.SetHook(drivertest.Each(drivertest.Fail(drivertest.ErrInjected, drivertest.Apply), drivertest.Lose(2)))
	bufs, err := f.Get(context.Background(), []driver.Range{{Key: 1, Size: 10}, {Key: 2, Size: 10}, {Key: 3, Size: 10}})
	if err != nil {
		t.Fatal(err)
	}
	if bufs[0] == nil || bufs[1] != nil || bufs[2] == nil {
		t.Errorf("read %v", bufs)
	}
	if n := below.Buffers(); n != 2 {
		t.Errorf("%d buffers are out", n)
	}
	f.SetHook(drivertest.Lose())
	if bufs, err = f.Get(context.Background(), []driver.Range{{Key: 1, Size: 10}, {Key: 3, Size: 10}}); err != nil || bufs[0] != nil || bufs[1] != nil {
		t.Errorf("read %v, %v", bufs, err)
	}
}

func TestBlockedCallsGoOnWhenReleasedOrTheirContextEnds(t *testing.T) {
	f, below := openFaulty(t)
	release := make(chan struct{})
	f.SetHook(drivertest.Block(release, drivertest.Apply))
	released := make(chan error, 1)
	go func() { released <- put(f, 1) }()
	ctx, cancel := context.WithCancel(context.Background())
	cancelled := make(chan error, 1)
	go func() { cancelled <- f.Apply(ctx, nil, []driver.Key{7}) }()
	for f.Counts().Waiting < 2 {
		time.Sleep(time.Millisecond)
	}
	if n := below.Records(); n != 0 {
		t.Errorf("%d records are in the store", n)
	}
	cancel()
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	close(release)
	if err := <-released; err != nil {
		t.Errorf("released: %v", err)
	}
	if n := below.Records(); n != 1 {
		t.Errorf("%d records are in the store", n)
	}
	if n := f.Counts().Waiting; n != 0 {
		t.Errorf("%d calls wait", n)
	}
}
