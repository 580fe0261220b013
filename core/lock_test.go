package core

import "testing"

// A listener that panics is told without the lock, and whoever gives the lock up for a while has it again then.
func TestAListenerThatPanics(t *testing.T) {
	c, err := New(Config{OnEvent: func(Event) { panic("in a listener") }})
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	c.mu.tell(Event{Kind: Spill})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		c.unlocked(func() {})
	}()
	c.mu.Unlock()
	if !c.mu.mu.TryLock() {
		t.Fatal("the cache stays locked")
	}
	c.mu.mu.Unlock()
}
