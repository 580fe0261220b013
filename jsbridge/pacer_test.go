//go:build js && wasm

package jsbridge

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// newPacer starts a pacer for the time of a test; grows says whether the memory may grow.
func newPacer(t *testing.T, grows *bool) *pacer {
	t.Helper()
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	runtime.GC()
	p := new(pacer)
	p.start(func(int64) bool { return *grows })
	return p
}

// allowed is how much garbage the percentage lets pile up, and checks that the runtime has been told of it.
func (p *pacer) allowed(t *testing.T) int64 {
	t.Helper()
	if told := debug.SetGCPercent(p.percent); told != p.percent {
		t.Errorf("the runtime has %d percent, the pacer %d", told, p.percent)
	}
	return max(p.marked, smallest)*int64(p.percent)/100 - max(0, smallest-p.marked)
}

func isAbout(t *testing.T, what string, got, want int64) {
	t.Helper()
	if got < want-want/8 || got > want+want/8 {
		t.Errorf("%s: %d bytes, not %d", what, got, want)
	}
}

func TestGarbageIsAllowedAsThereIsMemory(t *testing.T) {
	grows := true
	p := newPacer(t, &grows)
	isAbout(t, "with memory to grow into", p.allowed(t), max(usual, p.others))
	grows = false
	p.idle = 0
	p.pace()
	isAbout(t, "near the browser's maximum", p.allowed(t), max(least, p.others/16))
	// What is free already need not be grown by.
	p.mayGrow = func(n int64) bool { return n == 0 }
	p.idle = 4 * usual
	p.pace()
	isAbout(t, "with memory that is free", p.allowed(t), max(usual, p.others))
	p.mayGrow = func(int64) bool { return false }
	p.addSlab(64 << 20)
	isAbout(t, "a slab is no garbage", p.allowed(t), max(least, p.others/16)+64<<20)
}

// collect has so many collections, of which the last is noticed.
func (p *pacer) collect(t *testing.T, n int) {
	t.Helper()
	for range n {
		runtime.GC()
	}
	for range 1000 {
		if p.collected {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("no collection was noticed")
}

func TestCollectionsInARowLoosenThePace(t *testing.T) {
	grows := true
	p := newPacer(t, &grows)
	p.collect(t, 1)
	if !p.entered() {
		t.Error("a collection is not looked at")
	}
	allowed := p.allowed(t)
	p.collect(t, mostInARow)
	p.entered()
	if p.loosened != 0 {
		t.Errorf("%d collections loosen it", mostInARow)
	}
	for i := 1; i <= mostLoose+2; i++ {
		p.collect(t, mostInARow+1)
		p.entered()
		want := min(i, mostLoose)
		if p.loosened != want {
			t.Fatalf("loosened %d times after %d times of too many", p.loosened, i)
		}
		isAbout(t, "loosened", p.allowed(t), allowed<<want)
	}
}
