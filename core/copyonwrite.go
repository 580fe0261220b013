package core

import "context"

// giveUp gives back what was not used.
func (k *copying) giveUp(c *Cache) {
	for _, p := range k.copies {
		c.unref(p)
	}
	for _, p := range k.moving {
		if p.move == k.move {
			c.stay(p)
		}
	}
	k.copies, k.moving = nil, nil
}

// own makes ready what pieces in memory need to be changed without anybody else noticing: copies of shared pages, or
// blocks that can be taken over. It returns false when it has waited: what is known of the pages may be out of date.
func (w *writing) own(ctx context.Context, inMemory []piece) (ready bool, err error) {
	a, c, s := w.t.a, w.t.a.cache, w.t.settings
	var short []piece
	var lack int64
	var refusal error
	for _, at := range inMemory {
		if !w.isShared(at) {
			continue
		}
		if w.stretch.done() {
			return false, w.pause(ctx, 0)
		}
		refused, err := w.copy(at)
		if err != nil {
			return false, err
		}
		if refused != nil {
			refusal = refused
			short = append(short, at)
			lack += int64(a.pageLen(at.page))
		}
	}
	if len(short) == 0 {
		return true, nil
	}
	if s.SpillPolicy == SpillColdest && s.CacheType == Auto && !w.spilled {
		w.spilled = true
		w.disengage()
		if err := w.pause(ctx, 0); err != nil { // room is made in a stretch of its own
			return false, err
		}
		err := c.makeRoom(ctx, s, lack, WhyCopy, a, func() (need, error) { return w.takeRoomFor(short) })
		if w.copies != nil {
			w.engage() // its copies still keep room
		}
		if isFull(err) {
			err = nil // there is another way
		}
		return false, err
	}
	if s.CacheType == CacheInMemoryOnly {
		return false, refusal
	}
	return w.moveAway(ctx, short, refusal)
}

// isShared reports whether a page in memory has to be copied before it is changed, and was not.
func (w *writing) isShared(at piece) bool {
	p := w.t.a.pages.get(at.page)
	return p.block != nil && p.refs > 1 && w.copies[p] == nil
}

// copy makes the page that is to take the place of a shared one. refusal is why there is no memory for it, err why src
// can't be read.
func (w *writing) copy(at piece) (refusal, err error) {
	a := w.t.a
	n := int64(a.pageLen(at.page))
	granted := w.granted >= n
	p, refusal := a.copyPage(w.t.settings, at, granted)
	if refusal != nil {
		return refusal, nil
	}
	if granted {
		w.granted -= n
	}
	if w.copies == nil {
		w.copies = make(map[*page]*page)
		w.engage()
	}
	w.copies[a.pages.get(at.page)] = p
	w.stretch.bytes += int(p.size)
	return nil, at.CopyIn(p.memory(), 0, w.src)
}

// takeRoomFor takes room for copies of the pages of all pieces that still need it, or returns how many bytes they have and
// why there is none.
func (w *writing) takeRoomFor(short []piece) (n need, err error) {
	a, c := w.t.a, w.t.a.cache
	for _, at := range short {
		if w.isShared(at) {
			n[Memory] += int64(a.pageLen(at.page))
		}
	}
	if err := c.fitsInMemory(w.t.settings, n[Memory]); n[Memory] == 0 || err != nil {
		return n, err
	}
	if !c.machine.Fits(n[Memory] - c.heap.freeBytes()) {
		return n, c.full(Memory, n[Memory], w.t.settings.MaxMemoryForCache, ByMemory)
	}
	a.takeRoom(Memory, n[Memory])
	w.granted = n[Memory]
	w.engage()
	return n, nil
}

// moveAway begins to move the pages of pieces to disk, and reports whether all their blocks can be taken over. If not,
// it has waited.
func (w *writing) moveAway(ctx context.Context, short []piece, refusal error) (ready bool, err error) {
	a, c, d := w.t.a, w.t.a.cache, w.t.a.cache.disk
	if w.move == nil {
		w.move = &move{why: WhyCopy, whole: true}
		w.engage()
		d.Kick()
	}
	if err := w.move.err; err != nil {
		return false, becauseUnavailable(refusal, err)
	}
	var need int64
	for _, at := range short {
		if p := a.pages.get(at.page); p.move == nil {
			need += int64(p.size)
		}
	}
	if err := c.fitsOnDisk(w.t.settings, need); err != nil && need > 0 {
		return false, withCause(err, refusal)
	}
	for _, at := range short {
		if p := a.pages.get(at.page); p.move == nil {
			c.leave(p, w.move)
			w.moving = append(w.moving, p)
		}
	}
	if !d.IsOpen() {
		if _, err := w.keep(ctx); err != nil {
			return false, err
		}
		if err := c.openDisk(ctx, need); err != nil {
			return false, becauseUnavailable(refusal, err)
		}
		return false, nil
	}
	ready = true
	for _, at := range short {
		switch p := a.pages.get(at.page); {
		case p.move != nil && p.image != nil: // its image has the bytes: its block can be taken over
		case p.move == w.move && p.image == nil && d.HasRoom(int64(p.size)):
			if w.stretch.done() {
				d.Pump()
				return false, w.pause(ctx, 0)
			}
			if err := c.startStoring(p); err != nil {
				return false, err
			}
			w.stretch.bytes += int(p.size)
		default:
			ready = false
		}
	}
	if ready {
		return true, nil
	}
	if asked, err := w.keep(ctx); asked || err != nil {
		return false, err
	}
	if err := d.WaitForRoom(ctx); err != nil {
		return false, becauseUnavailable(refusal, err)
	}
	return false, nil
}

// commitCopies puts the copies in place of the shared pages, and takes over blocks where there are none. It
// returns which pieces are left to be copied.
func (w *writing) commitCopies(inMemory []piece) (inPlace []piece) {
	a, c := w.t.a, w.t.a.cache
	for _, at := range inMemory {
		p := a.pages.get(at.page)
		if q := w.copies[p]; q != nil {
			delete(w.copies, p)
			a.put(at.page, q)
			continue
		}
		inPlace = append(inPlace, at)
		if p.refs == 1 {
			c.stay(p)
			continue
		}
		n := a.pageLen(at.page)
		q := newPage(a, at.page, n)
		q.block = c.vacate(p)
		c.heap.shrink(q.block, n)
		a.put(at.page, q)
		c.spilled(p, WhyCopy)
	}
	return inPlace
}
