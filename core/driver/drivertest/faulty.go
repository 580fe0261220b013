package drivertest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"asposecache/core/driver"
)

// Op is an operation of a store that a [Hook] can make fail.
type Op int

// The operations.
const (
	Open Op = iota
	Apply
	Get
	Has
	NewBuffer
	Close
	ops
)

func (op Op) String() string {
	return [...]string{"Open", "Apply", "Get", "Has", "NewBuffer", "Close"}[op]
}

// ErrInjected is the error for a fault that is not meant to look like a particular one.
var ErrInjected = errors.New("drivertest: injected fault")

// A Call is what a [Hook] decides on.
type Call struct {
	Op Op
	// Nth counts the calls of that operation, from 1 on.
	Nth int
	// Puts and Deletes are what Apply, Keys what Get or Has was called with. A hook must not keep them.
	Puts    []driver.Record
	Deletes []driver.Key
	Keys    []driver.Key
}

// A Fault is what happens to a call. The zero value is none. Its fields work together, in this order.
type Fault struct {
	// Wait holds the call back until the channel is closed. If the call's context ends before, the call
	// returns its error. NewBuffer is never held back: it may not wait.
	Wait <-chan struct{}
	// Err is returned, and the store below is not called.
	Err error
	// Lost are keys for which Get returns nil, and Has false. The records stay in the store below.
	Lost []driver.Key
}

// A Hook decides what happens to a call. Many goroutines call it at once, and it may be called with the
// cache's lock held, so it must not call back into a store or a cache.
type Hook func(Call) Fault

// Fail makes every call of the operations fail; of all, if none is named.
func Fail(err error, on ...Op) Hook {
	return func(c Call) Fault {
		if len(on) > 0 && !slices.Contains(on, c.Op) {
			return Fault{}
		}
		return Fault{Err: err}
	}
}

// FailNth makes calls number first to last of an operation fail.
func FailNth(err error, on Op, first, last int) Hook {
	return func(c Call) Fault {
		if c.Op != on || c.Nth < first || c.Nth > last {
			return Fault{}
		}
		return Fault{Err: err}
	}
}

// Block holds calls of the operations back until release is closed; of all, if none is named.
func Block(release <-chan struct{}, on ...Op) Hook {
	return func(c Call) Fault {
		if len(on) > 0 && !slices.Contains(on, c.Op) {
			return Fault{}
		}
		return Fault{Wait: release}
	}
}

// Lose makes Get and Has find nothing for keys; for all, if none is named.
func Lose(keys ...driver.Key) Hook {
	return func(c Call) Fault {
		if c.Op != Get && c.Op != Has {
			return Fault{}
		}
		if len(keys) == 0 {
			return Fault{Lost: c.Keys}
		}
		return Fault{Lost: keys}
	}
}

// Each asks hooks in order. The first answer that is a fault counts.
func Each(hooks ...Hook) Hook {
	return func(c Call) Fault {
		for _, h := range hooks {
			if f := h(c); f.Wait != nil || f.Err != nil || f.Lost != nil {
				return f
			}
		}
		return Fault{}
	}
}

// Counts is what a [Faulty] has seen.
type Counts struct {
	// Calls counts calls, Failed those that returned an error, wherever it came from.
	Calls, Failed [ops]int
	// Transactions counts the calls of Apply that succeeded; Puts, PutBytes and Deletes what was in
	// them.
	Transactions, Puts, Deletes int
	PutBytes                    int64
	// Gets counts the keys that successful calls of Get asked for; Missing how many of them were
	// answered with nil.
	Gets, Missing int
	// Waiting is how many calls a fault holds back at the moment.
	Waiting int
}

// Faulty is a store that passes calls on to another and injects faults on the way. It is safe for use
// by several goroutines.
type Faulty struct {
	store driver.Store

	mu     sync.Mutex
	hook   Hook
	counts Counts
}

var _ driver.Store = (*Faulty)(nil)

// NewFaulty returns a Faulty without faults.
func NewFaulty(store driver.Store) *Faulty { return &Faulty{store: store} }

// SetHook replaces the hook for the calls that begin from now on; nil ends all faults.
func (f *Faulty) SetHook(h Hook) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = h
}

// Counts returns what was seen so far.
func (f *Faulty) Counts() Counts {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts
}

// begin counts a call and asks the hook, without holding mu: a hook may take its own locks.
func (f *Faulty) begin(ctx context.Context, c Call) (Fault, error) {
	f.mu.Lock()
	f.counts.Calls[c.Op]++
	c.Nth = f.counts.Calls[c.Op]
	hook := f.hook
	f.mu.Unlock()
	if hook == nil {
		return Fault{}, nil
	}
	fault := hook(c)
	if fault.Wait != nil && c.Op != NewBuffer {
		f.count(func(n *Counts) { n.Waiting++ })
		defer f.count(func(n *Counts) { n.Waiting-- })
		select {
		case <-fault.Wait:
		case <-ctx.Done():
			return fault, ctx.Err()
		}
	}
	return fault, fault.Err
}

func (f *Faulty) count(add func(*Counts)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	add(&f.counts)
}

// end counts the outcome of a call.
func (f *Faulty) end(op Op, err error, succeeded func(*Counts)) {
	f.count(func(n *Counts) {
		switch {
		case err != nil:
			n.Failed[op]++
		case succeeded != nil:
			succeeded(n)
		}
	})
}

// Traits returns those of the store below.
func (f *Faulty) Traits() driver.Traits { return f.store.Traits() }

// Open passes the call on.
func (f *Faulty) Open(ctx context.Context) error {
	_, err := f.begin(ctx, Call{Op: Open})
	if err == nil {
		err = f.store.Open(ctx)
	}
	f.end(Open, err, nil)
	return err
}

// NewBuffer passes the call on.
func (f *Faulty) NewBuffer(n int) (driver.Buffer, error) {
	_, err := f.begin(context.Background(), Call{Op: NewBuffer})
	var buf driver.Buffer
	if err == nil {
		buf, err = f.store.NewBuffer(n)
	}
	f.end(NewBuffer, err, nil)
	return buf, err
}

// FreeBuffer passes the call on. It cannot fail.
func (f *Faulty) FreeBuffer(buf driver.Buffer) { f.store.FreeBuffer(buf) }

// Apply passes the call on.
func (f *Faulty) Apply(ctx context.Context, puts []driver.Record, deletes []driver.Key) error {
	_, err := f.begin(ctx, Call{Op: Apply, Puts: puts, Deletes: deletes})
	var bytes int64
	for _, r := range puts {
		bytes += int64(r.Data.Len())
	}
	if err == nil {
		err = f.store.Apply(ctx, puts, deletes)
	}
	f.end(Apply, err, func(n *Counts) {
		n.Transactions++
		n.Puts += len(puts)
		n.PutBytes += bytes
		n.Deletes += len(deletes)
	})
	return err
}

// Has passes the call on and loses what the fault says.
func (f *Faulty) Has(ctx context.Context, keys []driver.Key) ([]bool, error) {
	fault, err := f.begin(ctx, Call{Op: Has, Keys: keys})
	var there []bool
	if err == nil {
		there, err = f.store.Has(ctx, keys)
	}
	for i := range there {
		there[i] = there[i] && !slices.Contains(fault.Lost, keys[i])
	}
	f.end(Has, err, nil)
	return there, err
}

// Get passes the call on and loses what the fault says.
func (f *Faulty) Get(ctx context.Context, ranges []driver.Range) ([]driver.Buffer, error) {
	keys := make([]driver.Key, len(ranges))
	for i, r := range ranges {
		keys[i] = r.Key
	}
	fault, err := f.begin(ctx, Call{Op: Get, Keys: keys})
	var bufs []driver.Buffer
	if err == nil {
		bufs, err = f.store.Get(ctx, ranges)
	}
	missing := 0
	for i, buf := range bufs {
		if buf != nil && slices.Contains(fault.Lost, keys[i]) {
			f.store.FreeBuffer(buf)
			bufs[i] = nil
		}
		if bufs[i] == nil {
			missing++
		}
	}
	f.end(Get, err, func(n *Counts) {
		n.Gets += len(keys)
		n.Missing += missing
	})
	return bufs, err
}

// Close passes the call on.
func (f *Faulty) Close(ctx context.Context) error {
	_, err := f.begin(ctx, Call{Op: Close})
	if err == nil {
		err = f.store.Close(ctx)
	}
	f.end(Close, err, nil)
	return err
}
