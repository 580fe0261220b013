// Package mapstore is a [driver.Store] in a map, for tests of what stands on a store.
//
// It is strict where a store in a browser is only slow or silent: a buffer holds junk when it is new and
// when it is used after it was given back, and giving back what is not out panics. What it holds can be counted.
package mapstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"asposecache/core/driver"
)

// Errors of calls before Open and after Close.
var (
	ErrNotOpen = errors.New("mapstore: not open")
	ErrClosed  = errors.New("mapstore: closed")
)

// junk is what a buffer holds when it is new and when it was given back.
const junk = 0xDB

// Traits are like those of the store in IndexedDB, so that tests of the cache find the sizes that it has in browsers.
var Traits = driver.Traits{
	RecordBytes:  512 << 10,
	BatchBytes:   8 << 20,
	BatchRecords: 2048,
	Transactions: 2,
	Gather:       20 * time.Millisecond,
	WaitingBytes: 32 << 20,
	YieldBytes:   4 << 20,
	WindowBytes:  4 << 20,
	AheadRecords: 16,
	AheadBatch:   4,
	CacheBytes:   16 << 20,
}

// Small are traits as different from those as a store may have them: small records, of which ranges can be read, one
// transaction at a time, and little that waits.
var Small = driver.Traits{
	RecordBytes:  64 << 10,
	Ranges:       true,
	BatchBytes:   512 << 10,
	BatchRecords: 16,
	Transactions: 1,
	Gather:       time.Millisecond,
	WaitingBytes: 2 << 20,
	YieldBytes:   512 << 10,
	WindowBytes:  256 << 10,
	AheadRecords: 8,
	AheadBatch:   8,
	CacheBytes:   1 << 20,
}

// Store is the store. Make it with [New].
type Store struct {
	traits driver.Traits

	mu      sync.Mutex
	state   error // what an operation answers now; nil while the store is open
	records map[driver.Key][]byte
	bytes   int64
	out     map[*byte]struct{} // the first byte of every buffer that is out
	free    map[int][][]byte   // by length
}

var _ driver.Store = (*Store)(nil)

// New returns an empty store with [Traits] that is not open yet.
func New() *Store { return With(Traits) }

// With is New for other traits.
func With(traits driver.Traits) *Store {
	return &Store{
		traits:  traits,
		state:   ErrNotOpen,
		records: make(map[driver.Key][]byte),
		out:     make(map[*byte]struct{}),
		free:    make(map[int][][]byte),
	}
}

// Traits returns those that the store was made with.
func (s *Store) Traits() driver.Traits { return s.traits }

// Open makes the store ready.
func (s *Store) Open(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.state == ErrClosed {
		return ErrClosed
	}
	s.state = nil
	return nil
}

// NewBuffer returns a buffer in the Go heap.
func (s *Store) NewBuffer(n int) (driver.Buffer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return driver.Bytes(s.take(n)), nil
}

// take returns a buffer of n bytes of junk and notes that it is out. The caller holds mu.
func (s *Store) take(n int) []byte {
	var b []byte
	if free := s.free[n]; len(free) > 0 {
		b = free[len(free)-1]
		s.free[n] = free[:len(free)-1]
	} else {
		b = make([]byte, n)
		spoil(b)
	}
	if n > 0 {
		s.out[&b[0]] = struct{}{}
	}
	return b
}

func spoil(b []byte) {
	for i := range b {
		b[i] = junk
	}
}

// FreeBuffer takes a buffer back. It panics if the buffer is not out.
func (s *Store) FreeBuffer(buf driver.Buffer) {
	b, ok := buf.(driver.Bytes)
	if !ok {
		panic("mapstore: FreeBuffer of a buffer of another kind")
	}
	if len(b) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.out[&b[0]]; !ok {
		panic("mapstore: FreeBuffer of a buffer that is not out")
	}
	delete(s.out, &b[0])
	spoil(b)
	s.free[len(b)] = append(s.free[len(b)], b)
}

// Apply copies the records. It panics if one is larger than the traits say.
func (s *Store) Apply(ctx context.Context, puts []driver.Record, deletes []driver.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(ctx); err != nil {
		return err
	}
	data := make([][]byte, len(puts))
	for i, r := range puts {
		if r.Data.Len() > s.traits.RecordBytes {
			panic("mapstore: a record is larger than the traits say")
		}
		data[i] = make([]byte, r.Data.Len())
		if err := r.Data.ReadAt(data[i], 0); err != nil {
			return err
		}
	}
	for i, r := range puts {
		s.remove(r.Key)
		s.records[r.Key] = data[i]
		s.bytes += int64(len(data[i]))
	}
	for _, k := range deletes {
		s.remove(k)
	}
	return nil
}

func (s *Store) remove(k driver.Key) {
	s.bytes -= int64(len(s.records[k]))
	delete(s.records, k)
}

// Get returns copies. It panics if a part of a record is asked for although the traits allow no ranges.
func (s *Store) Get(ctx context.Context, ranges []driver.Range) ([]driver.Buffer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	bufs := make([]driver.Buffer, len(ranges))
	for i, r := range ranges {
		data, ok := s.records[r.Key]
		if !s.traits.Ranges && ok && (r.Off != 0 || r.Size < len(data)) {
			panic("mapstore: Get of a part of a record")
		}
		if ok && len(data) >= r.Off+r.Size {
			b := s.take(r.Size)
			copy(b, data[r.Off:])
			bufs[i] = driver.Bytes(b)
		}
	}
	return bufs, nil
}

// Has looks for the records.
func (s *Store) Has(ctx context.Context, keys []driver.Key) ([]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	there := make([]bool, len(keys))
	for i, k := range keys {
		_, there[i] = s.records[k]
	}
	return there, nil
}

// Close forgets all records.
func (s *Store) Close(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == ErrClosed {
		return ErrClosed
	}
	s.state = ErrClosed
	s.records, s.bytes, s.free = make(map[driver.Key][]byte), 0, make(map[int][][]byte)
	return nil
}

func (s *Store) ready(ctx context.Context) error {
	if s.state != nil {
		return s.state
	}
	return ctx.Err()
}

// Records returns how many records the store holds.
func (s *Store) Records() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.records)
}

// Bytes returns how many bytes its records have.
func (s *Store) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// Buffers returns how many buffers are out: returned by NewBuffer or Get and not given back.
func (s *Store) Buffers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.out)
}

// Lose removes records behind the back of whoever put them, as a browser does when its user clears
// the data of a site.
func (s *Store) Lose(keys ...driver.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		s.remove(k)
	}
}
