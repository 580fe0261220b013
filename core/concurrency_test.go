package core_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"asposecache/core"
	"asposecache/core/driver"
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

// Random calls at once, of which some end early, on a store that takes its time and may fail, with less memory than they
// would like: each of them ends. The clock is the bubble's, so who waits for ever is found at once.
func TestManyAtOnceAllEnd(t *testing.T) {
	bubbles := 100
	if testing.Short() {
		bubbles = 20
	}
	for i := range bubbles {
		n := seed() + uint64(i)
		t.Run(strconv.FormatUint(n, 10), func(t *testing.T) {
			r := rand.New(rand.NewPCG(n, 0))
			settings := coldest(crowdPages)
			settings.ExactReallocateOnly = r.IntN(2) == 0
			if r.IntN(3) == 0 {
				settings.MaxDiskSpaceForCache = (10 + r.Int64N(40)) * page
			}
			pause := time.Duration(1+r.IntN(7)) * time.Millisecond
			inBubbleWith(t, core.Config{Settings: settings, Pause: func() { time.Sleep(pause) }}, func(b *bench) {
				b.slowStore(time.Duration(1+r.IntN(30))*time.Millisecond, r.IntN(3) == 0)
				crowd(b, n)
			})
		})
	}
}

// crowdPages is how many pages a crowd has in memory.
const crowdPages = 24

// slowStore makes what the store does take some time, and now and then fail.
func (b *bench) slowStore(takes time.Duration, fails bool) {
	b.store.SetHook(func(c drivertest.Call) (f drivertest.Fault) {
		if c.Op == drivertest.NewBuffer {
			return f
		}
		over := make(chan struct{})
		time.AfterFunc(takes, func() { close(over) })
		f.Wait = over
		if fails && (c.Op == drivertest.Apply || c.Op == drivertest.Get) && c.Nth%13 == 0 {
			f.Err = errBroken
		}
		return f
	})
}

// crowd has six workers, each of which makes thirty calls.
func crowd(b *bench, seed uint64) {
	const workers, calls = 6, 30
	var all [workers]*core.Allocation
	r := rand.New(rand.NewPCG(seed, workers))
	for id := range all {
		all[id] = b.allocate((1 + r.Int64N(crowdPages/6)) * page / 2)
	}
	var doing [workers]string
	var left sync.WaitGroup
	for id := range workers {
		left.Go(func() {
			one := &member{bench: b, Rand: rand.New(rand.NewPCG(seed, uint64(id))), all: all[:]}
			for range calls {
				limited, cancel := ctx, func() {}
				if one.IntN(6) == 0 {
					limited, cancel = context.WithTimeout(ctx, time.Duration(one.IntN(60))*time.Millisecond)
				}
				name, err := one.call(limited, &doing[id])
				cancel()
				var full *core.FullError
				switch {
				case err == nil, errors.As(err, &full):
				case errors.Is(err, errBroken), errors.Is(err, context.DeadlineExceeded), errors.Is(err, core.ErrLost):
				default:
					b.Errorf("%s: %v", name, err)
				}
				if one.IntN(3) == 0 {
					time.Sleep(time.Duration(one.IntN(40)) * time.Millisecond)
				}
			}
			for _, a := range one.own {
				a.Dispose()
			}
			doing[id] = ""
		})
	}
	ended := make(chan struct{})
	go func() { left.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(time.Hour):
		b.Fatalf("they wait for ever: %q", doing)
	}
	timePasses()
	if err := b.Check(); err != nil {
		b.Error(err)
	}
	if n := b.Leaving(); n != 0 {
		b.Errorf("%d bytes are still leaving", n)
	}
}

// A member is one of a crowd: what everybody has, and snapshots and allocations of its own.
type member struct {
	*bench
	*rand.Rand
	all, own []*core.Allocation
}

// call makes a call, whose name doing has meanwhile.
func (m *member) call(ctx context.Context, doing *string) (name string, err error) {
	a := m.all[m.IntN(len(m.all))]
	if len(m.own) > 0 && m.IntN(4) == 0 {
		a = m.own[m.IntN(len(m.own))]
	}
	o := &core.CallOptions{}
	if m.IntN(2) == 0 {
		o.Progress = func(int64, int64) { time.Sleep(time.Millisecond) }
	}
	keep := func(a *core.Allocation, err error) error {
		if err == nil {
			m.own = append(m.own, a)
		}
		return err
	}
	calls := []struct {
		name string
		do   func() error
	}{
		{"write a part", func() error {
			n := a.Size()
			off := m.Int64N(n)
			if err := a.Turn().Write(ctx, driver.Bytes(picture(int(1+m.Int64N(n-off)), 1)), off, o); !isRange(err) {
				return err
			}
			return nil // it became shorter meanwhile
		}},
		{"write", func() error {
			if err := a.Turn().Write(ctx, driver.Bytes(picture(int(a.Size()), 2)), 0, o); !isRange(err) {
				return err
			}
			return nil
		}},
		{"moveToDisk", func() error { return a.Turn().MoveToDisk(ctx, o) }},
		{"moveToMemory", func() error { return a.Turn().MoveToMemory(ctx, o) }},
		{"snapshot", func() error { return keep(a.Snapshot(ctx)) }},
		{"dispose", func() error {
			if len(m.own) > 0 {
				m.own[0].Dispose()
				m.own = m.own[1:]
			}
			return nil
		}},
		{"reallocate", func() error { return a.Reallocate(ctx, (1+m.Int64N(crowdPages/2))*page-5) }},
		{"allocate", func() error { return keep(m.Allocate(ctx, (1+m.Int64N(crowdPages))*page)) }},
		{"restore", func() error {
			if len(m.own) == 0 {
				return nil
			}
			var other *core.ArgumentError // it has another size
			if err := a.Restore(ctx, m.own[0]); !errors.As(err, &other) {
				return err
			}
			return nil
		}},
		{"flush", func() error { return a.Flush(ctx) }},
	}
	one := calls[m.IntN(len(calls))]
	*doing = one.name
	err = one.do()
	*doing = ""
	return one.name, err
}

func isRange(err error) bool {
	var r *core.RangeError
	return errors.As(err, &r)
}
