package core

import "slices"

// A call is engaged while it keeps pages or room in memory that others can have when it ends. Who looks for room in memory
// waits for engaged calls before it is refused. So an engaged call must not wait for room in memory, nor must a listener
// of progress or of events that it tells.

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

// disengage ends an engagement; 0: nothing. It wakes all that wait, also if nobody looks for room: who moves pages to disk
// may wait for this call.
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

// mayGain reports whether a call that was engaged when r began to lack memory still is. Later ones do not count: if there
// always was another, r would wait for ever.
//
//go:noinline
func (c *Cache) mayGain(r *request) bool {
	e := &c.engaged
	if r.lackedAt == 0 {
		r.lackedAt = e.latest
	}
	return len(e.underWay) > 0 && e.underWay[0] <= r.lackedAt
}
