package core

import "sync"

// A lock guards all that a cache has. Unlock is the one place where listeners are told what has happened meanwhile.
type lock struct {
	mu      sync.Mutex
	events  []Event // until the lock is given up
	onEvent func(Event)
}

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
func (l *lock) tell(e Event) { l.events = append(l.events, e) }
