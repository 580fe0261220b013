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
	case a.listed == nil:
		a.listed = c.used.PushBack(a)
	default:
		c.used.MoveToBack(a.listed)
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
		a.listed = c.used.PushBack(a)
	}
}

// listBack lists the working allocations that have come back to memory with pages of another one. Nobody has used them
// for long.
func (c *Cache) listBack() {
	if !c.ordered {
		return
	}
	for a := range c.live {
		if a.role == RoleWorking && a.listed == nil && a.where() == Memory {
			a.listed = c.used.PushFront(a)
		}
	}
}

// forget takes an allocation out of the list of those of its role.
func (c *Cache) forget(a *Allocation) {
	if a.listed == nil {
		return
	}
	of := &c.used
	if a.role == RoleHistory {
		of = &c.states
	}
	of.Remove(a.listed)
	a.listed = nil
}
