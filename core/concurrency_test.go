package core_test

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"asposecache/core"
	"asposecache/core/driver/drivertest"
	"asposecache/core/driver/mapstore"
)

// TestManyAtOnce has goroutines do what they like to allocations of their own and to snapshots of each other's, while
// memory is short and now and then storing fails. Each knows what its own must hold.
func TestManyAtOnce(t *testing.T) {
	const workers, rounds = 8, 300
	store := drivertest.NewFaulty(mapstore.New())
	cache, err := core.New(core.Config{Store: store, Settings: core.Settings{MaxMemoryForCache: 12 * page, SpillPolicy: core.SpillColdest}})
	if err != nil {
		t.Fatal(err)
	}
	store.SetHook(func(c drivertest.Call) drivertest.Fault {
		if c.Op == drivertest.Apply && c.Nth%17 == 0 {
			return drivertest.Fault{Err: errBroken}
		}
		return drivertest.Fault{}
	})
	var shared sync.Map // by worker, what others may take a snapshot of
	var all sync.WaitGroup
	for id := range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			r := rand.New(rand.NewPCG(uint64(id), seed()))
			var a *core.Allocation
			var want []byte
			for i := range rounds {
				if a == nil {
					n := 1 + r.Int64N(4*page)
					made, err := cache.Allocate(ctx, n)
					if err != nil {
						t.Errorf("allocating: %v", err)
						return
					}
					a, want = made, make([]byte, n)
					shared.Store(id, a)
				}
				switch r.IntN(8) {
				case 0, 1, 2:
					off := r.IntN(len(want))
					data := picture(1+r.IntN(len(want)-off), byte(i))
					if err := a.WriteAt(ctx, data, int64(off)); err == nil {
						copy(want[off:], data)
					}
				case 3:
					if n := 1 + r.Int64N(4*page); a.Reallocate(ctx, n) == nil {
						grown := make([]byte, n)
						copy(grown, want)
						want = grown
					}
				case 4:
					_ = a.MoveToDisk(ctx)
				case 5:
					s, err := a.Snapshot(ctx)
					if err != nil {
						t.Errorf("a snapshot: %v", err)
						return
					}
					if r.IntN(2) == 0 {
						a.Dispose() // go on with the snapshot
						a = s
						shared.Store(id, a)
						continue
					}
					_ = s.WriteAt(ctx, []byte("other"), 0)
					s.Dispose()
				case 6:
					if other, ok := shared.Load(r.IntN(workers)); ok {
						if s, err := other.(*core.Allocation).Snapshot(ctx); err == nil {
							_ = s.WriteAt(ctx, []byte("x"), 0)
							_, _ = core.Difference(s, other.(*core.Allocation))
							s.Dispose()
						}
					}
				case 7:
					if r.IntN(3) == 0 {
						a.Dispose()
						a = nil
						continue
					}
				}
				got := make([]byte, len(want))
				if err := a.ReadAt(ctx, got, 0); err != nil || !bytes.Equal(got, want) {
					t.Errorf("worker %d, round %d: other bytes, or %v", id, i, err)
					return
				}
			}
			if a != nil {
				a.Dispose()
			}
		}()
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatal("they do not end")
	}
	for range 1000 {
		if cache.Leaving() == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := cache.Check(); err != nil {
		t.Error(err)
	}
	if m, d := cache.Allocated(core.Memory), cache.Allocated(core.Disk); m != 0 || d != 0 {
		t.Errorf("%d and %d bytes are left", m, d)
	}
	if err := cache.Close(ctx); err != nil {
		t.Error(err)
	}
}
