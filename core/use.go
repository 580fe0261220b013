package core

import "slices"

// touch notes that an allocation is used.
func (a *Allocation) touch() {
	c := a.cache
	if a.role != RoleWorking || a.disposed {
		return
	}
	c.uses++
	a.lastUse = c.uses
	switch {
	case !c.ordered:
	case a.inUsed == nil:
		a.inUsed = c.used.PushBack(a)
	default:
		c.used.MoveToBack(a.inUsed)
	}
}

// order puts the working allocations in order of their last use. From then on touch keeps it.
func (c *Cache) order() {
	if c.ordered {
		return
	}
	c.ordered = true
	var uses []int // sorted as numbers: a sort by a function of its own is 18 KiB of program
	byUse := make(map[int]*Allocation)
	for a := range c.live {
		if a.role == RoleWorking && a.where() == Memory {
			uses = append(uses, a.lastUse)
			byUse[a.lastUse] = a
		}
	}
	slices.Sort(uses)
	for _, n := range uses {
		a := byUse[n]
		a.inUsed = c.used.PushBack(a)
	}
}

// listBack lists the working allocations that have come back to memory with pages of another one. Nobody has used them
// for long.
func (c *Cache) listBack() {
	if !c.ordered {
		return
	}
	for a := range c.live {
		if a.role == RoleWorking && a.inUsed == nil && a.where() == Memory {
			a.inUsed = c.used.PushFront(a)
		}
	}
}

// forget takes an allocation out of the list of those that may have something to move.
func (c *Cache) forget(a *Allocation) {
	if a.inUsed != nil {
		c.used.Remove(a.inUsed)
		a.inUsed = nil
	}
}
