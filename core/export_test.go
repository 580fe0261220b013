package core

import (
	"fmt"
	"time"
)

// Check compares what the cache knows of its pages with what a walk through all tables finds.
func (c *Cache) Check() error { return c.check(true) }

// CheckRoughly is Check after memory was short: a last page may be longer than its allocation.
func (c *Cache) CheckRoughly() error { return c.check(false) }

func (c *Cache) check(exact bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	type found struct{ holders, working int32 }
	pages := make(map[*page]*found)
	var held [2]int64
	quiet := !c.disk.Opening() // or somebody waits with room
	for a := range c.live {
		quiet = quiet && a.first == nil
		held[Disk] += a.reserved + a.room[Disk]
		held[Memory] += a.room[Memory]
		if a.first == nil && a.room != [2]int64{} {
			return fmt.Errorf("allocation %d has room for a call, %v", a.id, a.room)
		}
		var sum int64
		for i, p := range a.pages.all() {
			sum += int64(p.size)
			f := pages[p]
			if f == nil {
				f = &found{}
				pages[p] = f
			}
			f.holders++
			if a.role == RoleWorking {
				f.working++
			}
			if exact && a.first == nil && (int(p.size) > a.pageLen(i) || p.block != nil && int(p.size) != a.pageLen(i)) {
				return fmt.Errorf("page %d of %d has %d bytes of %d", i, a.id, p.size, a.pageLen(i))
			}
			if p.block != nil && a.where() == Disk && a.first == nil {
				return fmt.Errorf("allocation %d is on disk, but page %d is not", a.id, i)
			}
		}
		if exact && a.first == nil && a.reserved+sum > a.size {
			return fmt.Errorf("allocation %d of %d bytes holds %d and %d", a.id, a.size, sum, a.reserved)
		}
		if exact && a.first == nil && a.role == RoleWorking && a.reserved+sum != a.size {
			return fmt.Errorf("allocation %d of %d bytes holds %d and has reserved %d", a.id, a.size, sum, a.reserved)
		}
	}
	homes, counted := c.homes, [2]int{}
	for a := range c.live {
		counted[a.where()]++
	}
	if counted != c.homes || counted != homes && c.located == c.arrived {
		return fmt.Errorf("%v allocations are in memory and on disk, it says %v, or now %v", counted, homes, c.homes)
	}
	var leaving int64
	cold := 0
	for p, f := range pages {
		if p.holders != f.holders || p.working != f.working || p.refs < f.holders {
			return fmt.Errorf("a page has %+v, it says %d, %d, %d", *f, p.holders, p.working, p.refs)
		}
		held[p.medium()] += int64(p.size)
		if p.block == nil && p.image == nil {
			return fmt.Errorf("a page is nowhere")
		}
		if p.block != nil && p.move == nil && p.image != nil {
			return fmt.Errorf("a page that does not move has an image")
		}
		if p.move != nil {
			held[Disk] += int64(p.size)
			if p.block == nil {
				return fmt.Errorf("a page moves that is there")
			}
			if !p.move.whole {
				leaving += int64(p.size)
			}
		}
		if p.pinned && quiet {
			return fmt.Errorf("a page is pinned")
		}
		if p.cold != nil {
			cold++
		}
		if (p.cold != nil) != (p.working == 0 && p.block != nil && p.move == nil && !p.pinned) {
			return fmt.Errorf("a page is in the list of history: %v; %+v", p.cold != nil, p)
		}
	}
	if cold != c.history.Len() {
		return fmt.Errorf("%d pages of %d in the list of history are no more", c.history.Len()-cold, c.history.Len())
	}
	if leaving != c.leaving {
		return fmt.Errorf("%d bytes are leaving memory, it says %d", leaving, c.leaving)
	}
	if quiet && held != c.ledger.held {
		return fmt.Errorf("%v bytes are held, the ledger has %v", held, c.ledger.held)
	}
	return nil
}

// Storing is how many transactions are under way.
func (c *Cache) Storing() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.disk.UnderWay()
}

// SetPauseAfter sets how long a stretch may last, and returns what it was.
func SetPauseAfter(d time.Duration) (before time.Duration) {
	before, pauseAfter = pauseAfter, d
	return before
}

// Engaged is how many calls keep pages or room in memory.
func (c *Cache) Engaged() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.engaged.underWay)
}

// Leaving is how many bytes are moving to disk to make room.
func (c *Cache) Leaving() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leaving
}

// PageMedia tells where the pages of an allocation lie; -1: there is no page.
func (a *Allocation) PageMedia() []Medium {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	var media []Medium
	for i := range a.pageCount() {
		m := Medium(-1)
		if p := a.pages.get(i); p != nil {
			m = p.medium()
		}
		media = append(media, m)
	}
	return media
}
