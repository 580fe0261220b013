package core

import (
	"context"
)

// Snapshot makes an allocation with the content of this moment, all writes called before included. It copies
// no bytes and asks for no room: both have the same pages until one of them writes, and the counters have
// each page once. On disk, bytes that were never written have no room reserved in the snapshot.
//
// The snapshot is an allocation like others, but that its role is [RoleHistory]. An end of ctx is honoured
// until its turn comes.
//
// Errors: [ErrDisposed]; [ErrClosed]; [FullError] when the machine has no memory for what describes it; the
// cause of ctx's end.
func (t *Turn) Snapshot(ctx context.Context) (*Allocation, error) {
	t.a.cache.mu.Lock()
	defer t.a.cache.mu.Unlock()
	return t.snapshot(ctx)
}

func (t *Turn) snapshot(ctx context.Context) (*Allocation, error) {
	defer t.end()
	if err := t.begin(ctx); err != nil {
		return nil, err
	}
	// Writes before it have left old pages in memory, also those that can't wait.
	defer t.a.cache.spillAhead(t.settings, WhyCopy, stretch{})
	return t.a.snapshot()
}

// Snapshot makes an allocation with the content of this moment; see [Turn.Snapshot].
func (a *Allocation) Snapshot(ctx context.Context) (*Allocation, error) {
	return a.Turn().Snapshot(ctx)
}

func (a *Allocation) snapshot() (*Allocation, error) {
	c := a.cache
	switch {
	case c.closed:
		return nil, ErrClosed
	case !c.machine.Spare():
		return nil, c.full(Memory, 0, c.settings.MaxMemoryForCache, ByMemory)
	}
	pages := a.pages.clone()
	c.share(&pages)
	return c.attach(RoleHistory, a.where(), pages, a.layout, a.size), nil
}
