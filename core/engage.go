package core

import "slices"

// Calls under way may keep pages in memory, or room there, which others can have when they end. Who looks for room waits
// for those calls before it is refused. So a call that is engaged must not wait for room, nor must a listener of progress
// or of events that such a call tells.

// An engagement is the number of a call that keeps pages or room; 0 is none.
type engagement int64

// engagements are those under way, in the order in which they began, and the number of the latest that has begun.
type engagements struct {
	underWay []engagement
	latest   engagement
}

// engage notes that a call has begun to keep pages in memory, or room there.
//
//go:noinline
func (c *Cache) engage() engagement {
	c.engaged.latest++
	c.engaged.underWay = append(c.engaged.underWay, c.engaged.latest)
	return c.engaged.latest
}

// disengage notes that it keeps them no longer. Others see that even if nobody looks for room: who moves pages that it
// shares with this call waits for it.
//
//go:noinline
func (c *Cache) disengage(e engagement) {
	if e == 0 {
		return
	}
	i := slices.Index(c.engaged.underWay, e)
	c.engaged.underWay = slices.Delete(c.engaged.underWay, i, i+1)
	c.disk.Wake()
}

// mayGain reports whether a call that was under way when r first lacked something has still not ended. Later ones do not
// count: if there was always another, r would wait for ever.
//
//go:noinline
func (c *Cache) mayGain(r *request) bool {
	e := &c.engaged
	if r.lackedAt == 0 {
		r.lackedAt = e.latest
	}
	return len(e.underWay) > 0 && e.underWay[0] <= r.lackedAt
}
