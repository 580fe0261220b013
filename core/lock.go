package core

import (
	"context"
	"sync"
)

// A lock guards all that a cache has. Unlock is the one place where listeners are told what has happened meanwhile.
type lock struct {
	mu      sync.Mutex
	events  []Event // until the lock is given up
	onEvent func(Event)
}

//go:noinline
func (l *lock) Lock() { l.mu.Lock() }

func (l *lock) Unlock() {
	events := l.events
	l.events = nil
	l.mu.Unlock()
	for _, e := range events {
		l.onEvent(e)
	}
}

// tell tells the listeners of an event, as soon as the lock is given up.
//
//go:noinline
func (l *lock) tell(e Event) { l.events = append(l.events, e) }

// unlocked calls f, which may take time or run code of others, without the lock.
func (c *Cache) unlocked(f func()) {
	defer c.mu.Lock() // also when f or a listener panics
	c.mu.Unlock()
	f()
}

// unheard is unlocked, but listeners are told only when the lock is next given up.
//
//go:noinline
func (c *Cache) unheard(f func()) {
	defer c.mu.Lock()
	c.mu.mu.Unlock()
	f()
}

// rest lets others go on, in the middle of what takes long.
func (c *Cache) rest(context.Context) { c.unlocked(c.pause) }

// restAfter lets others go on when a stretch is over, and begins the next one.
func (c *Cache) restAfter(ctx context.Context, s *stretch) {
	if s.over() {
		c.rest(ctx)
		*s = stretch{}
	}
}

// giveWay lets others go on, when much was taken in on its way to disk since they last could.
func (c *Cache) giveWay(ctx context.Context) {
	if c.disk.TookMuch() {
		c.disk.Yielded()
		c.rest(ctx)
	}
}

// progress tells the caller, without the lock, how many of the total bytes are done.
func (c *Cache) progress(_ context.Context, o *CallOptions, done, total int64) {
	if o != nil && o.Progress != nil {
		c.unlocked(func() { o.Progress(done, total) })
	}
}
