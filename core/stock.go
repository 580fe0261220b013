package core

import "context"

// A taking takes what a call needs, or returns how much that is and why it can't be had.
type taking func() (need, error)

// stockUp makes the slabs that n more bytes in memory need, and rests between them: all those of 100 megapixels at once
// can keep the thread for 40 milliseconds. refusal is why there is no room for the bytes; then nothing is made. As long as
// it rests the room is the call's, and who looks for room waits. Afterwards it is nobody's: the caller takes it at once,
// by what stockUp returns. That is take, for which nobody who has come meanwhile goes first.
//
// The error is [ErrClosed] or the cause of ctx's end if that has come meanwhile.
//
//go:noinline
func (c *Cache) stockUp(ctx context.Context, n int64, refusal error, take taking) (taking, error) {
	lack := func() int64 { return n - c.heap.freeBytes() }
	if refusal != nil || lack() <= 0 || !c.machine.Fits(lack()) {
		return take, nil
	}
	c.ledger.take(Memory, n)
	defer c.stocked(n, c.engage())
	var s stretch
	for lack() > 0 && c.machine.Fits(lack()) {
		b := c.heap.addSlab()
		if b == nil {
			break
		}
		c.heap.list(b)
		s.bytes += slabSize / 8 // to make a slab takes as long as to copy an eighth of it
		c.restAfter(ctx, &s)
		switch {
		case c.closed:
			return nil, ErrClosed
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		}
	}
	return func() (need, error) { return c.grant(take) }, nil
}

// stocked gives back the room of a stockUp, which is over.
//
//go:noinline
func (c *Cache) stocked(n int64, e engagement) {
	c.ledger.give(Memory, n)
	c.disengage(e)
}

// stockUp is [Cache.stockUp] for an allocation that is to grow by so many bytes in memory; on disk it makes nothing. The
// error is also that of ended.
//
//go:noinline
func (a *Allocation) stockUp(ctx context.Context, grow int64, s Settings, take taking) (_ taking, err error) {
	if c := a.cache; a.where() == Memory {
		if take, err = c.stockUp(ctx, grow, c.fits(need{Memory: grow}, s), take); err != nil {
			return nil, err
		}
	}
	return take, a.ended()
}
