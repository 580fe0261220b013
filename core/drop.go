package core

import (
	"errors"
	"iter"

	"asposecache/core/driver"
)

// This file is where entries of histories give way to what finds no room: which calls may ask for that, which entries
// go, and whether that would help is decided here and nowhere else.
//
// A write to an allocation that has a history made with [DropOldest] asks when nothing else has made room. What may go
// are entries of all the cache's histories made so: the oldest ones first, in the order in which they were committed,
// whichever history they are of; when those before the current entries are not enough, also those that were undone,
// the farthest from the current one first, for the next commit would free them anyway. Nothing goes unless the write
// then finds room, and nothing that makes no difference to it.

// WhenFull says what becomes of a history's entries when there is no room for a write.
type WhenFull int8

const (
	// Refuse: they stay, and the write is refused.
	Refuse WhenFull = iota
	// DropOldest: the oldest are freed until there is room.
	DropOldest
)

// A shortage is what a write that was refused needs.
type shortage struct {
	settings Settings
	// copies are the pages in memory that others share: they are copied, or, if mayMove, the old ones move to disk
	// where there is no room for copies.
	copies  []copied
	mayMove bool
	disk    int64 // beside that
	quota   int64 // so many bytes the store has said that it has no room for
}

// A copied is a page that has to be copied: its bytes, and what it takes on disk if it moves there instead.
type copied struct{ size, moved int64 }

// add notes that a page in memory has to be copied.
func (s *shortage) add(n int, p *page) {
	k := copied{int64(n), int64(p.size)}
	if p.move != nil { // it has its room there
		k.moved = 0
	}
	s.copies = append(s.copies, k)
}

// freeRoom returns how many bytes more there is room for on each medium. The machine is asked for memory for most alone,
// which is the most that is needed.
func (c *Cache) freeRoom(s Settings, most need) (r need) {
	for _, m := range []Medium{Memory, Disk} {
		limit := s.limit(m)
		if limit == 0 {
			limit = MaxBytes
		}
		r[m] = limit - c.ledger.held[m]
	}
	if free := c.heap.freeBytes(); !c.machine.Fits(most[Memory] - free) {
		r[Memory] = min(r[Memory], free)
	}
	return r
}

// total returns what is needed at most.
func (s *shortage) total() (n need) {
	n[Disk] = max(s.disk, s.quota)
	for _, k := range s.copies {
		n[Memory] += k.size
	}
	return n
}

// met reports whether so much room is enough. It goes page by page, as a write does: a page whose copy finds no room
// in memory moves to disk, if it may.
func (s *shortage) met(room, freed need) bool {
	disk, memory := s.disk, room[Memory]+freed[Memory]
	for _, k := range s.copies {
		switch {
		case k.size <= memory:
			memory -= k.size
		case s.mayMove:
			disk += k.moved
		default:
			return false
		}
	}
	return disk == 0 || disk <= room[Disk]+freed[Disk] && s.quota <= freed[Disk]
}

// dropFor frees entries for a write to an allocation that was refused for want of room, and reports whether it is to be
// tried again. needs says what the write needs; it is only asked where entries may go.
func (c *Cache) dropFor(a *Allocation, refusal error, needs func() shortage) bool {
	var full *FullError
	if c.closed || a.disposed || len(c.yielding) == 0 || !errors.As(refusal, &full) || !full.ours {
		return false
	}
	var all []giving
	mayAsk := false
	for _, h := range c.yielding {
		all = append(all, giving{History: h})
		mayAsk = mayAsk || h.a == a
	}
	if !mayAsk {
		return false
	}
	s := needs()
	s.mayMove = s.mayMove && s.settings.CacheType != CacheInMemoryOnly && !errors.Is(refusal, driver.ErrUnavailable)
	if full.Reason == ByQuota {
		s.quota = full.Requested
	}
	most := s.total()
	room := c.freeRoom(s.settings, most)
	enough := func(freed need) bool { return s.met(room, freed) }
	if s.quota > 0 {
		room[Disk] = 0 // whatever the limit says
	}
	if enough(need{}) { // there is room, but not in one piece, or it is somebody else's
		enough = func(freed need) bool { return freed[Memory] >= most[Memory] && freed[Disk] >= most[Disk] }
	}
	if !choose(all, enough) {
		return false
	}
	dropped := false
	for _, g := range all {
		dropped = g.drop() || dropped
	}
	return dropped // or all is as it was, and so would be the refusal
}

// Claim makes Access find what it needs, for who has no other way: where there is no room for copies, entries of
// histories made with [DropOldest] give way, as they do for Write. Its errors are those of Access.
func (a *Allocation) Claim(off, n int64, purpose Purpose) error {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.claim(pieces(off, n), func() error {
		_, err := a.access(off, n, purpose)
		return err
	})
}

// ClaimRect is Claim for AccessRect.
func (a *Allocation) ClaimRect(r Rect, purpose Purpose) error {
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	return a.claim(a.layout.rectPieces(r, 0), func() error { return a.accessRect(r, purpose) })
}

func (a *Allocation) claim(all iter.Seq[piece], access func() error) error {
	for {
		err := access()
		if err == nil || !a.cache.dropFor(a, err, func() shortage { return a.copies(all) }) {
			return err
		}
	}
}

// copies returns the shortage of a write to pieces in memory: the copies that it needs.
func (a *Allocation) copies(all iter.Seq[piece]) shortage {
	s := shortage{settings: a.cache.settings}
	for at := range all {
		if p := a.pages.get(at.page); p.refs > 1 {
			s.add(a.pageLen(at.page), p)
		}
	}
	return s
}

// A giving is how much a history gives: so many of its oldest entries, and of the latest of those that were undone.
type giving struct {
	*History
	oldest, latest int
	fixed          [2]bool // of the oldest, and of those undone: choose must not take back any more of them
}

// A step is the choice of one entry more.
type step struct {
	*giving
	entry  *historyEntry
	undone bool
}

// add adds so many entries to those of the step's kind that go.
func (s step) add(n int) {
	if s.undone {
		s.latest += n
	} else {
		s.oldest += n
	}
}

// next returns the entry that goes after those that were chosen; it has none when there is no other.
func next(all []giving) (s step) {
	for i := range all {
		g := &all[i]
		if g.oldest < g.current {
			if e := g.entries[g.oldest]; s.entry == nil || e.number < s.entry.number {
				s = step{g, e, false}
			}
		}
	}
	if s.entry != nil {
		return s
	}
	for i := range all {
		g := &all[i]
		if at := len(g.entries) - 1 - g.latest; at > g.current {
			if e := g.entries[at]; s.entry == nil || e.number > s.entry.number {
				s = step{g, e, true}
			}
		}
	}
	return s
}

// choose finds out how much each history has to give until there is enough room, and reports whether all that they may
// give is enough.
func choose(all []giving, enough func(freed need) bool) bool {
	var freed need
	var steps []step
	for !enough(freed) {
		s := next(all)
		if s.entry == nil {
			break
		}
		s.add(1)
		steps = append(steps, s)
		s.entry.state.pages.each(func(_ int64, p *page) {
			if p.going++; p.going == p.holders {
				p.addTo(&freed, 1)
			}
		})
	}
	defer func() {
		for _, s := range steps {
			s.entry.state.pages.each(func(_ int64, p *page) { p.going = 0 })
		}
	}()
	if !enough(freed) {
		return false
	}
	// What makes no difference stays. Of a history's oldest, or of those undone, only the last that was chosen can be
	// taken back, or there would be a gap: when that one is needed, so are those chosen before it.
	for i := len(steps) - 1; i >= 0; i-- {
		s := steps[i]
		fixed := &s.fixed[0]
		if s.undone {
			fixed = &s.fixed[1]
		}
		if *fixed {
			continue
		}
		less := freed
		s.entry.state.pages.each(func(_ int64, p *page) {
			if p.going == p.holders {
				p.addTo(&less, -1)
			}
			p.going--
		})
		if enough(less) {
			freed = less
			s.add(-1)
			continue
		}
		*fixed = true
		s.entry.state.pages.each(func(_ int64, p *page) { p.going++ })
	}
	return true
}

// addTo adds the bytes of a page, as the ledger has them, so many times.
func (p *page) addTo(n *need, times int64) {
	n[p.medium()] += times * int64(p.size)
	if p.move != nil {
		n[Disk] += times * int64(p.size)
	}
}

// drop frees what the history gives, if anything, and notes that for the listeners.
func (g giving) drop() bool {
	if g.oldest+g.latest == 0 {
		return false
	}
	h, c := g.History, g.a.cache
	before := c.ledger.held
	e := Event{Kind: HistoryDropped, Allocation: h.a, History: h}
	for range g.oldest {
		e.Labels = append(e.Labels, h.entries[0].label)
		h.dropOldest()
	}
	for range g.latest {
		e.Labels = append(e.Labels, h.entries[len(h.entries)-1].label)
		h.dropLatest()
	}
	e.Bytes = before[Memory] + before[Disk] - c.ledger.held[Memory] - c.ledger.held[Disk]
	c.mu.tell(e)
	return true
}
