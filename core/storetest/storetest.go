// Package storetest checks that a [core.Store] keeps its word, and makes stores fail on demand.
package storetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	"asposecache/core"
)

// page is the size of most records the cache makes.
const page = core.PageSize

// Run checks stores that open makes. Each call of open must return a store of its own, on which Open
// has not been called; Run opens and closes it.
func Run(t *testing.T, open func(t *testing.T) core.Store) {
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
		{"answers come in the order of the keys, for duplicates too", orderAndDuplicates},
		{"puts and deletes of one Apply take effect together", putsAndDeletes},
		{"a deleted record is gone, its neighbours are not", getAfterDelete},
		{"deleting keys that are not there is no error", deleteUnknown},
		{"an Apply and a Get of nothing succeed", nothing},
		{"a buffer of the Go heap can be put as well", foreignBuffer},
		{"64 records of 256 KiB fit in one Apply", manyRecords},
		{"goroutines can apply and read at once", concurrently},
		{"a context that has ended gives an error and changes nothing", cancelledBefore},
		{"a context that ends during Apply leaves all of it or nothing", cancelledDuring},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &store{t: t, ctx: context.Background(), Store: open(t)}
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
		for _, s := range []core.Store{again, closed} {
			if err := s.Open(ctx); !errors.Is(err, context.Canceled) {
				t.Fatalf("Open with a context that has ended: %v", err)
			}
		}
		if err := again.Open(context.Background()); err != nil {
			t.Errorf("Open: %v", err)
		}
		for _, s := range []core.Store{again, closed} {
			if err := s.Close(context.Background()); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	})
	t.Run("stores do not see each other's records", func(t *testing.T) {
		a := &store{t: t, ctx: context.Background(), Store: open(t)}
		b := &store{t: t, ctx: context.Background(), Store: open(t)}
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
		s := &store{t: t, ctx: context.Background(), Store: open(t)}
		if err := s.Open(s.ctx); err != nil {
			t.Fatalf("Open: %v", err)
		}
		buf := s.buffer(content(1, 10))
		s.apply([]core.Record{{Key: 1, Data: buf}}, nil)
		if err := s.Close(s.ctx); err != nil {
			t.Fatalf("Close: %v", err)
		}
		if err := s.Apply(s.ctx, []core.Record{{Key: 2, Data: buf}}, nil); err == nil {
			t.Error("Apply succeeded")
		}
		if _, err := s.Get(s.ctx, []core.Key{1}); err == nil {
			t.Error("Get succeeded")
		}
	})
}

func roundTrip(t *testing.T, s *store) {
	for i, n := range []int{1, 1000, 65535, 65536, page, 1 << 20} {
		key := core.Key(i + 1)
		s.put(key, content(key, n))
	}
	for i, n := range []int{1, 1000, 65535, 65536, page, 1 << 20} {
		key := core.Key(i + 1)
		s.present(key, content(key, n))
	}
	// The largest key that a number of JavaScript names exactly.
	s.put(1<<53-1, content(7, 3))
	s.present(1<<53-1, content(7, 3))
	s.absent(1<<53 - 2)
}

func buffers(t *testing.T, s *store) {
	for _, n := range []int{1, 1000, page - 1, page, page + 1} {
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
			p := content(core.Key(off+size), size)
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
	s.put(1, content(1, page))
	for range 3 {
		var out []core.Buffer
		for i, n := range []int{1000, page, page, page, 1 << 20} {
			buf, err := s.NewBuffer(n)
			if err != nil {
				t.Fatalf("NewBuffer(%d): %v", n, err)
			}
			if err := buf.WriteAt(content(core.Key(i), n), 0); err != nil {
				t.Fatal(err)
			}
			out = append(out, buf)
		}
		for i, buf := range out {
			if !bytes.Equal(s.bytes(buf), content(core.Key(i), buf.Len())) {
				t.Fatal("two buffers share bytes")
			}
			s.FreeBuffer(buf)
		}
		s.FreeBuffer(s.get(1)[0])
	}
	s.present(1, content(1, page))
}

func recordInPieces(t *testing.T, s *store) {
	a, b := s.buffer(content(1, page)), s.buffer(content(2, page))
	whole := func(buf core.Buffer) core.Piece { return core.Piece{Buffer: buf, Size: buf.Len()} }
	for i, pieces := range []core.Pieces{
		{whole(a)},
		{whole(a), whole(b)},
		{{Buffer: a, Off: 100, Size: 1000}},
		{{Buffer: b, Off: page - 1, Size: 1}, whole(a), {Buffer: a, Off: 5, Size: page / 2}},
		{{Buffer: a, Off: page / 2, Size: page / 2}, {Buffer: core.Bytes(content(3, 77)), Off: 7, Size: 70}},
	} {
		key := core.Key(i + 1)
		var want []byte
		for _, p := range pieces {
			want = append(want, s.bytes(p.Buffer)[p.Off:p.Off+p.Size]...)
		}
		got := make([]byte, len(want)-1)
		if err := pieces.ReadAt(got, 1); err != nil || pieces.Len() != len(want) || !bytes.Equal(got, want[1:]) {
			t.Fatalf("pieces %d do not read as what they are made of, or %v", i, err)
		}
		s.apply([]core.Record{{Key: key, Data: pieces}}, nil)
		s.present(key, want)
	}
	s.FreeBuffer(a)
	s.FreeBuffer(b)
}

func bufferIsCopied(t *testing.T, s *store) {
	for i, n := range []int{1000, page} {
		key := core.Key(i + 1)
		buf := s.buffer(content(key, n))
		s.apply([]core.Record{{Key: key, Data: buf}}, nil)
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
	s.put(1, content(1, page))
	bufs := s.get(1, 1)
	if err := bufs[0].Clear(0, page); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(s.bytes(bufs[1]), content(1, page)) {
		t.Error("two answers for a key share their bytes")
	}
	s.FreeBuffer(bufs[0])
	s.FreeBuffer(bufs[1])
	s.present(1, content(1, page))
}

func missingKeys(t *testing.T, s *store) {
	s.absent(1)
	s.put(2, content(2, 10))
	s.put(4, content(4, 10))
	bufs := s.get(1, 2, 3, 4, 5)
	for i, buf := range bufs {
		if there := i == 1 || i == 3; (buf != nil) != there {
			t.Errorf("key %d: %v", i+1, buf)
		} else if there && !bytes.Equal(s.bytes(buf), content(core.Key(i+1), 10)) {
			t.Errorf("key %d: other bytes", i+1)
		}
	}
}

func orderAndDuplicates(t *testing.T, s *store) {
	for k := core.Key(1); k <= 5; k++ {
		s.put(k, content(k, 1000+int(k)))
	}
	keys := []core.Key{5, 1, 3, 3, 9, 1, 2}
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
	var old []core.Key
	for k := core.Key(1); k <= 8; k++ {
		s.put(k, content(k, 100))
		old = append(old, k)
	}
	var puts []core.Record
	for k := core.Key(11); k <= 18; k++ {
		puts = append(puts, core.Record{Key: k, Data: s.buffer(content(k, 100))})
	}
	s.apply(puts, old)
	s.absent(old...)
	for k := core.Key(11); k <= 18; k++ {
		s.present(k, content(k, 100))
	}
}

func getAfterDelete(t *testing.T, s *store) {
	for k := core.Key(1); k <= 20; k++ {
		s.put(k, content(k, 50))
	}
	deleted := []core.Key{19, 3, 4, 5, 7, 9, 1, 20, 5} // runs, single keys, one twice
	s.apply(nil, deleted)
	s.absent(deleted...)
	for _, k := range []core.Key{2, 6, 8, 10, 18} {
		s.present(k, content(k, 50))
	}
}

func deleteUnknown(t *testing.T, s *store) {
	s.put(2, content(2, 10))
	s.apply(nil, []core.Key{1, 3, 4, 1000})
	s.present(2, content(2, 10))
	s.apply(nil, []core.Key{2})
	s.apply(nil, []core.Key{2})
	s.absent(2)
}

func nothing(t *testing.T, s *store) {
	s.apply(nil, nil)
	if bufs := s.get(); len(bufs) != 0 {
		t.Errorf("Get of no keys answered %d buffers", len(bufs))
	}
}

func foreignBuffer(t *testing.T, s *store) {
	s.apply([]core.Record{{Key: 1, Data: core.Bytes(content(1, 1000))}}, nil)
	s.present(1, content(1, 1000))
}

func manyRecords(t *testing.T, s *store) {
	const n = 64
	var puts []core.Record
	var keys []core.Key
	for k := core.Key(1); k <= n; k++ {
		puts = append(puts, core.Record{Key: k, Data: s.buffer(content(k, page))})
		keys = append(keys, k)
	}
	s.apply(puts, nil)
	for _, r := range puts {
		s.FreeBuffer(r.Data.(core.Buffer))
	}
	for i, buf := range s.get(keys...) {
		if buf == nil || !bytes.Equal(s.bytes(buf), content(keys[i], page)) {
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
			var last []core.Key
			for round := range rounds {
				var puts []core.Record
				var keys []core.Key
				for i := range 4 {
					key := core.Key(1000*w + 10*round + i)
					buf, err := s.NewBuffer(page)
					if !check(err == nil, "NewBuffer", err) || !check(buf.WriteAt(content(key, page), 0) == nil, "WriteAt", nil) {
						return
					}
					puts = append(puts, core.Record{Key: key, Data: buf})
					keys = append(keys, key)
				}
				if err := s.Apply(s.ctx, puts, last); !check(err == nil, "Apply", err) {
					return
				}
				for _, r := range puts {
					s.FreeBuffer(r.Data.(core.Buffer))
				}
				bufs, err := s.Get(s.ctx, append(keys, last...))
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
					check(bytes.Equal(p, content(keys[i], page)), "a record has other bytes", err)
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
	if err := s.Apply(ctx, []core.Record{{Key: 2, Data: buf}}, []core.Key{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("Apply: %v", err)
	}
	if _, err := s.Get(ctx, []core.Key{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v", err)
	}
	s.present(1, content(1, 100))
	s.absent(2)
}

func cancelledDuring(t *testing.T, s *store) {
	const n = 16
	var puts []core.Record
	for i := range n {
		puts = append(puts, core.Record{Key: core.Key(100 + i), Data: s.buffer(content(core.Key(i), page))})
	}
	var keys []core.Key
	for _, r := range puts {
		keys = append(keys, r.Key)
	}
	for _, after := range []time.Duration{0, time.Millisecond, 3 * time.Millisecond, 10 * time.Millisecond, 30 * time.Millisecond} {
		s.put(1, content(1, 10))
		ctx, cancel := context.WithTimeout(s.ctx, after)
		err := s.Apply(ctx, puts, []core.Key{1})
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

// store is the store under test, with what the tests do over and over.
type store struct {
	core.Store
	t   *testing.T
	ctx context.Context
}

// buffer returns a buffer of the store that holds p.
func (s *store) buffer(p []byte) core.Buffer {
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

func (s *store) bytes(buf core.Buffer) []byte {
	s.t.Helper()
	p := make([]byte, buf.Len())
	if err := buf.ReadAt(p, 0); err != nil {
		s.t.Fatalf("ReadAt: %v", err)
	}
	return p
}

func (s *store) apply(puts []core.Record, deletes []core.Key) {
	s.t.Helper()
	if err := s.Apply(s.ctx, puts, deletes); err != nil {
		s.t.Fatalf("Apply: %v", err)
	}
}

func (s *store) put(key core.Key, p []byte) {
	s.t.Helper()
	buf := s.buffer(p)
	s.apply([]core.Record{{Key: key, Data: buf}}, nil)
	s.FreeBuffer(buf)
}

func (s *store) get(keys ...core.Key) []core.Buffer {
	s.t.Helper()
	bufs, err := s.Get(s.ctx, keys)
	if err != nil {
		s.t.Fatalf("Get: %v", err)
	}
	if len(bufs) != len(keys) {
		s.t.Fatalf("Get of %d keys answered %d buffers", len(keys), len(bufs))
	}
	return bufs
}

func (s *store) present(key core.Key, want []byte) {
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

func (s *store) absent(keys ...core.Key) {
	s.t.Helper()
	for i, buf := range s.get(keys...) {
		if buf != nil {
			s.t.Fatalf("the record of key %d is there", keys[i])
		}
	}
}

// content is n bytes that differ from key to key, do not repeat, and are not zero.
func content(key core.Key, n int) []byte {
	p := make([]byte, 0, n+8)
	for x := uint64(key)*0x9E3779B97F4A7C15 + 1; len(p) < n; {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		p = binary.LittleEndian.AppendUint64(p, x|0x0101010101010101)
	}
	return p[:n]
}
