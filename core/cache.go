package core

import (
	"context"

	"asposecache/core/disk"
	"asposecache/core/driver"
)

// A Config is what a cache is made of.
type Config struct {
	// Store is the medium behind the disk tier; nil: there is none.
	Store driver.Store
	// Machine gives the memory tier its memory. Nil: up to 4 GiB of the Go heap, which is as much as
	// a WebAssembly program can have.
	Machine Machine
	// Settings to start with.
	Settings Settings
	// OnEvent is told what happens. It is called without the cache's lock, and may call the cache, but for calls that
	// wait: it may be told in the middle of a call that they would wait for.
	OnEvent func(Event)
	// Pause is called, without the cache's lock, in the middle of what takes long, every 8 ms or 8 MiB, and of writes to
	// disk as YieldBytes says ([driver.Traits]), so that others can go on. Nil: no pause.
	Pause func()
}

// New returns an empty cache. It fails when the settings or the traits of the store can't be right.
func New(config Config) (*Cache, error) {
	if err := config.Settings.validate(); err != nil {
		return nil, err
	}
	c := &Cache{
		settings: config.Settings,
		machine:  config.Machine,
		book:     newPageBook(),
		live:     make(map[*Allocation]struct{}),
		ended:    make(chan struct{}),
		pause:    config.Pause,
	}
	if c.machine == nil {
		c.machine = NewMachine(4 << 30)
	}
	if c.mu.onEvent = config.OnEvent; c.mu.onEvent == nil {
		c.mu.onEvent = func(Event) {}
	}
	if c.pause == nil {
		c.pause = func() {}
	}
	c.history.Init()
	c.used.Init()
	c.states.Init()
	c.heap.newSlab = c.machine.NewSlab
	var err error
	c.disk, err = disk.New(&c.mu, host{c}, config.Store)
	return c, err
}

// Settings returns the settings in force.
func (c *Cache) Settings() Settings {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settings
}

// Configure puts settings in force for the calls that follow. What is allocated stays where it is.
//
// Errors: [ArgumentError]; [RangeError]; [ErrClosed].
func (c *Cache) Configure(s Settings) error {
	if err := s.validate(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	c.settings = s
	return nil
}

// Allocate takes room for size bytes, all zero. Room is taken at once, and given back if the call fails.
// The first allocation on disk waits for the store to open. Under [SpillColdest] it waits, after those that
// were called before, until there is room in memory.
//
// Errors: [RangeError]; [FullError] when there is no room; [driver.ErrUnavailable] when only the disk is asked for
// and there is none; the cause of ctx's end; [ErrClosed].
func (c *Cache) Allocate(ctx context.Context, size int64) (*Allocation, error) {
	if err := checkBytes("size", size); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.allocate(ctx, layout{}, size)
}

func (c *Cache) allocate(ctx context.Context, l layout, size int64) (*Allocation, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if c.closed {
		return nil, ErrClosed
	}
	c.calls.Add(1)
	defer c.calls.Done()
	s := c.settings
	medium, pages, refusal, err := c.place(ctx, s, l, size)
	if err != nil {
		return nil, err
	}
	if medium == Disk {
		err := c.openDisk(ctx, size)
		c.ledger.give(Disk, size) // attach reserves it again, if the disk is open
		if err != nil {
			return nil, becauseUnavailable(refusal, err)
		}
	}
	a := c.attach(RoleWorking, medium, pages, l, size)
	if medium == Memory {
		c.spillAhead(s, WhyAllocate, stretch{})
	}
	return a, nil
}

// AllocateInMemory is Allocate for callers that can't wait: in memory, or not at all.
//
// Errors: [RangeError]; [FullError]; [ErrNotInMemory] when the settings allow the disk only; [ErrClosed].
func (c *Cache) AllocateInMemory(size int64) (*Allocation, error) {
	if err := checkBytes("size", size); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.allocateInMemory(layout{}, size)
}

// AllocateSurfaceInMemory is AllocateInMemory for a surface.
func (c *Cache) AllocateSurfaceInMemory(spec SurfaceSpec) (*Allocation, error) {
	l, err := spec.layout()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.allocateInMemory(l, l.bytes())
}

func (c *Cache) allocateInMemory(l layout, size int64) (*Allocation, error) {
	if c.closed {
		return nil, ErrClosed
	}
	if c.settings.CacheType == CacheOnDiskOnly {
		return nil, errDiskOnly{}
	}
	if !c.machine.Spare() {
		return nil, c.full(Memory, size, c.settings.MaxMemoryForCache, ByMemory)
	}
	pages, err := c.newPages(c.settings, l, size)
	if err != nil {
		return nil, err
	}
	return c.attach(RoleWorking, Memory, pages, l, size), nil
}

// Close disposes of every allocation, waits for the calls made before, and removes the store. Calls made later fail
// with [ErrClosed]; a second Close waits for the first. It returns why the store could not be removed, or, from a
// second Close, the cause of ctx's end.
func (c *Cache) Close(ctx context.Context) (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		c.unlocked(func() {
			select {
			case <-c.ended:
				err = c.endErr
			case <-ctx.Done():
				err = context.Cause(ctx)
			}
		})
		return err
	}
	c.closed = true
	for a := range c.live {
		a.dispose()
	}
	c.disk.Stop(ErrClosed)
	c.unlocked(c.calls.Wait)
	c.endErr = c.disk.Close(ctx)
	close(c.ended)
	return c.endErr
}

// AllocateSurface takes room for width x height pixels, all zero. They are read and written by rectangles, so
// that each call touches no more than the tiles of 256 x 256 that its rectangle covers; calls that have a range
// of bytes refuse a surface. In all else it is like [Cache.Allocate].
//
// Errors: [RangeError], and those of Allocate.
func (c *Cache) AllocateSurface(ctx context.Context, spec SurfaceSpec) (*Allocation, error) {
	l, err := spec.layout()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.allocate(ctx, l, l.bytes())
}
