package core

import "context"

// stockUp makes the slabs that n more bytes in memory need, and rests between them: all those of 100 megapixels at once
// would keep the thread for 50 milliseconds. fits is why there is no room for the bytes, and then nothing is made. As long
// as it rests the room is the call's, and who looks for room waits. Nothing is taken: that is for the caller to do, who
// also finds out whether the machine had enough.
//
// It returns [ErrClosed] or the cause of ctx's end if that has come meanwhile.
//
//go:noinline
func (c *Cache) stockUp(ctx context.Context, n int64, fits error) (err error) {
	more := func() int64 { return n - c.heap.freeBytes() }
	if fits != nil || more() <= 0 || !c.machine.Fits(more()) {
		return nil
	}
	c.ledger.take(Memory, n)
	defer c.stocked(n, c.engage())
	var s stretch
	for err == nil && more() > 0 && c.machine.Fits(more()) {
		b := c.heap.grow()
		if b == nil {
			break
		}
		c.heap.list(b)
		c.restAfter(ctx, &s)
		switch {
		case c.closed:
			err = ErrClosed
		case ctx.Err() != nil:
			err = context.Cause(ctx)
		}
	}
	return err
}

//go:noinline
func (c *Cache) stocked(n int64, e engagement) {
	c.ledger.give(Memory, n)
	c.disengage(e)
}

// stockUp makes the slabs for an allocation that is to grow by so many bytes where it is. It returns why that is no use
// any more.
//
//go:noinline
func (a *Allocation) stockUp(ctx context.Context, grow int64, s Settings) error {
	if c := a.cache; a.where() == Memory {
		if err := c.stockUp(ctx, grow, c.fits(need{Memory: grow}, s)); err != nil {
			return err
		}
	}
	return a.ended()
}
