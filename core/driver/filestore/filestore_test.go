package filestore_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"asposecache/core/driver"
	"asposecache/core/driver/drivertest"
	"asposecache/core/driver/filestore"
	"asposecache/core/driver/mapstore"
)

// memory is a File in memory, in which what was cut off or never written is junk.
type memory struct {
	mu     sync.Mutex
	bytes  []byte
	open   int // how often
	closed bool
	lost   bool
	// fails is what the next Write returns, when half of it is done.
	fails error
	// tells is what the next Read returns.
	tells error
	// asked, if there is one, is called by Read before it reads, and sized by Size.
	asked, sized func()
}

func (f *memory) Open(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bytes, f.lost = nil, false
	f.open++
	return ctx.Err()
}

func (f *memory) NewBuffer(n int) (driver.Buffer, error) { return make(driver.Bytes, n), nil }
func (f *memory) FreeBuffer(driver.Buffer)               {}

func (f *memory) Write(ctx context.Context, at []int64, data []driver.Source) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lost {
		return filestore.ErrLost
	}
	for i, d := range data {
		if f.fails != nil && i >= len(data)/2 {
			err := f.fails
			f.fails = nil
			return err
		}
		end := int(at[i]) + d.Len()
		if more := end - len(f.bytes); more > 0 {
			f.bytes = append(f.bytes, bytes.Repeat([]byte{0xDB}, more)...)
		}
		if err := d.ReadAt(f.bytes[at[i]:end], 0); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (f *memory) Read(ctx context.Context, at []int64, sizes []int) ([]driver.Buffer, error) {
	if f.asked != nil {
		f.asked()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.tells; err != nil {
		f.tells = nil
		return nil, err
	}
	if f.lost {
		return nil, filestore.ErrLost
	}
	bufs := make([]driver.Buffer, len(at))
	for i, off := range at {
		if end := int(off) + sizes[i]; end <= len(f.bytes) {
			bufs[i] = driver.Bytes(bytes.Clone(f.bytes[off:end]))
		}
	}
	return bufs, ctx.Err()
}

func (f *memory) Size(ctx context.Context) (int64, error) {
	if f.sized != nil {
		f.sized()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lost {
		return 0, filestore.ErrLost
	}
	return int64(len(f.bytes)), ctx.Err()
}

func (f *memory) Truncate(_ context.Context, size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lost {
		return filestore.ErrLost
	}
	f.bytes = f.bytes[:min(int64(len(f.bytes)), size)]
	return nil
}

func (f *memory) Close(context.Context) error {
	f.closed = true
	return nil
}

func (f *memory) size() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.bytes)
}

var ctx = context.Background()

func opened(t *testing.T) (*filestore.Store, *memory) {
	t.Helper()
	f := new(memory)
	s := filestore.New(f, mapstore.Small)
	if err := s.Open(ctx); err != nil {
		t.Fatal(err)
	}
	return s, f
}

func content(key driver.Key, n int) driver.Bytes {
	b := make(driver.Bytes, n)
	for i := range b {
		b[i] = byte(i>>8) ^ byte(i) ^ byte(key*7)
	}
	return b
}

func put(t *testing.T, s *filestore.Store, deletes []driver.Key, n int, keys ...driver.Key) error {
	t.Helper()
	var puts []driver.Record
	for _, k := range keys {
		puts = append(puts, driver.Record{Key: k, Data: content(k, n)})
	}
	return s.Apply(ctx, puts, deletes)
}

func holds(t *testing.T, s *filestore.Store, n int, keys ...driver.Key) {
	t.Helper()
	for _, k := range keys {
		bufs, err := s.Get(ctx, []driver.Range{{Key: k, Size: n}})
		if err != nil || bufs[0] == nil || !bytes.Equal(bufs[0].(driver.Bytes), content(k, n)) {
			t.Errorf("key %d is not what was put: %v", k, err)
		}
	}
}

func misses(t *testing.T, s *filestore.Store, keys ...driver.Key) {
	t.Helper()
	for _, k := range keys {
		bufs, err := s.Get(ctx, []driver.Range{{Key: k, Size: 1}})
		there, hasErr := s.Has(ctx, []driver.Key{k})
		if err != nil || hasErr != nil || bufs[0] != nil || there[0] {
			t.Errorf("key %d is there: %v, %v", k, err, hasErr)
		}
	}
}

func TestConformance(t *testing.T) {
	for _, traits := range []driver.Traits{mapstore.Traits, mapstore.Small} {
		traits.Ranges = true
		drivertest.Run(t, func(*testing.T) driver.Store { return filestore.New(new(memory), traits) })
	}
}

func TestABatchThatFailsChangesNothing(t *testing.T) {
	s, f := opened(t)
	if err := put(t, s, nil, 5000, 1, 2, 3); err != nil {
		t.Fatal(err)
	}
	before := f.size()
	for range 100 {
		f.fails = driver.ErrQuota
		if err := put(t, s, []driver.Key{1}, 5000, 4, 5, 6, 7); !errors.Is(err, driver.ErrQuota) {
			t.Fatal(err)
		}
	}
	holds(t, s, 5000, 1, 2, 3)
	misses(t, s, 4, 5, 6, 7)
	if err := put(t, s, []driver.Key{1}, 5000, 4, 5, 6, 7); err != nil {
		t.Fatal(err)
	}
	holds(t, s, 5000, 2, 3, 4, 5, 6, 7)
	if after := f.size(); after > before+4*8192 {
		t.Errorf("failures have left room unused: %d bytes, %d before", after, before)
	}
}

func TestWhatIsReadStaysUntilItIsRead(t *testing.T) {
	s, f := opened(t)
	if err := put(t, s, nil, 4096, 1); err != nil {
		t.Fatal(err)
	}
	f.asked = func() {
		f.asked = nil
		if err := put(t, s, []driver.Key{1}, 4096, 2); err != nil {
			t.Error(err)
		}
		if err := put(t, s, nil, 4096, 3); err != nil { // it would have the room of 1
			t.Error(err)
		}
	}
	holds(t, s, 4096, 1)
	misses(t, s, 1)
	holds(t, s, 4096, 2, 3)
}

func TestTheFileShrinks(t *testing.T) {
	s, f := opened(t)
	var keys []driver.Key
	for k := driver.Key(1); k <= 400; k++ { // 100 MiB
		keys = append(keys, k)
		if err := put(t, s, nil, 256<<10, k); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Apply(ctx, nil, keys[200:]); err != nil {
		t.Fatal(err)
	}
	if n := f.size(); n > 50<<20 {
		t.Errorf("it has %d bytes, of which half were dropped", n)
	}
	holds(t, s, 256<<10, 1, 200)
	if err := s.Apply(ctx, nil, keys[:200]); err != nil {
		t.Fatal(err)
	}
	if n := f.size(); n != 0 {
		t.Errorf("it has %d bytes, of nothing", n)
	}
}

func TestAFileThatIsLost(t *testing.T) {
	s, f := opened(t)
	if err := put(t, s, nil, 5000, 1, 2); err != nil {
		t.Fatal(err)
	}
	f.lost = true
	if bufs, err := s.Get(ctx, []driver.Range{{Key: 1, Size: 5000}}); err != nil || bufs[0] != nil {
		t.Error("what is lost is there", err)
	}
	misses(t, s, 1, 2)
	if err := put(t, s, nil, 5000, 3); err != nil {
		t.Fatal(err)
	}
	holds(t, s, 5000, 3)
	f.lost = true
	if err := put(t, s, nil, 5000, 4); err != nil {
		t.Error(err)
	}
	misses(t, s, 3)
	holds(t, s, 5000, 4)
	if err := s.Close(ctx); err != nil || !f.closed {
		t.Error(err)
	}
}

// Who asks whether records are there, to give up what he has for them, must be told what is gone.
func TestHasKnowsWhatBecameOfTheFile(t *testing.T) {
	has := func(s *filestore.Store) [2]bool {
		there, err := s.Has(ctx, []driver.Key{1, 2})
		if err != nil {
			t.Fatal(err)
		}
		return [2]bool{there[0], there[1]}
	}
	filled := func() (*filestore.Store, *memory) {
		s, f := opened(t)
		if err := put(t, s, nil, 5000, 1, 2); err != nil {
			t.Fatal(err)
		}
		if got := has(s); got != [2]bool{true, true} {
			t.Errorf("of what is there it has %v", got)
		}
		return s, f
	}
	s, f := filled()
	f.lost = true
	if got := has(s); got != [2]bool{} || f.open != 2 {
		t.Errorf("of a file that was removed it has %v", got)
	}
	s, f = filled()
	f.bytes = f.bytes[:6000]
	if got := has(s); got != [2]bool{true, false} {
		t.Errorf("of a file that was cut off it has %v", got)
	}
	s, f = filled()
	f.sized = func() { // the answer is of before
		f.sized = nil
		if err := put(t, s, nil, 5000, 3); err != nil {
			t.Error(err)
		}
	}
	if got := has(s); got != [2]bool{true, true} {
		t.Errorf("while somebody writes it has %v", got)
	}
}

// Two readers learn that the file is lost, and between them somebody writes to the new one.
func TestALostFileIsMadeAnewOnce(t *testing.T) {
	s, f := opened(t)
	if err := put(t, s, nil, 5000, 1); err != nil {
		t.Fatal(err)
	}
	f.lost = true
	f.asked = func() { // the outer reader has asked; the inner one is the first to know
		f.asked = nil
		if bufs, err := s.Get(ctx, []driver.Range{{Key: 1, Size: 5000}}); err != nil || bufs[0] != nil {
			t.Error(err)
		}
		if err := put(t, s, nil, 5000, 2); err != nil {
			t.Error(err)
		}
		f.mu.Lock()
		f.tells = filestore.ErrLost // what the outer one is answered is of the file before
		f.mu.Unlock()
	}
	if bufs, err := s.Get(ctx, []driver.Range{{Key: 1, Size: 5000}}); err != nil || bufs[0] != nil {
		t.Error(err)
	}
	holds(t, s, 5000, 2)
	if f.open != 2 {
		t.Errorf("it was opened %d times", f.open)
	}
}
