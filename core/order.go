package core

import "context"

// A Turn is the place of one call in the order of an allocation's calls. It is taken when the call is
// made, and the call waits until those before it have taken effect, whenever its goroutine runs.
// That is for callers, such as JavaScript's event loop, where the order of calls and the order in
// which goroutines start are two things; others use the methods of [Allocation].
//
// A Turn is good for exactly one call. Until that is made, or [Turn.GiveUp], later calls wait.
type Turn struct {
	a *Allocation
	// settings are those at the time of the call.
	settings Settings
	// err is why the call is refused, whatever it is.
	err error

	ready chan struct{} // closed when its turn has come; nil: it has come at once
	next  *Turn
	gone  bool // given up before its turn came
	over  bool
}

// Allocation returns the one whose turn it is.
func (t *Turn) Allocation() *Allocation { return t.a }

// Turn takes the next place in the order of calls.
func (a *Allocation) Turn() *Turn {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	a.touch()
	return a.turn()
}

// turn is Turn for callers that note by themselves that the allocation is used.
func (a *Allocation) turn() *Turn {
	c := a.cache
	t := &Turn{a: a, settings: c.settings}
	switch {
	case c.closed:
		t.err = ErrClosed
	case a.disposed:
		t.err = ErrDisposed
	default:
		c.calls.Add(1)
		a.retryStoring()
		if a.first == nil {
			a.first = t
		} else {
			t.ready = make(chan struct{})
			a.last.next = t
		}
		a.last = t
	}
	return t
}

// retryStoring makes another try after a failure to store, if the allocation has anything to do with the disk.
func (a *Allocation) retryStoring() {
	if a.cache.disk.Failure() != nil && a.touchesDisk() {
		a.cache.disk.Kick()
	}
}

// begin waits for the turn, or gives it up and returns why. When it returns nil the call must end, by end.
func (t *Turn) begin(ctx context.Context) error {
	if t.err != nil {
		return t.err
	}
	if t.mustWait() && ctx.Err() == nil {
		t.a.cache.unlocked(func() {
			select {
			case <-t.ready:
			case <-ctx.Done():
			}
		})
	}
	if ctx.Err() != nil {
		t.end()
		return context.Cause(ctx)
	}
	return nil
}

// GiveUp ends a turn in which nothing is to be done, whether it has come or not. After the call it does nothing.
func (t *Turn) GiveUp() {
	t.a.cache.mu.Lock()
	defer t.a.cache.mu.Unlock()
	t.end()
}

// mustWait reports whether begin would wait.
func (t *Turn) mustWait() bool {
	if t.err != nil || t.ready == nil {
		return false
	}
	select {
	case <-t.ready:
		return false
	default:
		return true
	}
}

// end lets the next call go ahead. Every call defers it before anything else, so that a panic in the middle, which may
// come from whatever the caller has passed, blocks nobody. Only the first time counts.
func (t *Turn) end() {
	if t.err != nil || t.over {
		return
	}
	t.over = true
	if t.a.first == t {
		t.pass()
	} else {
		t.gone = true
	}
	c := t.a.cache
	if len(c.requests) > 0 {
		c.disk.Wake() // the call may have left room
	}
	c.calls.Done()
}

// pass makes the next turn the first. After the last turn of an allocation that was disposed of it frees the pages.
func (t *Turn) pass() {
	a := t.a
	a.first = t.next
	for a.first != nil && a.first.gone {
		a.first = a.first.next
	}
	switch {
	case a.first != nil:
		close(a.first.ready)
	case a.disposed:
		a.last = nil
		a.free()
	default:
		a.last = nil
	}
}
