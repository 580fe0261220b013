package core

import "slices"

// touch notes that an allocation is used.
func (a *Allocation) touch() {
	c := a.cache
	if a.role != RoleWorking || a.disposed {
		return
	}
	c.uses++
	a.used = c.uses
	switch {
	case !c.ordered:
	case a.lru == nil:
		a.lru = c.used.PushBack(a)
	default:
		c.used.MoveToBack(a.lru)
	}
}

// order puts the working allocations in order.
func (c *Cache) order() {
	if c.ordered {
		return
	}
	c.ordered = true
	var all []*Allocation
	for a := range c.live {
		if a.role == RoleWorking && a.home == Memory {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b *Allocation) int { return int(a.used - b.used) })
	for _, a := range all {
		a.lru = c.used.PushBack(a)
	}
}

// forget takes an allocation out of the list of those that may have something to move.
func (c *Cache) forget(a *Allocation) {
	if a.lru != nil {
		c.used.Remove(a.lru)
		a.lru = nil
	}
}
