package core

import (
	"context"
	"errors"
	"sync"

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
	// OnEvent is told what happens. It is not called while the cache is locked, and may call it.
	OnEvent func(Event)
	// Pause is called in the middle of what takes long, every 8 ms or 8 MiB, and after every 4 MiB of writes to disk, so
	// that others can go on. Nil: no pause.
	Pause func()
}

// A Cache allocates room for bytes in memory and on disk. Its methods may be called from several
// goroutines at once.
//
// One lock guards all of its state. It is never held across a wait, so a caller that must not wait,
// such as an exported function of a WebAssembly program, can call whatever does not say it waits.
type Cache struct {
	mu        lock
	settings  Settings
	ledger    ledger
	machine   Machine
	heap      heap
	book      *pageBook
	disk      *disk.Disk
	arrived   [2]int64 // how many pages have come to a medium from the other one
	live      map[*Allocation]struct{}
	lastID    int64
	yielding  []*History // those whose entries give way; see drop.go
	lastEntry int64      // numbers the entries of all histories
	queued    int64      // bytes of copies kept for writes that wait
	closed    bool
	calls     sync.WaitGroup // calls under way
	ended     chan struct{}  // closed when Close is through
	endErr    error

	spilling

	reallocations, spills int64

	pause func()
}

// New returns an empty cache.
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
// Errors: [FullError] when there is no room; [driver.ErrUnavailable] when only the disk is asked for and
// there is none; the cause of ctx's end; [ErrClosed].
func (c *Cache) Allocate(ctx context.Context, size int64) (*Allocation, error) {
	if err := checkBytes("size", size); err != nil {
		return nil, err
	}
	return c.allocate(ctx, layout{}, size)
}

func (c *Cache) allocate(ctx context.Context, l layout, size int64) (*Allocation, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
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
		err := c.openDisk(ctx)
		c.ledger.give(Disk, size) // the allocation has it now, if there is one
		if err != nil {
			return nil, becauseUnavailable(refusal, err)
		}
	}
	a := c.attach(RoleWorking, medium, pages, l, size)
	if medium == Memory {
		c.spillAhead(s, WhyAllocate)
	}
	return a, nil
}

// AllocateInMemory is Allocate for callers that can't wait: in memory, or not at all.
//
// Errors: [FullError]; [ErrNotInMemory] when the settings allow the disk only; [ErrClosed].
func (c *Cache) AllocateInMemory(size int64) (*Allocation, error) {
	if err := checkBytes("size", size); err != nil {
		return nil, err
	}
	return c.allocateInMemory(layout{}, size)
}

// AllocateSurfaceInMemory is AllocateInMemory for a surface.
func (c *Cache) AllocateSurfaceInMemory(spec SurfaceSpec) (*Allocation, error) {
	l, err := spec.layout()
	if err != nil {
		return nil, err
	}
	return c.allocateInMemory(l, l.bytes())
}

func (c *Cache) allocateInMemory(l layout, size int64) (*Allocation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if c.settings.CacheType == CacheOnDiskOnly {
		return nil, ErrNotInMemory
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

// attach makes an allocation, of pages that are its own by now. On disk what they lack is reserved, but for
// history: it never grows into what it does not have.
func (c *Cache) attach(r Role, m Medium, pages pageTable, l layout, size int64) *Allocation {
	c.lastID++
	a := &Allocation{cache: c, id: c.lastID, role: r, home: m, pages: pages, layout: l, size: size}
	if r == RoleWorking { // a snapshot's pages are others' and shared by now
		pages.each(func(_ int64, p *page) {
			p.owner = a
			c.hold(p, r)
		})
	}
	if m == Disk && r == RoleWorking {
		a.reserve(size)
	}
	c.live[a] = struct{}{}
	a.touch()
	return a
}

// Flush waits until all that was written so far is stored.
func (c *Cache) Flush(ctx context.Context) error {
	turns, err := c.turns()
	if err != nil {
		return err
	}
	defer c.calls.Done()
	errs := make(chan error, len(turns))
	for _, t := range turns {
		go func() { errs <- t.Flush(ctx, nil) }()
	}
	var first error
	for range turns {
		if err := <-errs; first == nil && !errors.Is(err, ErrDisposed) {
			first = err
		}
	}
	return first
}

// turns takes a turn of every allocation, and begins a call.
func (c *Cache) turns() ([]*Turn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	c.calls.Add(1)
	turns := make([]*Turn, 0, len(c.live))
	for a := range c.live {
		turns = append(turns, a.turn())
	}
	return turns, nil
}

// giveWay lets others have a turn, when much was taken in on its way to disk since they had one.
func (c *Cache) giveWay() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.disk.TookMuch() {
		c.disk.OthersHadATurn()
		c.unlocked(c.pause)
	}
}

// unlocked does what may take time, or runs code of others, while the cache is locked for the caller before and after.
func (c *Cache) unlocked(f func()) {
	c.mu.Unlock()
	defer c.mu.Lock()
	f()
}

// Close disposes of every allocation, waits for the calls made before, and removes the store. Calls
// made later fail with [ErrClosed]; a second Close waits for the first.
func (c *Cache) Close(ctx context.Context) error {
	if !c.beginClosing() {
		select {
		case <-c.ended:
			return c.endErr
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	c.calls.Wait()
	c.mu.Lock()
	c.endErr = c.disk.Close(ctx)
	c.mu.Unlock()
	close(c.ended)
	return c.endErr
}

// beginClosing ends what can be ended at once. It answers false when that was done before.
func (c *Cache) beginClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.closed = true
	for a := range c.live {
		a.dispose()
	}
	c.disk.Stop(ErrClosed)
	return true
}
