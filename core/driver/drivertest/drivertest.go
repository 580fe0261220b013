// Package drivertest checks that a [driver.Store] keeps its word, and makes stores fail on demand.
package drivertest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"asposecache/core/driver"
)

// Run checks stores that open makes. Each call of open must return a store of its own, on which Open
// has not been called; Run opens and closes it.
func Run(t *testing.T, open func(t *testing.T) driver.Store) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s *store)
	}{
		{"records of all sizes come back as they were put", roundTrip},
		{"buffers have the length asked for and can be read and written anywhere", buffers},
		{"buffers can be recycled", recycledBuffers},
		{"a record can be put in pieces of buffers", recordInPieces},
		{"changing a buffer after Apply does not change the record", bufferIsCopied},
		{"changing what Get returned does not change the record", answerIsCopied},
		{"a key that is not there reads as nil at its place", missingKeys},
		{"it tells which records are there", presence},
		{"answers come in the order of the keys, for duplicates too", orderAndDuplicates},
		{"puts and deletes of one Apply take effect together", putsAndDeletes},
		{"a deleted record is gone, its neighbours are not", getAfterDelete},
		{"deleting keys that are not there is no error", deleteUnknown},
		{"an Apply and a Get of nothing succeed", nothing},
		{"a buffer of the Go heap can be put as well", foreignBuffer},
		{"a batch of records of any size fits in one Apply", manyRecords},
		{"where ranges can be read, any range can", ranges},
		{"goroutines can apply and read at once", concurrently},
		{"a context that has ended gives an error and changes nothing", cancelledBefore},
		{"a context that ends during Apply leaves all of it or nothing", cancelledDuring},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStore(t, open(t))
			if err := s.Open(s.ctx); err != nil {
				t.Fatalf("Open: %v", err)
			}
			defer func() {
				if err := s.Close(s.ctx); err != nil {
					t.Errorf("Close: %v", err)
				}
			}()
			c.test(t, s)
		})
	}
	t.Run("a store that was never opened can be closed", func(t *testing.T) {
		if err := open(t).Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	t.Run("a store whose Open failed can be opened again, or closed", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		again, closed := open(t), open(t)
		for _, s := range []driver.Store{again, closed} {
			if err := s.Open(ctx); !errors.Is(err, context.Canceled) {
				t.Fatalf("Open with a context that has ended: %v", err)
			}
		}
		if err := again.Open(context.Background()); err != nil {
			t.Errorf("Open: %v", err)
		}
		for _, s := range []driver.Store{again, closed} {
			if err := s.Close(context.Background()); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	})
	t.Run("stores do not see each other's records", func(t *testing.T) {
		a, b := newStore(t, open(t)), newStore(t, open(t))
		for _, s := range []*store{a, b} {
			if err := s.Open(s.ctx); err != nil {
				t.Fatalf("Open: %v", err)
			}
		}
		a.put(1, content(1, 100))
		b.put(2, content(2, 100))
		b.absent(1)
		if err := a.Close(a.ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
		b.present(2, content(2, 100))
		if err := b.Close(b.ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	t.Run("after Close no call succeeds", func(t *testing.T) {
		s := newStore(t, open(t))
		if err := s.Open(s.ctx); err != nil {
			t.Fatalf("Open: %v", err)
		}
		buf := s.buffer(content(1, 10))
		s.apply([]driver.Record{{Key: 1, Data: buf}}, nil)
		if err := s.Close(s.ctx); err != nil {
			t.Fatalf("Close: %v", err)
		}
		if err := s.Apply(s.ctx, []driver.Record{{Key: 2, Data: buf}}, nil); err == nil {
			t.Error("Apply succeeded")
		}
		if _, err := s.Get(s.ctx, s.whole(1)); err == nil {
			t.Error("Get succeeded")
		}
	})
}

func roundTrip(t *testing.T, s *store) {
	sizes := []int{1, 1000, 65535, 65536, s.page, s.Traits().RecordBytes}
	sizes = slices.DeleteFunc(sizes, func(n int) bool { return n > s.Traits().RecordBytes })
	for i, n := range sizes {
		key := driver.Key(i + 1)
		s.put(key, content(key, n))
	}
	for i, n := range sizes {
		key := driver.Key(i + 1)
		s.present(key, content(key, n))
	}
	// The largest key that a number of JavaScript names exactly.
	s.put(1<<53-1, content(7, 3))
	s.present(1<<53-1, content(7, 3))
	s.absent(1<<53 - 2)
}

func buffers(t *testing.T, s *store) {
	for _, n := range []int{1, 1000, s.page - 1, s.page, s.page + 1} {
		buf, err := s.NewBuffer(n)
		if err != nil {
			t.Fatalf("NewBuffer(%d): %v", n, err)
		}
		if buf.Len() != n {
			t.Fatalf("NewBuffer(%d) has %d bytes", n, buf.Len())
		}
		want := make([]byte, n)
		for _, r := range [][2]int{{0, n}, {0, n / 2}, {n / 2, n - n/2}, {n - 1, 1}, {n / 3, n / 3}} {
			off, size := r[0], r[1]
			p := content(driver.Key(off+size), size)
			copy(want[off:], p)
			if err := buf.WriteAt(p, off); err != nil {
				t.Fatalf("WriteAt(%d bytes, %d) of %d: %v", size, off, n, err)
			}
			got := make([]byte, size)
			if err := buf.ReadAt(got, off); err != nil || !bytes.Equal(got, p) {
				t.Fatalf("ReadAt(%d bytes, %d) of %d: other bytes, or %v", size, off, n, err)
			}
		}
		if got := s.bytes(buf); !bytes.Equal(got, want) {
			t.Fatalf("a buffer of %d bytes does not hold what was written to it", n)
		}
		clear(want[n/4 : n/2])
		if err := buf.Clear(n/4, n/2-n/4); err != nil {
			t.Fatalf("Clear: %v", err)
		}
		if got := s.bytes(buf); !bytes.Equal(got, want) {
			t.Fatalf("Clear of a part of %d bytes cleared something else", n)
		}
		s.FreeBuffer(buf)
	}
}

func recycledBuffers(t *testing.T, s *store) {
	s.put(1, content(1, s.page))
	for range 3 {
		var out []driver.Buffer
		for i, n := range []int{1000, s.page, s.page, s.page, 1 << 20} {
			buf, err := s.NewBuffer(n)
			if err != nil {
				t.Fatalf("NewBuffer(%d): %v", n, err)
			}
			if err := buf.WriteAt(content(driver.Key(i), n), 0); err != nil {
				t.Fatal(err)
			}
			out = append(out, buf)
		}
		for i, buf := range out {
			if !bytes.Equal(s.bytes(buf), content(driver.Key(i), buf.Len())) {
				t.Fatal("two buffers share bytes")
			}
			s.FreeBuffer(buf)
		}
		s.FreeBuffer(s.get(1)[0])
	}
	s.present(1, content(1, s.page))
}

func recordInPieces(t *testing.T, s *store) {
	a, b := s.buffer(content(1, s.page)), s.buffer(content(2, s.page))
	whole := func(buf driver.Buffer) driver.Piece { return driver.Piece{Buffer: buf, Size: buf.Len()} }
	for i, pieces := range []driver.Pieces{
		{whole(a)},
		{whole(a), whole(b)},
		{{Buffer: a, Off: 100, Size: 1000}},
		{{Buffer: b, Off: s.page - 1, Size: 1}, whole(a), {Buffer: a, Off: 5, Size: s.page / 2}},
		{{Buffer: a, Off: s.page / 2, Size: s.page / 2}, {Buffer: driver.Bytes(content(3, 77)), Off: 7, Size: 70}},
	} {
		key := driver.Key(i + 1)
		var want []byte
		for _, p := range pieces {
			want = append(want, s.bytes(p.Buffer)[p.Off:p.Off+p.Size]...)
		}
		got := make([]byte, len(want)-1)
		if err := pieces.ReadAt(got, 1); err != nil || pieces.Len() != len(want) || !bytes.Equal(got, want[1:]) {
			t.Fatalf("pieces %d do not read as what they are made of, or %v", i, err)
		}
		s.apply([]driver.Record{{Key: key, Data: pieces}}, nil)
		s.present(key, want)
	}
	s.FreeBuffer(a)
	s.FreeBuffer(b)
}

func bufferIsCopied(t *testing.T, s *store) {
	for i, n := range []int{1000, s.page} {
		key := driver.Key(i + 1)
		buf := s.buffer(content(key, n))
		s.apply([]driver.Record{{Key: key, Data: buf}}, nil)
		if err := buf.Clear(0, n); err != nil {
			t.Fatal(err)
		}
		s.present(key, content(key, n))
		s.FreeBuffer(buf)
		again := s.buffer(content(99, n)) // most likely the same buffer
		s.present(key, content(key, n))
		s.FreeBuffer(again)
	}
}

func answerIsCopied(t *testing.T, s *store) {
	s.put(1, content(1, s.page))
	bufs := s.get(1, 1)
	if err := bufs[0].Clear(0, s.page); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(s.bytes(bufs[1]), content(1, s.page)) {
		t.Error("two answers for a key share their bytes")
	}
	s.FreeBuffer(bufs[0])
	s.FreeBuffer(bufs[1])
	s.present(1, content(1, s.page))
}

func missingKeys(t *testing.T, s *store) {
	s.absent(1)
	s.put(2, content(2, 10))
	s.put(4, content(4, 10))
	bufs := s.get(1, 2, 3, 4, 5)
	for i, buf := range bufs {
		if there := i == 1 || i == 3; (buf != nil) != there {
			t.Errorf("key %d: %v", i+1, buf)
		} else if there && !bytes.Equal(s.bytes(buf), content(driver.Key(i+1), 10)) {
			t.Errorf("key %d: other bytes", i+1)
		}
	}
}

func presence(t *testing.T, s *store) {
	s.put(2, content(2, 10))
	s.put(4, content(4, 10))
	s.put(5, content(5, 10))
	s.apply(nil, []driver.Key{4})
	there, err := s.Has(s.ctx, []driver.Key{1, 2, 3, 4, 5, 2})
	if err != nil || !slices.Equal(there, []bool{false, true, false, false, true, true}) {
		t.Error(there, err)
	}
	if there, err := s.Has(s.ctx, nil); err != nil || len(there) != 0 {
		t.Error(there, err)
	}
	ended, cancel := context.WithCancel(s.ctx)
	cancel()
	if _, err := s.Has(ended, []driver.Key{2}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func orderAndDuplicates(t *testing.T, s *store) {
	for k := driver.Key(1); k <= 5; k++ {
		s.put(k, content(k, 1000+int(k)))
	}
	keys := []driver.Key{5, 1, 3, 3, 9, 1, 2}
	for i, buf := range s.get(keys...) {
		switch {
		case keys[i] == 9:
			if buf != nil {
				t.Errorf("answer %d is not nil", i)
			}
		case buf == nil:
			t.Errorf("answer %d, of key %d, is nil", i, keys[i])
		case !bytes.Equal(s.bytes(buf), content(keys[i], 1000+int(keys[i]))):
			t.Errorf("answer %d is not the record of key %d", i, keys[i])
		}
	}
}

func putsAndDeletes(t *testing.T, s *store) {
	var old []driver.Key
	for k := driver.Key(1); k <= 8; k++ {
		s.put(k, content(k, 100))
		old = append(old, k)
	}
	var puts []driver.Record
	for k := driver.Key(11); k <= 18; k++ {
		puts = append(puts, driver.Record{Key: k, Data: s.buffer(content(k, 100))})
	}
	s.apply(puts, old)
	s.absent(old...)
	for k := driver.Key(11); k <= 18; k++ {
		s.present(k, content(k, 100))
	}
}

func getAfterDelete(t *testing.T, s *store) {
	for k := driver.Key(1); k <= 20; k++ {
		s.put(k, content(k, 50))
	}
	deleted := []driver.Key{19, 3, 4, 5, 7, 9, 1, 20, 5} // runs, single keys, one twice
	s.apply(nil, deleted)
	s.absent(deleted...)
	for _, k := range []driver.Key{2, 6, 8, 10, 18} {
		s.present(k, content(k, 50))
	}
}

func deleteUnknown(t *testing.T, s *store) {
	s.put(2, content(2, 10))
	s.apply(nil, []driver.Key{1, 3, 4, 1000})
	s.present(2, content(2, 10))
	s.apply(nil, []driver.Key{2})
	s.apply(nil, []driver.Key{2})
	s.absent(2)
}

func nothing(t *testing.T, s *store) {
	s.apply(nil, nil)
	if bufs := s.get(); len(bufs) != 0 {
		t.Errorf("Get of no keys answered %d buffers", len(bufs))
	}
}

func foreignBuffer(t *testing.T, s *store) {
	s.apply([]driver.Record{{Key: 1, Data: driver.Bytes(content(1, 1000))}}, nil)
	s.present(1, content(1, 1000))
}

func manyRecords(t *testing.T, s *store) {
	n := driver.Key(s.Traits().BatchBytes / s.page)
	var puts []driver.Record
	var keys []driver.Key
	for k := driver.Key(1); k <= n; k++ {
		puts = append(puts, s.record(k, content(k, s.page)))
		keys = append(keys, k)
	}
	s.apply(puts, nil)
	for _, r := range puts {
		s.FreeBuffer(r.Data.(driver.Buffer))
	}
	for i, buf := range s.get(keys...) {
		if buf == nil || !bytes.Equal(s.bytes(buf), content(keys[i], s.page)) {
			t.Fatalf("record %d is not what was put", i)
		}
		s.FreeBuffer(buf)
	}
	s.apply(nil, keys)
	s.absent(keys...)
}

func concurrently(t *testing.T, s *store) {
	const workers, rounds = 4, 6
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			// Fatal is for the test's own goroutine only.
			check := func(ok bool, what string, err error) bool {
				if !ok || err != nil {
					t.Errorf("worker %d: %s: %v", w, what, err)
				}
				return ok && err == nil
			}
			var last []driver.Key
			for round := range rounds {
				var puts []driver.Record
				var keys []driver.Key
				for i := range 4 {
					key := driver.Key(1000*w + 10*round + i)
					buf, err := s.NewBuffer(s.page)
					if !check(err == nil, "NewBuffer", err) || !check(buf.WriteAt(content(key, s.page), 0) == nil, "WriteAt", nil) {
						return
					}
					puts = append(puts, driver.Record{Key: key, Data: buf})
					keys = append(keys, key)
				}
				if err := s.Apply(s.ctx, puts, last); !check(err == nil, "Apply", err) {
					return
				}
				for _, r := range puts {
					s.FreeBuffer(r.Data.(driver.Buffer))
				}
				bufs, err := s.Get(s.ctx, s.whole(append(keys, last...)...))
				if !check(err == nil && len(bufs) == len(keys)+len(last), "Get", err) {
					return
				}
				for i, buf := range bufs {
					if i >= len(keys) {
						check(buf == nil, "a deleted record is still there", nil)
						continue
					}
					if !check(buf != nil, "a record is missing", nil) {
						return
					}
					p := make([]byte, buf.Len())
					err := buf.ReadAt(p, 0)
					check(bytes.Equal(p, content(keys[i], s.page)), "a record has other bytes", err)
					s.FreeBuffer(buf)
				}
				last = keys
			}
		})
	}
	wg.Wait()
}

func cancelledBefore(t *testing.T, s *store) {
	s.put(1, content(1, 100))
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	buf := s.buffer(content(2, 100))
	if err := s.Apply(ctx, []driver.Record{{Key: 2, Data: buf}}, []driver.Key{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("Apply: %v", err)
	}
	if _, err := s.Get(ctx, s.whole(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v", err)
	}
	s.present(1, content(1, 100))
	s.absent(2)
}

func cancelledDuring(t *testing.T, s *store) {
	const n = 16
	var puts []driver.Record
	for i := range n {
		puts = append(puts, driver.Record{Key: driver.Key(100 + i), Data: s.buffer(content(driver.Key(i), s.page))})
	}
	var keys []driver.Key
	for _, r := range puts {
		keys = append(keys, r.Key)
	}
	for _, after := range []time.Duration{0, time.Millisecond, 3 * time.Millisecond, 10 * time.Millisecond, 30 * time.Millisecond} {
		s.put(1, content(1, 10))
		ctx, cancel := context.WithTimeout(s.ctx, after)
		err := s.Apply(ctx, puts, []driver.Key{1})
		cancel()
		if err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Apply with %v left: %v", after, err)
			}
			s.absent(keys...)
			s.present(1, content(1, 10))
			continue
		}
		for _, buf := range s.get(keys...) {
			if buf == nil {
				t.Fatalf("Apply with %v left succeeded, and a record is missing", after)
			}
			s.FreeBuffer(buf)
		}
		s.absent(1)
		s.apply(nil, keys)
	}
}

func ranges(t *testing.T, s *store) {
	if !s.Traits().Ranges {
		t.Skip("here they can't")
	}
	want := content(1, s.page)
	s.put(1, want)
	s.put(2, content(2, 10))
	asked := []driver.Range{
		{Key: 1, Off: 0, Size: 1}, {Key: 1, Off: s.page - 1, Size: 1}, {Key: 2, Off: 3, Size: 4}, {Key: 1, Off: s.page / 3, Size: s.page / 2},
		{Key: 1, Off: 0, Size: s.page}, {Key: 3, Off: 5, Size: 1},
		{Key: 2, Off: 10, Size: 1}, {Key: 2, Off: 9, Size: 2}, // not all of them are there
	}
	bufs, err := s.Get(s.ctx, asked)
	if err != nil || len(bufs) != len(asked) {
		t.Fatalf("%d answers, %v", len(bufs), err)
	}
	for i, r := range asked {
		switch whole := content(r.Key, map[driver.Key]int{1: s.page, 2: 10}[r.Key]); {
		case r.Off+r.Size > len(whole):
			if bufs[i] != nil {
				t.Errorf("%+v is answered with %d bytes", r, bufs[i].Len())
			}
		case bufs[i] == nil:
			t.Errorf("%+v is not there", r)
		default:
			if !bytes.Equal(s.bytes(bufs[i]), whole[r.Off:r.Off+r.Size]) {
				t.Errorf("%+v has other bytes", r)
			}
			s.FreeBuffer(bufs[i])
		}
	}
}

// store is the store under test, with what the tests do over and over.
type store struct {
	driver.Store
	t    *testing.T
	ctx  context.Context
	page int // 256 KiB, or half of the largest record if that is less

	mu    sync.Mutex
	sizes map[driver.Key]int // of what was put
}

func newStore(t *testing.T, s driver.Store) *store {
	if err := s.Traits().Check(); err != nil {
		t.Fatal(err)
	}
	return &store{Store: s, t: t, ctx: context.Background(), page: min(256<<10, s.Traits().RecordBytes/2), sizes: make(map[driver.Key]int)}
}

// Apply notes how large the records are.
func (s *store) Apply(ctx context.Context, puts []driver.Record, deletes []driver.Key) error {
	s.mu.Lock()
	for _, r := range puts {
		s.sizes[r.Key] = r.Data.Len()
	}
	s.mu.Unlock()
	return s.Store.Apply(ctx, puts, deletes)
}

// whole returns the ranges that are all of some records. What was never put has one byte.
func (s *store) whole(keys ...driver.Key) (all []driver.Range) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		all = append(all, driver.Range{Key: k, Size: max(1, s.sizes[k])})
	}
	return all
}

// record returns a record of p, in a buffer of the store.
func (s *store) record(key driver.Key, p []byte) driver.Record {
	s.t.Helper()
	return driver.Record{Key: key, Data: s.buffer(p)}
}

// buffer returns a buffer of the store that holds p.
func (s *store) buffer(p []byte) driver.Buffer {
	s.t.Helper()
	buf, err := s.NewBuffer(len(p))
	if err != nil {
		s.t.Fatalf("NewBuffer(%d): %v", len(p), err)
	}
	if err := buf.WriteAt(p, 0); err != nil {
		s.t.Fatalf("WriteAt: %v", err)
	}
	return buf
}

func (s *store) bytes(buf driver.Buffer) []byte {
	s.t.Helper()
	p := make([]byte, buf.Len())
	if err := buf.ReadAt(p, 0); err != nil {
		s.t.Fatalf("ReadAt: %v", err)
	}
	return p
}

func (s *store) apply(puts []driver.Record, deletes []driver.Key) {
	s.t.Helper()
	if err := s.Apply(s.ctx, puts, deletes); err != nil {
		s.t.Fatalf("Apply: %v", err)
	}
}

func (s *store) put(key driver.Key, p []byte) {
	s.t.Helper()
	buf := s.buffer(p)
	s.apply([]driver.Record{{Key: key, Data: buf}}, nil)
	s.FreeBuffer(buf)
}

func (s *store) get(keys ...driver.Key) []driver.Buffer {
	s.t.Helper()
	bufs, err := s.Get(s.ctx, s.whole(keys...))
	if err != nil {
		s.t.Fatalf("Get: %v", err)
	}
	if len(bufs) != len(keys) {
		s.t.Fatalf("Get of %d keys answered %d buffers", len(keys), len(bufs))
	}
	return bufs
}

func (s *store) present(key driver.Key, want []byte) {
	s.t.Helper()
	buf := s.get(key)[0]
	if buf == nil {
		s.t.Fatalf("the record of key %d is missing", key)
	}
	if !bytes.Equal(s.bytes(buf), want) {
		s.t.Fatalf("the record of key %d is not the %d bytes that were put", key, len(want))
	}
	s.FreeBuffer(buf)
}

func (s *store) absent(keys ...driver.Key) {
	s.t.Helper()
	for i, buf := range s.get(keys...) {
		if buf != nil {
			s.t.Fatalf("the record of key %d is there", keys[i])
		}
	}
}

// content returns n bytes that differ from key to key, do not repeat, and are not zero.
func content(key driver.Key, n int) []byte {
	p := make([]byte, 0, n+8)
	for x := uint64(key)*0x9E3779B97F4A7C15 + 1; len(p) < n; {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		p = binary.LittleEndian.AppendUint64(p, x|0x0101010101010101)
	}
	return p[:n]
}
