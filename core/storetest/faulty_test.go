package storetest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"asposecache/core"
	"asposecache/core/mapstore"
	"asposecache/core/storetest"
)

func openFaulty(t *testing.T) (*storetest.Faulty, *mapstore.Store) {
	t.Helper()
	below := mapstore.New()
	f := storetest.NewFaulty(below)
	if err := f.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	return f, below
}

func put(f *storetest.Faulty, key core.Key) error {
	return f.Apply(context.Background(), []core.Record{{Key: key, Data: core.Bytes(make([]byte, 10))}}, nil)
}

func TestFailedCallsDoNotReachTheStore(t *testing.T) {
	f, below := openFaulty(t)
	f.SetHook(storetest.Fail(storetest.ErrInjected, storetest.Apply, storetest.NewBuffer))
	if err := put(f, 1); !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("Apply: %v", err)
	}
	if _, err := f.NewBuffer(1); !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("NewBuffer: %v", err)
	}
	if _, err := f.Get(context.Background(), []core.Key{1}); err != nil {
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
	if got.Calls[storetest.Apply] != 2 || got.Failed[storetest.Apply] != 1 || got.Transactions != 1 ||
		got.Puts != 1 || got.PutBytes != 10 || got.Gets != 1 || got.Missing != 1 {
		t.Errorf("counted %+v", got)
	}
}

func TestFailNthFailsOnlyThese(t *testing.T) {
	f, _ := openFaulty(t)
	f.SetHook(storetest.FailNth(storetest.ErrInjected, storetest.Apply, 2, 3))
	for i := 1; i <= 4; i++ {
		if err := put(f, core.Key(i)); (err != nil) != (i == 2 || i == 3) {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

func TestLostRecordsReadAsNil(t *testing.T) {
	f, below := openFaulty(t)
	for k := core.Key(1); k <= 3; k++ {
		if err := put(f, k); err != nil {
			t.Fatal(err)
		}
	}
	f.SetHook(storetest.Each(storetest.Fail(storetest.ErrInjected, storetest.Apply), storetest.Lose(2)))
	bufs, err := f.Get(context.Background(), []core.Key{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	if bufs[0] == nil || bufs[1] != nil || bufs[2] == nil {
		t.Errorf("read %v", bufs)
	}
	if n := below.Buffers(); n != 2 {
		t.Errorf("%d buffers are out", n)
	}
	f.SetHook(storetest.Lose())
	if bufs, err = f.Get(context.Background(), []core.Key{1, 3}); err != nil || bufs[0] != nil || bufs[1] != nil {
		t.Errorf("read %v, %v", bufs, err)
	}
}

func TestBlockedCallsGoOnWhenReleasedOrTheirContextEnds(t *testing.T) {
	f, below := openFaulty(t)
	release := make(chan struct{})
	f.SetHook(storetest.Block(release, storetest.Apply))
	released := make(chan error, 1)
	go func() { released <- put(f, 1) }()
	ctx, cancel := context.WithCancel(context.Background())
	cancelled := make(chan error, 1)
	go func() { cancelled <- f.Apply(ctx, nil, []core.Key{7}) }()
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
