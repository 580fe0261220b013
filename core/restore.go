package core

import (
	"context"

	"asposecache/core/disk"
)

// Restore gives an allocation the content of another of the same cache and shape, as it is when from's turn comes,
// without copying bytes: both have the same pages afterwards, as after a snapshot. It asks for no room. from is a
// turn of the other one, which is used up; of the same one it would never come.
//
// Errors: [ArgumentError] when the other one is of another cache, size or shape; [ErrDisposed] when one of them is
// disposed of; [ErrLost] when the store no longer has all of that content; [ErrClosed]; [FullError] as of Snapshot; the
// cause of ctx's end, until its turn comes.
func (t *Turn) Restore(ctx context.Context, from *Turn) error {
	a := t.a
	if from.a.cache != a.cache {
		t.GiveUp()
		from.GiveUp()
		return errOtherCache
	}
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	defer t.end()
	s, err := from.snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.dispose()
	if err := t.begin(ctx); err != nil {
		return err
	}
	if err := a.ended(); err != nil {
		return err
	}
	if err := a.sameShape("from", s); err != nil {
		return err
	}
	asked := make(map[*disk.Record]bool)
	for again := true; again; {
		if again, err = a.missing(ctx, s, from.a, asked); err != nil {
			return err
		}
		if err := a.ended(); err != nil {
			return err
		}
	}
	a.become(s)
	return nil
}

// become gives an allocation, in its turn, the pages, the size and the shape of another, and reports whether that has
// changed anything.
func (a *Allocation) become(s *Allocation) (changed bool) {
	c := a.cache
	home := s.where()
	changed = a.layout != s.layout || a.size != s.size
	old := a.pages
	a.pages = s.pages.clone()
	a.pages.without(&old, func(p *page) {
		changed = true
		p.refs++
		c.hold(p, a.role)
	})
	old.without(&a.pages, func(p *page) {
		changed = true
		a.drop(p)
	})
	a.layout, a.size = s.layout, s.size
	a.settle(home)
	reserved := int64(0)
	if a.role == RoleWorking { // what was never written has room on disk
		a.reserve(0)
		reserved = max(0, a.size-a.sum(Memory)-a.sum(Disk)) // the last page may be longer; see cut
	}
	a.reserve(reserved)
	if home == Memory {
		a.touch() // while the call has waited, coldest may have found it on disk and forgotten it
	}
	c.disk.Kick()
	c.disk.Pump()
	return changed
}

// Restore gives an allocation the content of another; see [Turn.Restore].
func (a *Allocation) Restore(ctx context.Context, from *Allocation) error {
	return a.BeginRestore(from)(ctx)
}

// BeginRestore takes the turns of a Restore, and returns the function that does it, which must be called.
func (a *Allocation) BeginRestore(from *Allocation) func(ctx context.Context) error {
	if from == a || from.cache != a.cache {
		return func(context.Context) error {
			if from == a {
				return nil
			}
			return errOtherCache
		}
	}
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	t, f := a.turn(), from.turn()
	a.touch()
	return func(ctx context.Context) error { return t.Restore(ctx, f) }
}

var errOtherCache error = &ArgumentError{Name: "allocation", Given: "one of another cache", Allowed: "one of the same cache"}

// sameShape returns an error unless b is of the same cache, size and shape; name is that of the argument b.
func (a *Allocation) sameShape(name string, b *Allocation) error {
	switch {
	case b.cache != a.cache:
		return errOtherCache
	case b.layout != a.layout || b.size != a.size:
		return &ArgumentError{Name: name, Given: "one of another size or shape", Allowed: "one of the same"}
	}
	return nil
}
