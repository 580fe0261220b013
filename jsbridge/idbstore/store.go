//go:build js && wasm

// Package idbstore keeps the records of the cache in IndexedDB.
//
// Every store has a database of its own, named <folder>/<UUID>, which it creates when it is opened and
// deletes when it is closed. Before there is a database the store takes a Web Lock named after it and
// holds it to its end. What a page that died has left behind is known by its lock being free
// and by nobody answering for it, and [Sweep] removes it.
//
// # Errors
//
// What goes wrong in the browser is an [*Error] with the name and message of the exception. It wraps
// [driver.ErrUnavailable] when there is no IndexedDB to be had and [driver.ErrQuota] when the quota is used
// up. A context that ended is context.Canceled or context.DeadlineExceeded.
package idbstore

import (
	"context"
	"errors"
	"sync"
	"syscall/js"
	"time"

	"asposecache/core"
	"asposecache/core/driver"
	"asposecache/jsbridge/jsbuf"
	"asposecache/jsbridge/webapi"
)

// Errors of calls before Open and after Close.
var (
	errNotOpen = errors.New("idbstore: not open")
	errClosed  = errors.New("idbstore: closed")
)

// maxReconnects is how many connections in a row may die without having done anything.
const maxReconnects = 3

// rest is how long no other is tried after that.
var rest = 30 * time.Second

// Options say where a store keeps its database, and who writes to it.
type Options struct {
	// Folder is what the name of the database begins with; nil is a setting of the store's own.
	Folder *webapi.FolderSetting
	// Worker is the JavaScript object of a worker that writes; see writer. Where it is undefined the store writes
	// itself.
	Worker js.Value
}

// Store is a [driver.Store] in IndexedDB. Make it with [New].
type Store struct {
	pool   *jsbuf.Pool
	meter  meter
	writer writer

	// token has room for one. Who has put one there may open, reconnect or close.
	token chan struct{}

	*webapi.FolderSetting

	mu         sync.Mutex   // guards what follows; never held while waiting
	state      error        // errNotOpen, errClosed; nil while open
	attached   bool         // the database is another store's, which alone may create it
	name       string       // of the database
	lock       *webapi.Lock // nil where there are no Web Locks
	conn       *connection
	reconnects int           // since an operation has succeeded
	lastTry    time.Duration // since the program began
}

var _ driver.Store = (*Store)(nil)

// New returns a store that is not open yet. It does not touch the browser.
func New(o Options) *Store {
	if o.Folder == nil {
		o.Folder = webapi.NewFolderSetting("")
	}
	pool := jsbuf.NewPool(core.PageSize, traits.RecordBytes)
	return &Store{
		FolderSetting: o.Folder,
		pool:          pool,
		writer:        writer{worker: o.Worker, pool: pool},
		token:         make(chan struct{}, 1),
		state:         errNotOpen,
	}
}

// Open creates the database. It takes 5 seconds at most, see [driver.Within]. Each attempt has a name of its own, so that a
// database that the browser opens too late can be deleted without harm.
func (s *Store) Open(ctx context.Context) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.leave()
	if err := s.condition(); err != errNotOpen {
		return err
	}
	s.writer.start()
	limited, cancel := webapi.InTime(ctx)
	defer cancel()
	name, l, conn, err := create(limited, s.Fix())
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return unavailable("open", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.name, s.lock, s.conn = nil, name, l, conn
	return nil
}

// create makes a database under a new name, the lock first.
func create(ctx context.Context, folder string) (string, *webapi.Lock, *connection, error) {
	if _, _, err := factory(); err != nil {
		return "", nil, nil, err
	}
	name, l, err := webapi.Claim(ctx, folder)
	if err != nil {
		return "", nil, nil, failure("open", err)
	}
	conn, err := connect(ctx, name, true, func() {
		limited, cancel := webapi.InTime(context.Background())
		defer cancel()
		// What is left over is found by the next sweep.
		_ = deleteDatabase(limited, name)
	})
	if err != nil {
		l.Release()
		return "", nil, nil, err
	}
	return name, l, conn, nil
}

// NewBuffer returns a Uint8Array.
func (s *Store) NewBuffer(n int) (driver.Buffer, error) {
	b, err := s.pool.Get(n)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// FreeBuffer keeps a buffer for reuse or frees its memory.
func (s *Store) FreeBuffer(buf driver.Buffer) {
	if b, ok := buf.(*jsbuf.Buffer); ok {
		s.pool.Put(b)
	}
}

// Apply puts and deletes records in one transaction: in the worker if there is one, and else here.
func (s *Store) Apply(ctx context.Context, puts []driver.Record, deletes []driver.Key) error {
	return s.do(ctx, func(c *connection) error {
		if s.writer.ready() {
			err := s.writer.apply(ctx, s.name, puts, deletes)
			if err == nil || ctx.Err() != nil || errors.Is(err, driver.ErrQuota) {
				return err
			}
			// Whatever is wrong there may not be here. What it has done can be done again.
		} else {
			s.writer.start() // it may have been given up long ago
		}
		n, err := apply(ctx, c, puts, deletes)
		s.meter.passed(n)
		return err
	})
}

// Get reads records in one transaction.
func (s *Store) Get(ctx context.Context, ranges []driver.Range) (bufs []driver.Buffer, err error) {
	if len(ranges) == 0 {
		return nil, ctx.Err()
	}
	keys := make([]driver.Key, len(ranges)) // all of each: there is nothing less
	for i, r := range ranges {
		keys[i] = r.Key
	}
	err = s.do(ctx, func(c *connection) error {
		if bufs, err = read(ctx, c, keys); err != nil && !isDead(err) && ctx.Err() == nil {
			bufs, err = s.readEach(ctx, c, keys)
		}
		return err
	})
	n := 0
	for _, buf := range bufs {
		if buf != nil {
			n += buf.Len()
		}
	}
	s.meter.passed(n)
	return bufs, err
}

// Has counts the records of each key, in one transaction.
func (s *Store) Has(ctx context.Context, keys []driver.Key) (there []bool, err error) {
	if len(keys) == 0 {
		return nil, ctx.Err()
	}
	err = s.do(ctx, func(c *connection) error {
		counts, err := ask(ctx, c, "count", keys)
		if err == nil {
			there = make([]bool, len(keys))
			for i, n := range counts {
				there[i] = n.Int() > 0
			}
		}
		return err
	})
	return there, err
}

// readEach reads records one by one after a transaction for all of them has failed: one that is
// damaged fails the transaction it is read in.
func (s *Store) readEach(ctx context.Context, c *connection, keys []driver.Key) ([]driver.Buffer, error) {
	bufs := make([]driver.Buffer, len(keys))
	for i, key := range keys {
		buf, err := readOne(ctx, c, key)
		if err != nil {
			for _, buf := range bufs[:i] {
				s.FreeBuffer(buf)
			}
			return nil, err
		}
		bufs[i] = buf
	}
	return bufs, nil
}

// Close deletes the database. It waits a minute at most for that: a large one takes its time. It gives the
// lock back in any case: a database that is still there can then be swept.
func (s *Store) Close(ctx context.Context) error {
	if err := s.take(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	defer s.leave()
	s.mu.Lock()
	state, name, l, conn := s.state, s.name, s.lock, s.conn
	s.state, s.lock, s.conn = errClosed, nil, nil
	s.mu.Unlock()
	s.pool.Drain()
	awaitLatecomers()
	switch state {
	case errClosed:
		return errClosed
	case errNotOpen:
		s.writer.end()
		return nil
	}
	defer l.Release()
	conn.close()
	s.writer.end()
	limited, cancel := driver.Within(ctx, deleteLimit, webapi.ErrNoAnswer)
	defer cancel()
	return deleteDatabase(limited, name)
}

// do runs an operation on a living connection. If the connection turns out to be dead, it runs the
// operation once more on a new one: the transaction of a dead connection has changed nothing, and to
// put the same records again changes nothing either.
func (s *Store) do(ctx context.Context, op func(*connection) error) error {
	for attempt := 1; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, err := s.connection(ctx)
		if err != nil {
			return err
		}
		err = op(c)
		if err == nil {
			s.mu.Lock()
			s.reconnects = 0
			s.mu.Unlock()
			return nil
		}
		if isDead(err) {
			c.close()
		}
		if !c.dead.Load() || ctx.Err() != nil {
			return err
		}
		if s.resting() {
			return unavailable("reconnect", err)
		}
		if attempt == 2 {
			return err
		}
	}
}

// connection returns the living connection, a new one if need be. The database is created anew, empty, if somebody has
// deleted it: then the records are gone, and that is what reading them will tell.
func (s *Store) connection(ctx context.Context) (*connection, error) {
	if err := s.take(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	if err := s.condition(); err != nil {
		return nil, err
	}
	if !s.conn.dead.Load() {
		return s.conn, nil
	}
	if s.resting() {
		return nil, unavailable("reconnect", errors.New("the connection was lost again and again"))
	}
	limited, cancel := webapi.InTime(ctx)
	defer cancel()
	conn, err := connect(limited, s.name, !s.attached, func() {})
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err() // who waited has gone; that counts for nothing
	}
	s.mu.Lock()
	s.reconnects++
	s.lastTry = sinceStart()
	if err == nil {
		s.conn = conn
	}
	s.mu.Unlock()
	if err != nil && s.resting() {
		return nil, unavailable("reconnect", err)
	}
	return conn, err
}

// resting reports whether so many connections have died in a row that no other is tried for a while.
func (s *Store) resting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reconnects >= maxReconnects && sinceStart()-s.lastTry < rest
}

// Place returns what the store lies on, and on which thread it writes; both are empty until it is open.
func (s *Store) Place() (store, thread string) {
	switch {
	case s.condition() != nil:
		return "", ""
	case s.writer.ready():
		return "indexedDB", "worker"
	}
	return "indexedDB", "page"
}

// CopiedBytes returns how many bytes are on their way to the worker: those of as many batches as there may be
// transactions, at most.
func (s *Store) CopiedBytes() int64 { return s.writer.copied }

// condition returns why the store can't be used, or nil.
func (s *Store) condition() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

func (s *Store) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.token <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) leave() { <-s.token }

var start = time.Now()

// sinceStart returns how long the program has run. It is no time.Time: one in a store would link the code that formats
// times.
func sinceStart() time.Duration { return time.Since(start) }
