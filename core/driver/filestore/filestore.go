// Package filestore is a [driver.Store] in a [File].
//
// Every record is a span of the file. Which one is only known here, and only once all bytes of a batch are written: so a
// batch takes effect wholly or not at all, although files know no transactions. Nothing of a file outlives its store.
package filestore

import (
	"context"
	"errors"
	"sync"

	"asposecache/core/driver"
)

// Errors of calls before Open and after Close.
var (
	errNotOpen = errors.New("filestore: not open")
	errClosed  = errors.New("filestore: closed")
)

// Store is the store. Make it with [New].
type Store struct {
	file   File
	traits driver.Traits

	// writes is held by those who write (RLock), and alone by who truncates, or begins again with an empty file (Lock).
	writes sync.RWMutex

	mu      sync.Mutex // guards what follows; never held while waiting
	state   error      // errNotOpen, errClosed; nil while open
	records map[driver.Key]*record
	space   *space
	size    int64 // of the file, at most
}

// A record is where the bytes of a key are.
type record struct {
	span
	space   *space // whose span it is
	bytes   int
	readers int
	dropped bool // the last reader frees it
}

var _ driver.Store = (*Store)(nil)

// New returns a store that is not open yet. It does not touch the file.
func New(file File, traits driver.Traits) *Store {
	return &Store{file: file, traits: traits, state: errNotOpen, records: make(map[driver.Key]*record), space: new(space)}
}

// Traits returns those that the store was made with.
func (s *Store) Traits() driver.Traits { return s.traits }

// Open creates the file.
func (s *Store) Open(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.condition(); err != errNotOpen {
		return err
	}
	if err := s.file.Open(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = nil
	return nil
}

// NewBuffer returns a buffer of the file's kind.
func (s *Store) NewBuffer(n int) (driver.Buffer, error) { return s.file.NewBuffer(n) }

// FreeBuffer gives it back.
func (s *Store) FreeBuffer(b driver.Buffer) { s.file.FreeBuffer(b) }

// Apply writes records to free spans. When all are written it notes where they are, and forgets those that are deleted.
func (s *Store) Apply(ctx context.Context, puts []driver.Record, deletes []driver.Key) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	seen, err := s.write(ctx, puts, deletes)
	if errors.Is(err, ErrLost) {
		if err = s.restart(ctx, seen); err == nil {
			_, err = s.write(ctx, puts, deletes)
		}
	}
	if err == nil {
		s.shrink(ctx)
	}
	return err
}

// write does what Apply does, once, and returns the space of the file that it wrote to.
func (s *Store) write(ctx context.Context, puts []driver.Record, deletes []driver.Key) (*space, error) {
	s.writes.RLock()
	defer s.writes.RUnlock()
	at, data := make([]int64, len(puts)), make([]driver.Source, len(puts))
	written := make([]*record, len(puts))
	s.mu.Lock()
	seen := s.space
	for i, p := range puts {
		r := &record{span: seen.take(p.Data.Len()), space: seen, bytes: p.Data.Len()}
		at[i], data[i], written[i] = r.off, p.Data, r
		s.size = max(s.size, r.end())
	}
	s.mu.Unlock()
	var err error
	if len(puts) > 0 {
		err = s.file.Write(ctx, at, data)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		for _, r := range written {
			r.space.give(r.span)
		}
		return seen, err
	}
	for i, p := range puts {
		s.drop(p.Key)
		s.records[p.Key] = written[i]
	}
	for _, key := range deletes {
		s.drop(key)
	}
	return seen, nil
}

// drop forgets a record. Its bytes stay until those who read them have done so. The caller holds mu.
func (s *Store) drop(key driver.Key) {
	if r := s.records[key]; r != nil {
		delete(s.records, key)
		if r.dropped = r.readers > 0; !r.dropped {
			r.space.give(r.span)
		}
	}
}

// restart begins again with an empty file after one was lost. seen is the space of that one: if it is not the store's any
// more, somebody else has begun again, and the new file may have records. It returns why no file could be made; then the
// next call finds it lost once more.
func (s *Store) restart(ctx context.Context, seen *space) error {
	s.writes.Lock()
	defer s.writes.Unlock()
	s.mu.Lock()
	known := s.space != seen
	if !known {
		clear(s.records)
		s.space, s.size = new(space), 0
	}
	s.mu.Unlock()
	if known {
		return nil
	}
	return s.file.Open(ctx)
}

// A file is cut off when it is longer than what is used by slack and a quarter of what is used.
const slack = 16 << 20

// shrink cuts off what is free at the end of the file if it is much, or if nothing is used. While somebody writes it does
// nothing: the next Apply tries again.
func (s *Store) shrink(ctx context.Context) {
	s.mu.Lock()
	size, end := s.size, s.space.size
	s.mu.Unlock()
	if size == end || end > 0 && size-end < slack+end/4 || !s.writes.TryLock() {
		return
	}
	defer s.writes.Unlock()
	s.mu.Lock()
	end = s.space.size
	s.mu.Unlock()
	if s.file.Truncate(ctx, end) != nil {
		return // it stays as long as it is
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.size = end
}

// Get reads ranges of records.
func (s *Store) Get(ctx context.Context, ranges []driver.Range) ([]driver.Buffer, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	bufs := make([]driver.Buffer, len(ranges))
	var at []int64
	var sizes, index []int
	var read []*record
	s.mu.Lock()
	seen := s.space
	for i, want := range ranges {
		r := s.records[want.Key]
		if r == nil || want.Off+want.Size > r.bytes {
			continue
		}
		r.readers++
		at, sizes = append(at, r.off+int64(want.Off)), append(sizes, want.Size)
		index, read = append(index, i), append(read, r)
	}
	s.mu.Unlock()
	if len(at) == 0 {
		return bufs, nil
	}
	got, err := s.file.Read(ctx, at, sizes)
	if errors.Is(err, ErrLost) {
		_ = s.restart(ctx, seen) // what was in it is gone in any case
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range read {
		if r.readers--; r.readers == 0 && r.dropped {
			r.space.give(r.span)
		}
		switch {
		case err != nil:
		case r.space == s.space:
			bufs[index[i]] = got[i]
		case got[i] != nil:
			s.file.FreeBuffer(got[i]) // of the file after the one in which the record was
		}
	}
	if errors.Is(err, ErrLost) {
		return bufs, nil
	}
	return bufs, err
}

// Has reports which records there are: the file may be gone, or have been cut off, by somebody else.
func (s *Store) Has(ctx context.Context, keys []driver.Key) ([]bool, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	there, ends := make([]bool, len(keys)), make([]int64, len(keys))
	s.mu.Lock()
	seen := s.space
	for i, key := range keys { // as it is now: what is written while the file is asked may not be in its answer
		if r := s.records[key]; r != nil {
			there[i], ends[i] = true, r.off+int64(r.bytes)
		}
	}
	s.mu.Unlock()
	size, err := s.file.Size(ctx)
	switch {
	case errors.Is(err, ErrLost):
		_ = s.restart(ctx, seen) // what was in it is gone in any case
		size = 0
	case err != nil:
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, end := range ends {
		there[i] = there[i] && end <= size && s.space == seen // or the answer may be of the file after that one
	}
	return there, nil
}

// Close removes the file.
func (s *Store) Close(ctx context.Context) error {
	s.mu.Lock()
	closed := s.state == errClosed
	s.state = errClosed
	clear(s.records)
	s.mu.Unlock()
	if closed {
		return errClosed
	}
	return s.file.Close(ctx)
}

func (s *Store) check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.condition()
}

// condition returns why the store can't be used, or nil.
func (s *Store) condition() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}
